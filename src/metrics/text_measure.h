// How good free text is, compared with a gold column: what a task hands out for --gold where its
// answers are no labels.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rowmill {

class TextMeasure {
 public:
  virtual ~TextMeasure() = default;

  // A row's answer (empty where it has none) and what it should have been. Counts only: the order
  // of rows does not matter, and memory does not grow with them.
  virtual void Add(std::string_view answer, std::string_view gold) = 0;
  // Names and values, as run.json and the summary show them.
  virtual std::vector<std::pair<std::string, double>> Report() const = 0;
};

}  // namespace rowmill
