// How good labels are, compared with a gold column: accuracy with its 95 % interval, precision,
// recall and F1 per class, macro F1, confusion matrix, calibration. Equal to scikit-learn to 1e-6.
//
// Counts only, so that memory does not grow with the rows; whole numbers throughout, so that units
// may be merged in any order and give the same bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace rowmill {

// One row's answer and what it should have been.
struct Judgement {
  // A gold value that is none of the labels. All such values count as one more class, which no
  // answer can hit.
  static constexpr uint32_t kOtherLabel = UINT32_MAX;
  // The row has no answer (it failed). Counts as wrong, as a prediction of no class.
  static constexpr uint32_t kNoAnswer = UINT32_MAX;

  uint32_t gold = kOtherLabel;
  uint32_t predicted = kNoAnswer;
  std::optional<double> confidence = std::nullopt;  // probability of the predicted label
};

struct ConfidenceInterval {
  double low = 0.0;
  double high = 1.0;
};

// Wilson's score interval for a share (J. Am. Stat. Assoc. 22, 1927) at 95 %. Unlike the normal
// approximation it is right for shares near 0 and 1 and for few rows. [0, 1] where total is 0.
ConfidenceInterval WilsonInterval(uint64_t successes, uint64_t total);

struct ClassScores {
  uint64_t support = 0;    // rows of this gold class
  uint64_t predicted = 0;  // rows with this answer
  uint64_t correct = 0;
  // 0 where undefined (0 / 0), as scikit-learn with zero_division=0.
  double precision = 0.0;
  double recall = 0.0;
  double f1 = 0.0;
};

// The rows whose confidence lies in one tenth of [0, 1].
struct CalibrationBin {
  uint64_t rows = 0;
  uint64_t correct = 0;
  double confidence = 0.0;  // the mean; 0 where there are no rows
};

struct ClassificationReport {
  uint64_t total = 0;
  uint64_t correct = 0;
  std::optional<double> accuracy;  // nothing where there are no rows
  ConfidenceInterval accuracy_interval;
  // The mean F1 of the classes that occur among golds or answers, which is scikit-learn's default;
  // other gold values count as one class of F1 0.
  std::optional<double> macro_f1;
  std::vector<ClassScores> classes;  // [num_labels]
  uint64_t other_gold_rows = 0;
  uint64_t unanswered_rows = 0;
  // Expected calibration error (Guo et al., arXiv:1706.04599): the mean distance between confidence
  // and accuracy over bins of confidence, weighted by rows. Nothing where no row has a confidence.
  std::optional<double> ece_10_bins;
  std::optional<double> ece_15_bins;
  std::vector<CalibrationBin> calibration;  // [10], by confidence
};

class ClassificationCounts {
 public:
  // Beyond so many labels there is no confusion matrix: it would take 8 MB and nobody could read
  // it.
  static constexpr size_t kMaxConfusionLabels = 1024;

  explicit ClassificationCounts(size_t num_labels);

  void Add(const Judgement& judgement);
  // Of the same number of labels.
  void Merge(const ClassificationCounts& other);

  size_t num_labels() const { return gold_.size() - 1; }
  bool has_confusion() const { return !confusion_.empty(); }
  // Rows of class `gold` that were answered `predicted`; num_labels() stands for kOtherLabel and
  // kNoAnswer.
  uint64_t Confusion(size_t gold, size_t predicted) const;
  ClassificationReport Report() const;

 private:
  struct Bin {
    uint64_t rows = 0;
    uint64_t correct = 0;
    // In units of 2^-30, rounded down: sums of whole numbers do not depend on the order of rows.
    // What is cut off is below 1e-9 a row, far from the 1e-6 that is promised.
    uint64_t confidence = 0;
  };

  size_t IndexOf(uint32_t label) const;

  // By label, then other golds or no answer.
  std::vector<uint64_t> gold_;
  std::vector<uint64_t> predicted_;
  std::vector<uint64_t> correct_;
  std::vector<uint64_t> confusion_;  // [num_labels + 1, num_labels + 1], gold by predicted
  std::array<Bin, 10> bins_10_;
  std::array<Bin, 15> bins_15_;
};

}  // namespace rowmill
