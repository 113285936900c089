// A task that gives each row one of several labels, by a score for each: what is common to
// classification by a decoder (tasks/classify.h) and by an encoder (tasks/encoder_classify.h).
#pragma once

#include <vector>

#include "tasks/prompt_rows.h"
#include "tasks/task.h"

namespace rowmill {

class LabelTask : public OneInputTask {
 public:
  // One for each of labels(); their softmax is the labels' probabilities. Empty where the row has
  // no answer.
  virtual std::vector<double> LabelScores(const RowResult& result) const = 0;
  // How rows become prompts.
  virtual const PromptRows& prompt_rows() const = 0;
};

}  // namespace rowmill
