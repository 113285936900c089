// Classification (tasks/classify.h) with labels and a prompt of its own: positive or negative, by a
// few-shot completion prompt, which small models answer better than a question in a chat template.
#pragma once

#include <span>

#include "tasks/classify.h"

namespace rowmill {

class SentimentTask final : public ClassifyTask {
 public:
  // Empty options.labels: positive, negative. Otherwise as ClassifyTask.
  SentimentTask(const TaskModel& model, const ClassifyOptions& options);
};

// `positive`, `negative`.
std::vector<Label> SentimentLabels();
// The prompt for these labels: with examples where there is one for each label, else a question.
BuiltinPrompt SentimentPrompt(std::span<const Label> labels);

}  // namespace rowmill
