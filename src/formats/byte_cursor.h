// Reads little-endian fields one after the other out of a model file's bytes. Every read is checked
// against the bytes that are left before it happens; nothing is allocated.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rowmill {

static_assert(std::endian::native == std::endian::little,
              "weights are used in place, so the machine has to be little-endian");

class ByteCursor {
 public:
  // `file_name` is used in error texts and, like the bytes, has to outlive the cursor.
  ByteCursor(std::span<const std::byte> bytes, std::string_view file_name)
      : bytes_(bytes), file_name_(file_name) {}

  uint64_t offset() const { return offset_; }
  uint64_t remaining() const { return bytes_.size() - offset_; }

  // The next sizeof(T) bytes as a T; `what` names the field for the error of a file that ends here.
  template <typename T>
  T Read(std::string_view what) {
    Need(sizeof(T), what);
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }
  // A u64 length and that many bytes, as a view into the file.
  std::string_view ReadString(std::string_view what);

  // Throws ModelError: file, message, and the byte offset `at`.
  [[noreturn]] void Fail(const std::string& message, uint64_t at) const;
  [[noreturn]] void Fail(const std::string& message) const { Fail(message, offset_); }

 private:
  void Need(uint64_t num_bytes, std::string_view what) const;

  std::span<const std::byte> bytes_;
  std::string_view file_name_;
  uint64_t offset_ = 0;
};

}  // namespace rowmill
