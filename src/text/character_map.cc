#include "text/character_map.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

// Keys of published tables are a few characters long; a damaged trie must not be walked forever.
constexpr size_t kMaxKeyBytes = 256;

uint32_t Label(uint32_t unit) { return unit & (uint32_t{1} << 31 | 0xFF); }
bool HasValue(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t Value(uint32_t unit) { return unit & ~(uint32_t{1} << 31); }
uint32_t Offset(uint32_t unit) { return unit >> 10 << ((unit & uint32_t{1} << 9) >> 6); }

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

[[noreturn]] void Fail(const std::string& source, const std::string& what) {
  throw ModelError(source + ": the normaliser's table precompiled_charsmap " + what +
                   "; the file is damaged or was converted wrongly, get it again");
}

}  // namespace

CharacterMap CharacterMap::Parse(const std::string& source, std::string_view bytes) {
  CharacterMap map;
  if (bytes.empty()) return map;
  uint32_t trie_bytes = 0;
  if (bytes.size() < sizeof(trie_bytes)) Fail(source, "is cut within its first four bytes");
  for (size_t i = 0; i < sizeof(trie_bytes); ++i) {
    trie_bytes |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  bytes.remove_prefix(sizeof(trie_bytes));
  if (trie_bytes > bytes.size() || trie_bytes % sizeof(uint32_t) != 0 || trie_bytes == 0) {
    Fail(source, "has " + std::to_string(bytes.size() + sizeof(trie_bytes)) +
                     " bytes, but declares a trie of " + std::to_string(trie_bytes));
  }
  map.units_.resize(trie_bytes / sizeof(uint32_t));
  for (size_t i = 0; i < trie_bytes; ++i) {
    map.units_[i / 4] |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (8 * (i % 4));
  }
  map.replacements_ = bytes.substr(trie_bytes);
  if (map.replacements_.empty() || map.replacements_.back() != '\0') {
    Fail(source, "does not end its last replacement");
  }
  const size_t valid = ValidUtf8Prefix(map.replacements_);
  if (valid != map.replacements_.size()) {
    Fail(source, "is not valid UTF-8 at byte " + std::to_string(valid) + " of its replacements");
  }
  return map;
}

CharacterMap::Replacement CharacterMap::First(std::string_view text) const {
  std::optional<size_t> found;
  size_t found_bytes = 0;
  size_t node = units_.empty() ? 0 : Offset(units_[0]);
  const size_t limit = units_.empty() ? 0 : std::min(text.size(), kMaxKeyBytes);
  for (size_t i = 0; i < limit; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    node ^= byte;
    if (node >= units_.size() || Label(units_[node]) != byte) break;
    const uint32_t unit = units_[node];
    node ^= Offset(unit);
    if (node >= units_.size()) break;
    // A replacement may only stand for whole characters, and has to be one.
    if (HasValue(unit) && (i + 1 == text.size() || !IsContinuation(text[i + 1]))) {
      const size_t place = Value(units_[node]);
      if (place < replacements_.size() && !IsContinuation(replacements_[place])) {
        found = place;
        found_bytes = i + 1;
      }
    }
  }
  // The last byte is NUL, so every replacement ends.
  if (found) return {replacements_.data() + *found, found_bytes};
  const size_t size = DecodeUtf8(text).num_bytes;
  return {text.substr(0, size), size};
}

}  // namespace rowmill
