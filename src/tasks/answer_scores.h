// How well a short answer agrees with the right ones, as SQuAD defines it (Rajpurkar et al.,
// arXiv:1606.05250, and its script evaluate-v1.1.py): exact match and F1 over words, both after
// lower case, without ASCII punctuation and the articles a, an and the; of several right answers
// the one that agrees best counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/record.h"
#include "tasks/gold_measure.h"

namespace rowmill {

// `text` is valid UTF-8. Words by single spaces.
std::string NormalizeAnswer(std::string_view text);

struct AnswerScore {
  double exact_match = 0.0;  // 0 or 1
  double f1 = 0.0;
};
// Zeros where there is no right answer.
AnswerScore ScoreAnswer(std::string_view answer, std::span<const std::string> gold);

// The right answers that a field holds: a JSON list of them, or the text itself. Empty for null.
std::vector<std::string> GoldAnswers(const FieldValue& field);

// `exact_match` and `f1` of a task's first column, rows without an answer included as zeros.
class AnswerMeasure : public GoldMeasure {
 public:
  explicit AnswerMeasure(std::string gold_column) : gold_column_(std::move(gold_column)) {}

  void Add(const Record& record, std::span<const Cell> cells) override;
  std::vector<std::pair<std::string, double>> Values() const override;
  uint64_t num_rows() const override { return num_rows_; }

 private:
  std::string gold_column_;
  uint64_t num_rows_ = 0;
  uint64_t num_exact_ = 0;
  double sum_f1_ = 0.0;
};

}  // namespace rowmill
