// Any bytes as a safetensors file. Accepted means safe to use: the tensors lie in the file one
// after another, and every row can be read; anything else is a ModelError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/error.h"
#include "formats/safetensors.h"
#include "tensor/dequantize.h"
#include "tensor/finite_check.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void UseAll(const rowmill::SafetensorsFile& file) {
  const std::byte* last = file.bytes().data();
  const std::byte* const end = last + file.bytes().size();
  std::vector<float> row;
  for (const rowmill::TensorView& tensor : file.tensors()) {
    Require(!tensor.bytes.empty() && tensor.bytes.data() >= last);
    last = tensor.bytes.data() + tensor.bytes.size();
    Require(last <= end);
    row.resize(tensor.cols());
    for (uint64_t i = 0; i < tensor.rows(); ++i) rowmill::DequantizeRow(tensor, i, row);
    rowmill::FindNonFiniteRow(tensor);
    Require(file.FindTensor(tensor.name) == &tensor);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    UseAll(rowmill::SafetensorsFile::Parse(std::as_bytes(std::span(data, size)), "fuzz"));
  } catch (const rowmill::ModelError&) {
  }
  return 0;
}
