// What a config says about rotary positions, for every family that has them: base, linear scaling,
// and Llama 3's stretching of the slow frequencies.
//
// What it is not: the tables (ops/rope.h).
#pragma once

#include <cstddef>
#include <vector>

#include "models/config_reader.h"
#include "models/weight_loader.h"
#include "ops/rope.h"

namespace rowmill {

struct RotaryConfig {
  size_t rotary_dim = 0;        // rope.dimension_count, or the head's dimension
  double base = 10000.0;        // rope.freq_base
  double scale = 1.0;           // rope.scaling.factor where rope.scaling.type is linear
  std::vector<float> divisors;  // [rotary_dim / 2] or empty; of Llama 3 scaling

  // Throws ModelError where a value is out of range or the kind of scaling is not known.
  static RotaryConfig Read(const ConfigReader& read, size_t head_dim);
  // GGUF stores the divisors as a tensor. Takes them from there where it is.
  void ReadDivisors(WeightLoader& load);
  RopeTable MakeTable(size_t num_positions) const;
};

}  // namespace rowmill
