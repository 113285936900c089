#include "text/jinja_source.h"

#include <algorithm>

#include "base/error.h"
#include "text/utf8.h"

namespace rowmill {

JinjaSource::JinjaSource(std::string_view text, std::string_view name) : name_(name) {
  if (text.size() > kMaxSize) {
    throw ModelError(name_ + ": the template has " + std::to_string(text.size()) +
                     " bytes; at most " + std::to_string(kMaxSize) + " are supported");
  }
  const size_t valid = ValidUtf8Prefix(text);
  if (valid != text.size()) {
    throw ModelError(name_ + ": the template is not valid UTF-8 at byte " + std::to_string(valid));
  }
  text_.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r') {
      text_ += text[at];
    } else if (text.substr(at, 2) != "\r\n") {
      text_ += '\n';
    }
  }
  if (text_.ends_with('\n')) text_.pop_back();
}

void JinjaSource::Fail(size_t offset, std::string_view message) const {
  throw ModelError(Locate(offset, message));
}

std::string JinjaSource::Locate(size_t offset, std::string_view message) const {
  size_t line = 1;
  size_t column = 1;
  for (const char c : std::string_view(text_).substr(0, std::min(offset, text_.size()))) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;  // once per character: bytes that continue one do not count
    }
  }
  return name_ + ", line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
         std::string(message);
}

}  // namespace rowmill
