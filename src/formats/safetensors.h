// A safetensors file: views of its tensors. Hostile input is expected; whatever is wrong is a
// ModelError that names the file and the tensor.
//
// What it is not: one file of a model may be one of several shards, and the config is another file
// (formats/hugging_face_folder.h). The weights themselves are not looked at.
//
// Layout: u64 little-endian length N of the header, N bytes of JSON, then the data. The header maps
// each tensor's name to {"dtype", "shape", "data_offsets": [begin, end)}, offsets counted from the
// start of the data, and "__metadata__" to an object of strings.
//
// Rules, all of them checked before anything of a claimed size is allocated:
//   - N is 2 to 100,000,000, lies within the file, and the header begins with '{'; spaces may
//   follow
//     it;
//   - at most 262,144 tensors; names 1 to 1,024 bytes, unique; at most 8 dimensions;
//   - nothing but the three fields in a tensor, each once;
//   - the data are covered by the tensors in any order, without gap and overlap, to the last byte;
//   - end - begin is the product of the shape times the size of the type, which fits 63 bits.
// The tensors of a type that no model here computes with (I64 indices, F8) and empty ones are known
// by name only, because files have them beside the weights.
//
// Specification: https://github.com/huggingface/safetensors, README and safetensors/src/tensor.rs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "formats/name_index.h"
#include "tensor/tensor_view.h"

namespace rowmill {

class SafetensorsFile {
 public:
  // Maps and parses. Throws ModelError.
  static SafetensorsFile Open(const std::string& path);
  // Parses bytes that the caller keeps alive (tests, fuzzing). `name` is used in error texts.
  static SafetensorsFile Parse(std::span<const std::byte> bytes, const std::string& name);

  const std::string& name() const { return name_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  // The texts of "__metadata__", sorted by name.
  const std::vector<std::pair<std::string, std::string>>& metadata() const { return metadata_; }

  // The tensors that can be computed with, in the order of their data.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  const TensorView* FindTensor(std::string_view tensor_name) const;
  // Why a tensor that is in the file cannot be computed with ("has type I64"); empty where it can
  // or is not in the file.
  std::string_view WhyUnusable(std::string_view tensor_name) const;

 private:
  SafetensorsFile() = default;
  void ParseBytes();

  std::string name_;
  std::unique_ptr<MappedFile> file_;  // null where the caller owns the bytes
  std::span<const std::byte> bytes_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::vector<TensorView> tensors_;
  std::vector<std::pair<std::string, std::string>> unusable_;  // name, reason; sorted by name
  NameIndex index_;                                            // of tensors_
};

}  // namespace rowmill
