#include "formats/byte_cursor.h"

namespace rowmill {

std::string_view ByteCursor::ReadString(std::string_view what) {
  const uint64_t start = offset_;
  const auto length = Read<uint64_t>(what);
  if (length > remaining()) {
    Fail("the " + std::string(what) + " claims " + std::to_string(length) + " bytes, but only " +
             std::to_string(remaining()) + " are left in the file",
         start);
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data() + offset_), length);
  offset_ += length;
  return text;
}

void ByteCursor::Fail(const std::string& message, uint64_t at) const {
  throw ModelError("model file '" + std::string(file_name_) + "': " + message + " (at byte " +
                   std::to_string(at) + ")");
}

void ByteCursor::Need(uint64_t num_bytes, std::string_view what) const {
  if (num_bytes > remaining()) {
    Fail("truncated header: the file ends inside the " + std::string(what) +
             "; download the file again",
         bytes_.size());
  }
}

}  // namespace rowmill
