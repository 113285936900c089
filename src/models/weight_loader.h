// Loads a family's weights from any container: checks shapes, types and that every number is
// finite, undoes what the container stores differently, and packs. Errors name the tensor as its
// container does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/model_source.h"
#include "models/model.h"
#include "ops/matmul.h"

namespace rowmill {

// How finely a matrix is computed with where the recipe int8 would round its weights and inputs to
// 8 bits. Other recipes take no notice.
enum class Precision : uint8_t {
  kAsRecipe,
  kTwoTerms,  // inputs in two terms of 8 bits
  kAsStored,  // neither is rounded
};

// Weight names are GGUF's, or the container's own where the family has no table of names. All
// failures are ModelErrors.
class WeightLoader {
 public:
  WeightLoader(const ModelSource& source, const LoadOptions& options, ThreadTeam& team)
      : source_(source), numerics_(options.numerics), cache_(options.packed_cache), team_(team) {}

  bool Has(const std::string& name) const { return source_.FindWeight(name).has_value(); }
  // A vector [n] as f32.
  std::vector<float> Vector(const std::string& name, size_t n);
  // The same, or empty where there is none.
  std::vector<float> VectorIfAny(const std::string& name, size_t n);
  // A matrix [n, k], packed. `row_order` as in PackedWeights::Pack.
  PackedWeights Matrix(const std::string& name, size_t n, size_t k,
                       std::span<const uint32_t> row_order = {});
  PackedWeights Matrix(const std::string& name, size_t n, size_t k, Precision precision);
  // Rows [rows.begin, rows.begin + rows.count) of a matrix [n, k], packed: where a container keeps
  // several matrices as one.
  struct Rows {
    size_t begin;
    size_t count;
  };
  PackedWeights MatrixRows(const std::string& name, size_t n, size_t k, Rows rows);
  // All values of a weight of any shape as f32, in the container's order.
  std::vector<float> Values(const std::string& name, std::vector<uint64_t> shape);
  // A matrix [n, k] that was computed from weights, packed as one of the container would be.
  PackedWeights PackValues(std::span<const float> values, size_t n, size_t k);
  // A convolution over time [n, channels, width] as the matrix [n, width * channels], packed: its
  // input is `width` frames of all channels, one behind the other.
  struct ConvolutionShape {
    size_t n, channels, width;
  };
  PackedWeights Convolution(const std::string& name, const ConvolutionShape& shape);
  // A matrix [n, k] as it lies in the container, which must store it as the family uses it.
  const TensorView& View(const std::string& name, size_t n, size_t k);
  // Throws ModelError where the container has this tensor: running without it would give wrong
  // answers.
  void Refuse(const std::string& name, const std::string& reason) const;

  size_t num_parameters() const { return num_parameters_; }
  Numerics numerics() const { return numerics_; }

 private:
  struct MatrixPart {
    size_t n, k;
    Rows rows;
    std::span<const uint32_t> row_order;
    Precision precision = Precision::kAsRecipe;
  };
  PackedWeights Pack(const std::string& name, const MatrixPart& part);
  // How a matrix is packed: the type that it has or is brought into, and the products' mode.
  struct Packing {
    DType dtype;
    PackedWeights::Mode mode;
  };
  Packing PackingOf(const TensorView& rows, Precision precision) const;
  PackedWeights PackRows(const TensorView& rows, std::span<const uint32_t> row_order,
                         Precision precision = Precision::kAsRecipe);
  enum class Numbers : uint8_t { kUnknown, kKnownFinite };
  // `shape` is the one that the family computes with.
  SourceWeight Checked(const std::string& name, std::vector<uint64_t> shape,
                       Numbers numbers = Numbers::kUnknown);
  [[noreturn]] void Fail(const std::string& name, const std::string& problem) const;

  const ModelSource& source_;
  Numerics numerics_;
  PackedCache* cache_;
  ThreadTeam& team_;
  std::vector<std::string> seen_;
  size_t num_parameters_ = 0;
};

}  // namespace rowmill
