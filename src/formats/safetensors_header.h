// Reads the JSON header of a safetensors file. It takes the few shapes that a header may have and
// nothing else, straight from the parser's events: a tree of 100 MB of hostile JSON would take
// gigabytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rowmill {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;                      // in the order of the header
  std::vector<std::pair<std::string, std::string>> metadata;  // likewise
};

// Returns what is wrong with it in `problem`, empty where nothing is. Offsets and sizes are taken
// as they stand (formats/safetensors.cc checks them).
SafetensorsHeader ParseSafetensorsHeader(std::string_view json, std::string& problem);

}  // namespace rowmill
