// Writes the double array of a SentencePiece normaliser's table, for tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rowmill::testing {

// Puts each state's children at the first offset where all of them are free: slow and plain.
class CharacterMapBuilder {
 public:
  // `keys`: what is replaced, and by what.
  static std::string Build(const std::map<std::string, std::string>& keys) {
    CharacterMapBuilder builder;
    std::map<std::string, uint32_t> values;
    for (const auto& [key, replacement] : keys) {
      values[key] = static_cast<uint32_t>(builder.replacements_.size());
      builder.replacements_ += replacement + '\0';
    }
    builder.units_.resize(1 << 16);
    builder.used_.resize(builder.units_.size());
    builder.used_[0] = true;
    builder.Place(values, "", 0);
    std::string out;
    AppendU32(static_cast<uint32_t>(4 * builder.units_.size()), out);
    for (const uint32_t unit : builder.units_) AppendU32(unit, out);
    return out + builder.replacements_;
  }

 private:
  static void AppendU32(uint32_t value, std::string& out) {
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  }

  void Place(const std::map<std::string, uint32_t>& values, const std::string& prefix,
             uint32_t node) {
    std::vector<uint8_t> labels;
    for (const auto& [key, value] : values) {
      if (key.size() <= prefix.size() || !key.starts_with(prefix)) continue;
      const auto label = static_cast<uint8_t>(key[prefix.size()]);
      if (labels.empty() || labels.back() != label) labels.push_back(label);
    }
    const auto value = values.find(prefix);
    const bool has_value = value != values.end();
    uint32_t offset = 1;
    while (!IsFree(node ^ offset, labels)) ++offset;
    units_[node] |= offset << 10 | (has_value ? uint32_t{1} << 8 : 0);
    const uint32_t base = node ^ offset;
    used_[base] = true;
    if (has_value) units_[base] = value->second | uint32_t{1} << 31;
    for (const uint8_t label : labels) {
      used_[base ^ label] = true;
      units_[base ^ label] = label;
    }
    for (const uint8_t label : labels) {
      Place(values, prefix + static_cast<char>(label), base ^ label);
    }
  }

  bool IsFree(uint32_t base, const std::vector<uint8_t>& labels) const {
    if (used_[base]) return false;
    for (const uint8_t label : labels) {
      if (used_[base ^ label]) return false;
    }
    return true;
  }

  std::vector<uint32_t> units_;
  std::vector<bool> used_;
  std::string replacements_;
};

}  // namespace rowmill::testing
