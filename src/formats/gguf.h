// A GGUF v3 (and v2) file: metadata and views of its tensors. Hostile input is expected: every
// length is checked with overflow-checked arithmetic against the bytes that are left before
// anything is allocated, and whatever is wrong is a ModelError that names the byte offset, the key
// or the tensor.
//
// What it is not: it knows no architecture; models/ and text/ read what they need from it. It does
// not look at the weights themselves (tensor/finite_check.h does). Specification: ggml
// docs/gguf.md; rules and limits as in the header of gguf_parser.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/mapped_file.h"
#include "formats/name_index.h"
#include "tensor/tensor_view.h"

namespace rowmill {

// One metadata value. Integers of every width arrive as int64_t (u64 above 2^63-1 as uint64_t),
// f32 and f64 as double. Arrays of numbers keep their width.
struct GgufArray {
  uint32_t element_type = 0;  // GGUF value type id
  std::variant<std::vector<int64_t>, std::vector<double>, std::vector<std::string_view>> values;
};
using GgufValue = std::variant<int64_t, uint64_t, double, bool, std::string_view,
                               GgufArray>;  // views into the file

class GgufFile {
 public:
  // Maps and parses. Throws ModelError.
  static GgufFile Open(const std::string& path);
  // Parses bytes that the caller keeps alive (tests, fuzzing). `name` is used in error texts.
  static GgufFile Parse(std::span<const std::byte> bytes, const std::string& name);

  const std::string& name() const { return name_; }
  uint32_t version() const { return version_; }
  uint64_t alignment() const { return alignment_; }
  // Bytes after the last tensor and its padding. Not an error, but worth a warning: no writer makes
  // them.
  uint64_t trailing_bytes() const { return trailing_bytes_; }
  uint64_t file_size() const { return bytes_.size(); }
  std::span<const std::byte> bytes() const { return bytes_; }

  // Metadata. Find* give nullopt/nullptr where the key is missing and throw ModelError where it has
  // another type; Get* throw ModelError where it is missing too.
  const GgufValue* Find(std::string_view key) const;
  std::optional<int64_t> FindInt(std::string_view key) const;   // any integer width
  std::optional<double> FindFloat(std::string_view key) const;  // any number
  std::optional<bool> FindBool(std::string_view key) const;
  std::optional<std::string_view> FindString(std::string_view key) const;
  const std::vector<std::string_view>* FindStrings(std::string_view key) const;
  const std::vector<int64_t>* FindInts(std::string_view key) const;
  const std::vector<double>* FindFloats(std::string_view key) const;
  int64_t GetInt(std::string_view key) const;
  double GetFloat(std::string_view key) const;
  std::string_view GetString(std::string_view key) const;
  const std::vector<std::pair<std::string_view, GgufValue>>& metadata() const { return metadata_; }

  // Tensors, in file order.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  const TensorView* FindTensor(std::string_view tensor_name) const;
  // Throws ModelError where it is missing or its shape is not `shape` ([out, in]; leading axes of
  // length 1 count for nothing, since writers differ in how many they keep).
  const TensorView& GetTensor(std::string_view tensor_name, std::span<const uint64_t> shape) const;

 private:
  GgufFile() = default;
  void ParseBytes();
  [[noreturn]] void Fail(const std::string& message) const;

  std::string name_;
  std::unique_ptr<MappedFile> file_;  // null where the caller owns the bytes
  std::span<const std::byte> bytes_;
  uint32_t version_ = 0;
  uint64_t alignment_ = 0;
  uint64_t trailing_bytes_ = 0;
  std::vector<std::pair<std::string_view, GgufValue>> metadata_;  // file order
  std::vector<TensorView> tensors_;                               // file order
  NameIndex metadata_index_;
  NameIndex tensor_index_;
};

}  // namespace rowmill
