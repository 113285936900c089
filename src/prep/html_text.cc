#include "prep/html_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "data/utf8.h"
#include "prep/html_entities.h"

namespace rowmill {
namespace {

constexpr size_t kMaxTagBytes = 1024;
constexpr size_t kMaxEntityBytes = 32;

enum class TagKind : uint8_t {
  kInline,  // leaves nothing behind
  kBlock,   // separates lines
  kCell,    // separates words
  kHidden,  // its content is not for readers
};

struct Tag {
  std::string_view name;
  TagKind kind;
};

// The elements of HTML 5 and the presentational ones before it, sorted by name.
// clang-format off
constexpr std::array<Tag, 127> kTags = {{
  {"a", TagKind::kInline}, {"abbr", TagKind::kInline}, {"acronym", TagKind::kInline},
  {"address", TagKind::kBlock}, {"applet", TagKind::kInline}, {"area", TagKind::kInline},
  {"article", TagKind::kBlock}, {"aside", TagKind::kBlock}, {"audio", TagKind::kInline},
  {"b", TagKind::kInline}, {"base", TagKind::kInline}, {"basefont", TagKind::kInline},
  {"bdi", TagKind::kInline}, {"bdo", TagKind::kInline}, {"big", TagKind::kInline},
  {"blockquote", TagKind::kBlock}, {"body", TagKind::kBlock}, {"br", TagKind::kBlock},
  {"button", TagKind::kInline}, {"canvas", TagKind::kInline}, {"caption", TagKind::kBlock},
  {"center", TagKind::kBlock}, {"cite", TagKind::kInline}, {"code", TagKind::kInline},
  {"col", TagKind::kInline}, {"colgroup", TagKind::kInline}, {"data", TagKind::kInline},
  {"datalist", TagKind::kInline}, {"dd", TagKind::kBlock}, {"del", TagKind::kInline},
  {"details", TagKind::kBlock}, {"dfn", TagKind::kInline}, {"dialog", TagKind::kBlock},
  {"dir", TagKind::kBlock}, {"div", TagKind::kBlock}, {"dl", TagKind::kBlock},
  {"dt", TagKind::kBlock}, {"em", TagKind::kInline}, {"embed", TagKind::kInline},
  {"fieldset", TagKind::kBlock}, {"figcaption", TagKind::kBlock}, {"figure", TagKind::kBlock},
  {"font", TagKind::kInline}, {"footer", TagKind::kBlock}, {"form", TagKind::kBlock},
  {"frame", TagKind::kInline}, {"frameset", TagKind::kBlock}, {"h1", TagKind::kBlock},
  {"h2", TagKind::kBlock}, {"h3", TagKind::kBlock}, {"h4", TagKind::kBlock},
  {"h5", TagKind::kBlock}, {"h6", TagKind::kBlock}, {"head", TagKind::kBlock},
  {"header", TagKind::kBlock}, {"hr", TagKind::kBlock}, {"html", TagKind::kBlock},
  {"i", TagKind::kInline}, {"iframe", TagKind::kInline}, {"img", TagKind::kInline},
  {"input", TagKind::kInline}, {"ins", TagKind::kInline}, {"kbd", TagKind::kInline},
  {"label", TagKind::kInline}, {"legend", TagKind::kBlock}, {"li", TagKind::kBlock},
  {"link", TagKind::kInline}, {"main", TagKind::kBlock}, {"map", TagKind::kInline},
  {"mark", TagKind::kInline}, {"menu", TagKind::kBlock}, {"meta", TagKind::kInline},
  {"meter", TagKind::kInline}, {"nav", TagKind::kBlock}, {"nobr", TagKind::kInline},
  {"noframes", TagKind::kBlock}, {"noscript", TagKind::kBlock}, {"object", TagKind::kInline},
  {"ol", TagKind::kBlock}, {"optgroup", TagKind::kBlock}, {"option", TagKind::kBlock},
  {"output", TagKind::kInline}, {"p", TagKind::kBlock}, {"param", TagKind::kInline},
  {"picture", TagKind::kInline}, {"pre", TagKind::kBlock}, {"progress", TagKind::kInline},
  {"q", TagKind::kInline}, {"rp", TagKind::kInline}, {"rt", TagKind::kInline},
  {"ruby", TagKind::kInline}, {"s", TagKind::kInline}, {"samp", TagKind::kInline},
  {"script", TagKind::kHidden}, {"section", TagKind::kBlock}, {"select", TagKind::kInline},
  {"small", TagKind::kInline}, {"source", TagKind::kInline}, {"span", TagKind::kInline},
  {"strike", TagKind::kInline}, {"strong", TagKind::kInline}, {"style", TagKind::kHidden},
  {"sub", TagKind::kInline}, {"summary", TagKind::kBlock}, {"sup", TagKind::kInline},
  {"svg", TagKind::kInline}, {"table", TagKind::kBlock}, {"tbody", TagKind::kBlock},
  {"td", TagKind::kCell}, {"template", TagKind::kInline}, {"textarea", TagKind::kInline},
  {"tfoot", TagKind::kBlock}, {"th", TagKind::kCell}, {"thead", TagKind::kBlock},
  {"time", TagKind::kInline}, {"title", TagKind::kBlock}, {"tr", TagKind::kBlock},
  {"track", TagKind::kInline}, {"tt", TagKind::kInline}, {"u", TagKind::kInline},
  {"ul", TagKind::kBlock}, {"var", TagKind::kInline}, {"video", TagKind::kInline},
  {"wbr", TagKind::kInline},
}};
// clang-format on

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsLetter(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

const Tag* FindTag(std::string_view written) {
  std::array<char, 16> lowered;
  if (written.size() > lowered.size()) return nullptr;
  std::transform(written.begin(), written.end(), lowered.begin(), Lower);
  const std::string_view name(lowered.data(), written.size());
  const auto found =
      std::lower_bound(kTags.begin(), kTags.end(), name,
                       [](const Tag& tag, std::string_view wanted) { return tag.name < wanted; });
  return found != kTags.end() && found->name == name ? &*found : nullptr;
}

class Stripper {
 public:
  Stripper(std::string_view html, std::string& out) : html_(html), out_(out) {}

  void Run() {
    while (position_ < html_.size()) {
      const size_t special = std::min(html_.find_first_of("<&", position_), html_.size());
      out_.append(html_.substr(position_, special - position_));
      position_ = special;
      if (position_ == html_.size()) break;
      const bool taken = html_[position_] == '<' ? TakeMarkup() : TakeEntity();
      if (!taken) out_.push_back(html_[position_++]);
    }
  }

 private:
  // The byte behind the '>' that ends a tag whose inside begins at `i`, or nothing. A '>' in an
  // attribute's quotes does not end it, unless the quotes themselves never end.
  std::optional<size_t> TagEnd(size_t i) const {
    const std::string_view rest = html_.substr(i, kMaxTagBytes);
    char quote = '\0';
    for (size_t k = 0; k < rest.size(); ++k) {
      const char c = rest[k];
      if (quote != '\0') {
        if (c == quote) quote = '\0';
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        return i + k + 1;
      }
    }
    const size_t end = rest.find('>');
    return end == std::string_view::npos ? std::nullopt : std::optional<size_t>(i + end + 1);
  }

  bool TakeMarkup() {
    const std::string_view rest = html_.substr(position_);
    if (rest.starts_with("<!--")) return TakeComment();
    if (rest.size() > 2 && (rest[1] == '!' || rest[1] == '?') && IsLetter(rest[2])) {
      return TakeTo(TagEnd(position_ + 2));  // A document type or a processing instruction.
    }
    return TakeTag();
  }

  bool TakeTo(std::optional<size_t> end) {
    if (!end.has_value()) return false;
    position_ = *end;
    return true;
  }

  bool TakeComment() {
    // Looked for once: text with many beginnings and no end must not be searched again and again.
    if (comment_without_end_) return false;
    const size_t end = html_.find("-->", position_ + 4);
    comment_without_end_ = end == std::string_view::npos;
    if (!comment_without_end_) position_ = end + 3;
    return !comment_without_end_;
  }

  bool TakeTag() {
    size_t i = position_ + 1;
    const bool is_end_tag = i < html_.size() && html_[i] == '/';
    if (is_end_tag) ++i;
    const size_t name_begin = i;
    if (i == html_.size() || !IsLetter(html_[i])) return false;
    while (i < html_.size() && (IsLetter(html_[i]) || IsDigit(html_[i]))) ++i;
    if (i == html_.size() || (html_[i] != '>' && html_[i] != '/' && !IsSpace(html_[i]))) {
      return false;
    }
    const Tag* tag = FindTag(html_.substr(name_begin, i - name_begin));
    const std::optional<size_t> end = tag == nullptr ? std::nullopt : TagEnd(i);
    if (!end.has_value()) return false;
    position_ = *end;
    if (tag->kind == TagKind::kBlock) out_.push_back('\n');
    if (tag->kind == TagKind::kCell) out_.push_back(' ');
    if (tag->kind == TagKind::kHidden && !is_end_tag) SkipHidden(tag->name);
    return true;
  }

  // From behind <script> or <style> to its end tag, which the main loop then takes. Where there is
  // none the rest is text: better a script too many than a row without its words.
  void SkipHidden(std::string_view name) {
    bool& without_end = name == "script" ? script_without_end_ : style_without_end_;
    for (size_t i = position_; !without_end; ++i) {
      i = html_.find("</", i);
      if (i == std::string_view::npos) {
        without_end = true;
        return;
      }
      const std::string_view written = html_.substr(i + 2, name.size());
      if (std::equal(written.begin(), written.end(), name.begin(), name.end(),
                     [](char a, char b) { return Lower(a) == b; })) {
        position_ = i;
        return;
      }
    }
  }

  bool TakeEntity() {
    const std::string_view rest = html_.substr(position_ + 1, kMaxEntityBytes);
    const size_t end = rest.find(';');
    if (end == std::string_view::npos) return false;
    const std::optional<char32_t> character = EntityCharacter(rest.substr(0, end));
    if (!character.has_value()) return false;
    AppendCharacter(*character, out_);
    position_ += end + 2;
    return true;
  }

  std::string_view html_;
  std::string& out_;
  size_t position_ = 0;
  bool comment_without_end_ = false;
  bool script_without_end_ = false;
  bool style_without_end_ = false;
};

}  // namespace

void AppendHtmlText(std::string_view html, std::string& out) { Stripper(html, out).Run(); }

}  // namespace rowmill
