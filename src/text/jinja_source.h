// The text of a chat template, and positions in it for error texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rowmill {

class JinjaSource {
 public:
  // Templates of real models are at most some 30 KB.
  static constexpr size_t kMaxSize = size_t{1} << 20;

  // Line breaks of all kinds become "\n" and one at the end is dropped, as Jinja does. `name` is
  // what error texts call the template. Throws ModelError where the text is longer than kMaxSize or
  // not valid UTF-8.
  JinjaSource(std::string_view text, std::string_view name);

  std::string_view text() const { return text_; }
  const std::string& name() const { return name_; }

  // Throws ModelError: "NAME, line 3, column 14: MESSAGE". `offset` is a byte of text().
  [[noreturn]] void Fail(size_t offset, std::string_view message) const;
  // The same text without throwing.
  std::string Locate(size_t offset, std::string_view message) const;

 private:
  std::string text_;
  std::string name_;
};

}  // namespace rowmill
