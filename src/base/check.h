// CHECK(condition): our own invariants. A failure is a bug of ours, never the user's input; it
// throws InternalError (exit code 70) rather than aborting, so that the journal is closed in order
// and the job stays resumable. DCHECK is compiled in by the dev, debug and sanitizer presets only.
#pragma once

#include "base/error.h"

namespace rowmill {

// Throws InternalError with the place and the condition.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace rowmill

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) [[unlikely]]                            \
      ::rowmill::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#ifdef ROWMILL_DCHECKS
#define DCHECK(condition) CHECK(condition)
#else
#define DCHECK(condition) \
  do {                    \
  } while (false)
#endif
