#include "base/aligned_buffer.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace rowmill {

// mmap rather than malloc: pages come zeroed and are first touched by the thread that uses them,
// and freed memory goes back to the system at once, which keeps the memory promise honest.
AlignedBytes::AlignedBytes(size_t num_bytes) : size_(num_bytes) {
  if (num_bytes == 0) return;
  void* memory =
      mmap(nullptr, num_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    size_ = 0;
    throw ResourceError("cannot get " + std::to_string(num_bytes) +
                        " bytes of memory: " + std::strerror(errno) +
                        "; use a smaller model, fewer --units or a smaller --batch-tokens");
  }
  constexpr size_t kHugePage = size_t{2} << 20;
  if (num_bytes >= kHugePage)
    madvise(memory, num_bytes, MADV_HUGEPAGE);  // A hint; failure is fine.
  data_ = static_cast<std::byte*>(memory);
}

AlignedBytes::~AlignedBytes() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace rowmill
