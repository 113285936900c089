#include "text/unicode_nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

constexpr auto kDecompose = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
constexpr auto kCompose = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);

int CombiningClass(int32_t c) { return utf8proc_get_property(c)->combining_class; }

// Everything below U+0300 is its own NFC and no mark; those are the leads below 0xCC.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<uint8_t>(c) < 0xCC; });
}

void Decompose(std::string_view text, std::vector<int32_t>& out) {
  while (!text.empty()) {
    const DecodedChar decoded = DecodeUtf8(text);
    text.remove_prefix(decoded.num_bytes);
    const auto c = static_cast<int32_t>(decoded.code_point);
    // The longest canonical decomposition of one character has four parts.
    std::array<int32_t, 8> parts;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(c, parts.data(), parts.size(), kDecompose, nullptr);
    CHECK(count > 0 && static_cast<size_t>(count) <= parts.size());
    out.insert(out.end(), parts.begin(), parts.begin() + count);
  }
}

// The canonical ordering algorithm: each run of marks in the order of their classes, equal ones as
// they stood. The keys carry the position, which makes any sort a stable one.
void OrderMarks(std::vector<int32_t>& characters) {
  const auto is_starter = [](int32_t c) { return CombiningClass(c) == 0; };
  std::vector<uint64_t> keys;
  std::vector<int32_t> ordered;
  auto run = characters.begin();
  while (run != characters.end()) {
    run = std::find_if_not(run, characters.end(), is_starter);
    const auto end = std::find_if(run, characters.end(), is_starter);
    keys.clear();
    for (auto mark = run; mark != end; ++mark) {
      keys.push_back(static_cast<uint64_t>(CombiningClass(*mark)) << 56 |
                     static_cast<uint64_t>(mark - run));
    }
    std::sort(keys.begin(), keys.end());
    ordered.clear();
    for (const uint64_t key : keys) {
      ordered.push_back(run[static_cast<std::ptrdiff_t>(key & ((uint64_t{1} << 56) - 1))]);
    }
    std::copy(ordered.begin(), ordered.end(), run);
    run = end;
  }
}

}  // namespace

void AppendNfc(std::string_view text, std::string& out) {
  if (IsPlain(text)) {
    out.append(text);
    return;
  }
  std::vector<int32_t> characters;
  Decompose(text, characters);
  OrderMarks(characters);
  const utf8proc_ssize_t count = utf8proc_normalize_utf32(
      characters.data(), static_cast<utf8proc_ssize_t>(characters.size()), kCompose);
  CHECK(count >= 0 && static_cast<size_t>(count) <= characters.size());
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    AppendUtf8(static_cast<uint32_t>(characters[static_cast<size_t>(i)]), out);
  }
}

}  // namespace rowmill
