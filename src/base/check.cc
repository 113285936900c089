#include "base/check.h"

#include <string>

namespace rowmill {

void CheckFailed(const char* file, int line, const char* condition) {
  throw InternalError(std::string("internal error at ") + file + ":" + std::to_string(line) + ": " +
                      condition + " does not hold; please report it with the command that was run");
}

}  // namespace rowmill
