// Spearman's rank correlation: how far two columns of numbers agree about the order, the measure of
// text similarity (STS-B). Equal to scipy.stats.spearmanr.
#pragma once

#include <optional>
#include <span>

namespace rowmill {

// Pearson's correlation of the ranks, equal values sharing their mean rank. Nothing where there are
// fewer than two pairs or a column is constant. Both of one length, no NaN.
std::optional<double> SpearmanCorrelation(std::span<const double> x, std::span<const double> y);

}  // namespace rowmill
