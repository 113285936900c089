// The two layers that encoders and encoder-decoders are made of: a matrix with a bias, and the
// weights of a layer norm.
#pragma once

#include <string>
#include <vector>

#include "models/weight_loader.h"
#include "ops/matmul.h"

namespace rowmill {

struct LinearLayer {
  PackedWeights weight;     // [N, K]
  std::vector<float> bias;  // [N], or empty: none

  size_t bytes() const { return weight.bytes() + bias.size() * sizeof(float); }
};

struct LayerNormWeights {
  std::vector<float> weight;  // [D]
  std::vector<float> bias;    // [D]
};

// NAME.weight [n, k] and NAME.bias [n].
LinearLayer LoadLinear(WeightLoader& load, const std::string& name, size_t n, size_t k,
                       Precision precision = Precision::kAsRecipe);
LinearLayer LoadLinearWithoutBias(WeightLoader& load, const std::string& name, size_t n, size_t k);
LayerNormWeights LoadLayerNorm(WeightLoader& load, const std::string& name, size_t n);

// y[M, N] = X W^T + b; M rows are those of the input.
void ApplyLinear(const kernels::KernelTable& kernels, const LinearLayer& layer, MatMulInput& input,
                 float* y);
// y[M, N] = y + X W^T + b
void AddLinear(const kernels::KernelTable& kernels, const LinearLayer& layer, MatMulInput& input,
               float* y);

}  // namespace rowmill
