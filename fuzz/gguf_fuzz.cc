// Any bytes as a GGUF file. Accepted means safe to use: every tensor lies in the file, none
// overlaps another, and every row can be dequantised; anything else is a ModelError.
//
// Seeds: files of tools/make_tiny_model.py with --dim 32 --heads 1 --kv-heads 1 --ffn 32 --vocab
// 259.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/gguf.h"
#include "tensor/dequantize.h"
#include "tensor/finite_check.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void UseAll(const rowmill::GgufFile& file) {
  const std::byte* const begin = file.bytes().data();
  const std::byte* const end = begin + file.bytes().size();
  std::vector<std::pair<const std::byte*, const std::byte*>> ranges;
  std::vector<float> row;
  for (const rowmill::TensorView& tensor : file.tensors()) {
    const std::byte* const from = tensor.bytes.data();
    const std::byte* const to = from + tensor.bytes.size();
    Require(!tensor.bytes.empty() && from >= begin && to <= end);
    ranges.emplace_back(from, to);
    row.resize(tensor.cols());
    for (uint64_t i = 0; i < tensor.rows(); ++i) rowmill::DequantizeRow(tensor, i, row);
    rowmill::FindNonFiniteRow(tensor);
    Require(file.FindTensor(tensor.name) == &tensor);
  }
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i) Require(ranges[i - 1].second <= ranges[i].first);
  for (const auto& [key, value] : file.metadata()) Require(file.Find(key) == &value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    UseAll(rowmill::GgufFile::Parse(std::as_bytes(std::span(data, size)), "fuzz"));
  } catch (const rowmill::ModelError&) {
  }
  return 0;
}
