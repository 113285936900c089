#include "models/linear_layer.h"

namespace rowmill {

LinearLayer LoadLinear(WeightLoader& load, const std::string& name, size_t n, size_t k,
                       Precision precision) {
  return {load.Matrix(name + ".weight", n, k, precision), load.Vector(name + ".bias", n)};
}

LinearLayer LoadLinearWithoutBias(WeightLoader& load, const std::string& name, size_t n, size_t k) {
  return {load.Matrix(name + ".weight", n, k), {}};
}

LayerNormWeights LoadLayerNorm(WeightLoader& load, const std::string& name, size_t n) {
  return {load.Vector(name + ".weight", n), load.Vector(name + ".bias", n)};
}

namespace {

void Run(const kernels::KernelTable& kernels, const LinearLayer& layer, MatMulInput& input,
         float* y, kernels::Store store) {
  const size_t n = layer.weight.n();
  input.Multiply(layer.weight, y, n, store);
  if (!layer.bias.empty()) kernels.add_bias(y, layer.bias.data(), input.num_rows(), n);
}

}  // namespace

void ApplyLinear(const kernels::KernelTable& kernels, const LinearLayer& layer, MatMulInput& input,
                 float* y) {
  Run(kernels, layer, input, y, kernels::Store::kAssign);
}

void AddLinear(const kernels::KernelTable& kernels, const LinearLayer& layer, MatMulInput& input,
               float* y) {
  Run(kernels, layer, input, y, kernels::Store::kAdd);
}

}  // namespace rowmill
