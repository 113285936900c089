#include "metrics/classification.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/check.h"

namespace rowmill {
namespace {

constexpr double kConfidenceUnit = 1073741824.0;  // 2^30

double Ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// The bin (i / n, (i + 1) / n] that holds the confidence; 0 is in the first. Edges are computed as
// numpy.linspace does, so that a confidence on an edge goes where scikit-learn puts it.
size_t BinOf(double confidence, size_t num_bins) {
  const double step = 1.0 / static_cast<double>(num_bins);
  size_t bin = 0;
  while (bin + 1 < num_bins && static_cast<double>(bin + 1) * step < confidence) ++bin;
  return bin;
}

template <typename Bin>
std::optional<double> CalibrationError(std::span<const Bin> bins) {
  uint64_t rows = 0;
  double weighted = 0.0;
  for (const Bin& bin : bins) {
    rows += bin.rows;
    // |accuracy - mean confidence| * rows of the bin
    const double confidence = static_cast<double>(bin.confidence) / kConfidenceUnit;
    weighted += std::abs(static_cast<double>(bin.correct) - confidence);
  }
  if (rows == 0) return std::nullopt;
  return weighted / static_cast<double>(rows);
}

void AddTo(std::vector<uint64_t>& sums, const std::vector<uint64_t>& counts) {
  for (size_t i = 0; i < sums.size(); ++i) sums[i] += counts[i];
}

}  // namespace

ConfidenceInterval WilsonInterval(uint64_t successes, uint64_t total) {
  CHECK(successes <= total);
  if (total == 0) return {};
  constexpr double kZ = 1.959963984540054;  // the 97.5 % quantile of the normal distribution
  const auto n = static_cast<double>(total);
  const double share = static_cast<double>(successes) / n;
  const double scale = 1.0 / (1.0 + kZ * kZ / n);
  const double center = scale * (share + kZ * kZ / (2.0 * n));
  const double half = scale * kZ * std::sqrt(share * (1.0 - share) / n + kZ * kZ / (4.0 * n * n));
  // At the ends the interval reaches 0 or 1 exactly; rounding must not carry it beyond or short.
  return {.low = successes == 0 ? 0.0 : std::max(0.0, center - half),
          .high = successes == total ? 1.0 : std::min(1.0, center + half)};
}

ClassificationCounts::ClassificationCounts(size_t num_labels)
    : gold_(num_labels + 1),
      predicted_(num_labels + 1),
      correct_(num_labels),
      confusion_(num_labels > kMaxConfusionLabels ? 0 : (num_labels + 1) * (num_labels + 1)) {}

size_t ClassificationCounts::IndexOf(uint32_t label) const {
  static_assert(Judgement::kOtherLabel == Judgement::kNoAnswer);
  if (label == Judgement::kOtherLabel) return num_labels();
  CHECK(label < num_labels());
  return label;
}

void ClassificationCounts::Add(const Judgement& judgement) {
  const size_t gold = IndexOf(judgement.gold);
  const size_t predicted = IndexOf(judgement.predicted);
  const bool correct = gold == predicted && gold < num_labels();
  ++gold_[gold];
  ++predicted_[predicted];
  if (correct) ++correct_[gold];
  if (has_confusion()) ++confusion_[gold * (num_labels() + 1) + predicted];
  if (!judgement.confidence.has_value()) return;
  const double confidence = *judgement.confidence;
  CHECK(confidence >= 0.0 && confidence <= 1.0 + 1e-9);  // false for NaN, too
  const auto units = static_cast<uint64_t>(std::min(confidence, 1.0) * kConfidenceUnit);
  const auto add = [&](Bin& bin) {
    ++bin.rows;
    bin.correct += correct ? 1 : 0;
    bin.confidence += units;
  };
  add(bins_10_[BinOf(confidence, bins_10_.size())]);
  add(bins_15_[BinOf(confidence, bins_15_.size())]);
}

void ClassificationCounts::Merge(const ClassificationCounts& other) {
  CHECK(other.num_labels() == num_labels());
  AddTo(gold_, other.gold_);
  AddTo(predicted_, other.predicted_);
  AddTo(correct_, other.correct_);
  AddTo(confusion_, other.confusion_);
  const auto add_bins = [](auto& bins, const auto& others) {
    for (size_t i = 0; i < bins.size(); ++i) {
      bins[i].rows += others[i].rows;
      bins[i].correct += others[i].correct;
      bins[i].confidence += others[i].confidence;
    }
  };
  add_bins(bins_10_, other.bins_10_);
  add_bins(bins_15_, other.bins_15_);
}

uint64_t ClassificationCounts::Confusion(size_t gold, size_t predicted) const {
  CHECK(has_confusion() && gold <= num_labels() && predicted <= num_labels());
  return confusion_[gold * (num_labels() + 1) + predicted];
}

ClassificationReport ClassificationCounts::Report() const {
  ClassificationReport report;
  report.other_gold_rows = gold_[num_labels()];
  report.unanswered_rows = predicted_[num_labels()];
  report.total = report.other_gold_rows;
  double f1_sum = 0.0;
  uint64_t num_classes = report.other_gold_rows > 0 ? 1 : 0;
  for (size_t label = 0; label < num_labels(); ++label) {
    ClassScores scores = {
        .support = gold_[label], .predicted = predicted_[label], .correct = correct_[label]};
    scores.precision = Ratio(scores.correct, scores.predicted);
    scores.recall = Ratio(scores.correct, scores.support);
    // 2PR / (P + R), without its 0 / 0.
    scores.f1 = Ratio(2 * scores.correct, scores.support + scores.predicted);
    report.total += scores.support;
    report.correct += scores.correct;
    if (scores.support + scores.predicted > 0) {
      ++num_classes;
      f1_sum += scores.f1;
    }
    report.classes.push_back(scores);
  }
  if (report.total > 0) {
    report.accuracy = Ratio(report.correct, report.total);
    report.accuracy_interval = WilsonInterval(report.correct, report.total);
    report.macro_f1 = f1_sum / static_cast<double>(num_classes);
  }
  report.ece_10_bins = CalibrationError(std::span<const Bin>(bins_10_));
  report.ece_15_bins = CalibrationError(std::span<const Bin>(bins_15_));
  for (const Bin& bin : bins_10_) {
    CalibrationBin calibration{.rows = bin.rows, .correct = bin.correct};
    if (bin.rows > 0) {
      calibration.confidence =
          static_cast<double>(bin.confidence) / kConfidenceUnit / static_cast<double>(bin.rows);
    }
    report.calibration.push_back(calibration);
  }
  return report;
}

}  // namespace rowmill
