// Builds GGUF files byte by byte for tests, right ones as well as wrong ones: every count, length,
// type and offset may be given a value that no writer would choose.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "formats/gguf.h"

namespace rowmill {

// The bytes of a number, little-endian.
template <typename T>
std::string Le(T value) {
  std::string out(sizeof(T), '\0');
  std::memcpy(out.data(), &value, sizeof(T));
  return out;
}
// A GGUF string: u64 length and bytes.
inline std::string GgufText(std::string_view text) {
  return Le(uint64_t{text.size()}) + std::string(text);
}
// The value of an array: element type, length, elements.
inline std::string GgufItems(uint32_t element_type, uint64_t count, std::string_view elements) {
  return Le(element_type) + Le(count) + std::string(elements);
}

class GgufBuilder {
 public:
  uint32_t version = 3;
  std::optional<uint64_t> num_keys;     // in place of the real number
  std::optional<uint64_t> num_tensors;  // in place of the real number
  uint64_t alignment = 32;              // used for padding; not written as a key

  // A metadata key with the bytes of its value.
  GgufBuilder& Key(std::string_view key, uint32_t value_type, std::string_view value) {
    keys_.push_back(GgufText(key) + Le(value_type) + std::string(value));
    return *this;
  }
  GgufBuilder& Uint32(std::string_view key, uint32_t value) { return Key(key, 4, Le(value)); }
  GgufBuilder& String(std::string_view key, std::string_view value) {
    return Key(key, 8, GgufText(value));
  }
  // Any bytes in the place of a key and its value.
  GgufBuilder& RawKey(std::string bytes) {
    keys_.push_back(std::move(bytes));
    return *this;
  }
  // A tensor after the ones before it. dims: row length first.
  GgufBuilder& Tensor(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                      std::string_view content) {
    TensorAt(name, dims, type, data_.size());
    data_ += content;
    data_.resize((data_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  // Only the description, with any offset.
  GgufBuilder& TensorAt(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                        uint64_t offset) {
    std::string info = GgufText(name) + Le(static_cast<uint32_t>(dims.size()));
    for (const uint64_t length : dims) info += Le(length);
    return RawTensor(info + Le(type) + Le(offset));
  }
  GgufBuilder& RawTensor(std::string bytes) {
    tensors_.push_back(std::move(bytes));
    return *this;
  }
  // Data that no tensor needs to claim.
  GgufBuilder& Data(std::string_view bytes) {
    data_ += bytes;
    return *this;
  }

  std::string Header() const {
    std::string out = "GGUF" + Le(version) + Le(num_tensors.value_or(tensors_.size())) +
                      Le(num_keys.value_or(keys_.size()));
    for (const std::string& key : keys_) out += key;
    for (const std::string& tensor : tensors_) out += tensor;
    return out;
  }
  std::string Build() const {
    std::string out = Header();
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out + data_;
  }

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> tensors_;
  std::string data_;
};

// Parses; `bytes` has to outlive the result.
inline GgufFile ParseText(const std::string& bytes) {
  return GgufFile::Parse(AsBytes(bytes), "t.gguf");
}

// The message of the ModelError that parsing gives; empty where the file is accepted. Any other
// exception fails the test.
inline std::string ParseFailure(const std::string& bytes) {
  try {
    ParseText(bytes);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

// A small file with every kind of value and three tensors, one of them quantised.
inline GgufBuilder SmallFile() {
  GgufBuilder builder;
  builder.String("general.architecture", "llama").Uint32("general.alignment", 32);
  builder.Key("a.u64", 10, Le(uint64_t{7})).Key("a.f32", 6, Le(1.5F)).Key("a.bool", 7, "\x01");
  builder.Key("a.strings", 9, GgufItems(8, 2, GgufText("ab") + GgufText("")));
  builder.Key("a.ints", 9, GgufItems(5, 3, Le(int32_t{1}) + Le(int32_t{-2}) + Le(int32_t{3})));
  builder.Tensor("norm", {4}, 0, Le(1.0F) + Le(2.0F) + Le(3.0F) + Le(4.0F));
  builder.Tensor("w", {32, 2}, 8, std::string(68, '\x11'));
  builder.Tensor("h", {3, 5}, 1, std::string(30, '\x21'));
  return builder;
}

}  // namespace rowmill
