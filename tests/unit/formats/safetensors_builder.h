// Builds safetensors files for tests, right ones as well as wrong ones: the header is a text that
// may say anything.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "formats/safetensors.h"

namespace rowmill {

inline std::string SafetensorsBytes(std::string_view header, std::string_view data) {
  const uint64_t size = header.size();
  std::string out(sizeof(size), '\0');
  std::memcpy(out.data(), &size, sizeof(size));
  return out.append(header).append(data);
}

// {"dtype":...}, the value of one entry.
inline std::string SafetensorsEntryText(std::string_view dtype, std::string_view shape,
                                        uint64_t begin, uint64_t end) {
  return R"({"dtype":")" + std::string(dtype) + R"(","shape":)" + std::string(shape) +
         R"(,"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

// Two matrices, a vector, an index of 64-bit integers and an empty tensor; 52 bytes of data.
inline std::string SmallSafetensors() {
  const std::string header = R"({"__metadata__":{"format":"pt"},"b":)" +
                             SafetensorsEntryText("F32", "[2,3]", 0, 24) + R"(,"a":)" +
                             SafetensorsEntryText("BF16", "[2,2]", 24, 32) + R"(,"v":)" +
                             SafetensorsEntryText("F16", "[2]", 32, 36) + R"(,"ids":)" +
                             SafetensorsEntryText("I64", "[2]", 36, 52) + R"(,"none":)" +
                             SafetensorsEntryText("F32", "[0,7]", 52, 52) + "}   ";
  return SafetensorsBytes(header, std::string(52, '\x21'));
}

// Parses; `bytes` has to outlive the result.
inline SafetensorsFile ParseSafetensors(const std::string& bytes) {
  return SafetensorsFile::Parse(AsBytes(bytes), "t.safetensors");
}

// The message of the ModelError that parsing gives; empty where the file is accepted.
inline std::string SafetensorsFailure(const std::string& bytes) {
  try {
    ParseSafetensors(bytes);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

}  // namespace rowmill
