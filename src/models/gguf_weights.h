// What every family needs to read its config and weights from a GGUF file, with errors that name
// the key or the tensor, what was found and what was expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf.h"
#include "models/model.h"
#include "ops/matmul.h"

namespace rowmill {

// Reads `<architecture>.<key>` with range checks. All failures are ModelErrors.
class MetadataReader {
 public:
  struct Range {
    double low;
    double high;
  };

  MetadataReader(const GgufFile& file, std::string_view architecture)
      : file_(file), prefix_(std::string(architecture) + ".") {}

  bool Has(std::string_view key) const { return file_.Find(prefix_ + std::string(key)) != nullptr; }
  size_t Count(std::string_view key, size_t low, size_t high) const;
  size_t CountOr(std::string_view key, size_t fallback, size_t low, size_t high) const;
  double Number(std::string_view key, Range range) const;
  double NumberOr(std::string_view key, double fallback, Range range) const;
  std::string TextOr(std::string_view key, std::string_view fallback) const;
  [[noreturn]] void Fail(std::string_view key, const std::string& problem) const;

 private:
  const GgufFile& file_;
  std::string prefix_;
};

// Rows of the embedding matrix [V, model_dim]; checks them against the tokeniser's list where the
// file has one.
size_t VocabularySize(const GgufFile& file, const std::string& embedding, size_t model_dim);

// Packs a file's tensors, counting parameters, and refuses weights that are not finite.
class WeightLoader {
 public:
  WeightLoader(const GgufFile& file, Numerics numerics, ThreadTeam& team)
      : file_(file), numerics_(numerics), team_(team) {}

  // A vector [n] as f32.
  std::vector<float> Vector(const std::string& name, size_t n);
  // A matrix [n, k], packed. `row_order` as in PackedWeights::Pack.
  PackedWeights Matrix(const std::string& name, size_t n, size_t k,
                       std::span<const uint32_t> row_order = {});
  // A matrix [n, k] as it lies in the file.
  const TensorView& View(const std::string& name, size_t n, size_t k);
  // Throws ModelError where the file has this tensor: running without it would give wrong answers.
  void Refuse(const std::string& name, const std::string& reason) const;

  size_t num_parameters() const { return num_parameters_; }

 private:
  const TensorView& Checked(const std::string& name, std::span<const uint64_t> shape);

  const GgufFile& file_;
  Numerics numerics_;
  ThreadTeam& team_;
  std::vector<std::string> seen_;
  size_t num_parameters_ = 0;
};

}  // namespace rowmill
