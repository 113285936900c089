#include "decode/linear_head.h"

#include <algorithm>

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {

std::vector<double> LinearHead::Logits(std::span<const float> x) const {
  CHECK(x.size() == dim && weights.size() == num_labels * dim && bias.size() == num_labels);
  std::vector<double> logits(bias);
  for (size_t label = 0; label < num_labels; ++label) {
    const double* row = weights.data() + label * dim;
    double sum = 0.0;
    for (size_t i = 0; i < dim; ++i) sum += row[i] * static_cast<double>(x[i]);
    logits[label] += sum;
  }
  return logits;
}

std::vector<double> LogSoftmax(std::span<const double> logits) {
  CHECK(!logits.empty());
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const double logit : logits) {
    if (logit - largest > -700.0) sum += RealExp(logit - largest);
  }
  const double log_sum = largest + RealLog(sum);
  std::vector<double> out(logits.begin(), logits.end());
  for (double& value : out) value -= log_sum;
  return out;
}

std::vector<double> LinearHead::LogProbabilities(std::span<const float> x) const {
  return LogSoftmax(Logits(x));
}

}  // namespace rowmill
