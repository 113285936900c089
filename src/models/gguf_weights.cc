#include "models/gguf_weights.h"

#include <algorithm>
#include <array>

#include "tensor/dequantize.h"
#include "tensor/finite_check.h"

namespace rowmill {

size_t MetadataReader::Count(std::string_view key, size_t low, size_t high) const {
  const int64_t value = file_.GetInt(prefix_ + std::string(key));
  if (value < 0 || static_cast<uint64_t>(value) < low || static_cast<uint64_t>(value) > high) {
    Fail(key, "is " + std::to_string(value) + ", expected " + std::to_string(low) + " to " +
                  std::to_string(high));
  }
  return static_cast<size_t>(value);
}

size_t MetadataReader::CountOr(std::string_view key, size_t fallback, size_t low,
                               size_t high) const {
  return Has(key) ? Count(key, low, high) : fallback;
}

double MetadataReader::Number(std::string_view key, Range range) const {
  const double value = file_.GetFloat(prefix_ + std::string(key));
  if (!(value >= range.low && value <= range.high)) {
    Fail(key, "is " + std::to_string(value) + ", expected " + std::to_string(range.low) + " to " +
                  std::to_string(range.high));
  }
  return value;
}

double MetadataReader::NumberOr(std::string_view key, double fallback, Range range) const {
  return Has(key) ? Number(key, range) : fallback;
}

std::string MetadataReader::TextOr(std::string_view key, std::string_view fallback) const {
  return std::string(file_.FindString(prefix_ + std::string(key)).value_or(fallback));
}

void MetadataReader::Fail(std::string_view key, const std::string& problem) const {
  throw ModelError("model file '" + file_.name() + "': " + prefix_ + std::string(key) + " " +
                   problem);
}

size_t VocabularySize(const GgufFile& file, const std::string& embedding, size_t model_dim) {
  const TensorView* tensor = file.FindTensor(embedding);
  if (tensor == nullptr) {
    throw ModelError("model file '" + file.name() + "': tensor " + embedding + " is missing");
  }
  const size_t rows = tensor->shape.empty() ? 0 : static_cast<size_t>(tensor->shape[0]);
  const std::array<uint64_t, 2> shape = {rows, model_dim};
  file.GetTensor(embedding, shape);
  const auto* tokens = file.FindStrings("tokenizer.ggml.tokens");
  if (tokens != nullptr && tokens->size() != rows) {
    throw ModelError("model file '" + file.name() + "': " + embedding + " has " +
                     std::to_string(rows) + " rows but the tokeniser has " +
                     std::to_string(tokens->size()) + " tokens");
  }
  if (rows == 0) throw ModelError("model file '" + file.name() + "': " + embedding + " is empty");
  return rows;
}

const TensorView& WeightLoader::Checked(const std::string& name, std::span<const uint64_t> shape) {
  const TensorView& tensor = file_.GetTensor(name, shape);
  if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) return tensor;
  seen_.push_back(name);
  num_parameters_ += tensor.num_elements();
  if (const std::optional<uint64_t> row = FindNonFiniteRow(tensor)) {
    throw ModelError("model file '" + file_.name() + "': tensor " + name + ", row " +
                     std::to_string(*row) +
                     ", holds NaN or infinity; the file is damaged, download it again");
  }
  return tensor;
}

std::vector<float> WeightLoader::Vector(const std::string& name, size_t n) {
  const std::array<uint64_t, 1> shape = {n};
  std::vector<float> values(n);
  DequantizeRow(Checked(name, shape), 0, values);
  return values;
}

PackedWeights WeightLoader::Matrix(const std::string& name, size_t n, size_t k,
                                   std::span<const uint32_t> row_order) {
  const auto mode =
      numerics_ == Numerics::kF32 ? PackedWeights::Mode::kFloat : PackedWeights::Mode::kNative;
  return PackedWeights::Pack(View(name, n, k), mode, row_order, team_);
}

const TensorView& WeightLoader::View(const std::string& name, size_t n, size_t k) {
  const std::array<uint64_t, 2> shape = {n, k};
  return Checked(name, shape);
}

void WeightLoader::Refuse(const std::string& name, const std::string& reason) const {
  if (file_.FindTensor(name) != nullptr) {
    throw ModelError("model file '" + file_.name() + "': tensor " + name +
                     " is not supported: " + reason);
  }
}

}  // namespace rowmill
