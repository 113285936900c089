#include "tasks/sentiment.h"

#include <algorithm>

#include "tasks/sentiment_prompt.h"

namespace rowmill {
namespace {

using sentiment_prompt::Example;

ClassifyOptions WithLabels(const ClassifyOptions& options) {
  ClassifyOptions with = options;
  if (with.labels.empty()) with.labels = SentimentLabels();
  return with;
}

bool HasExample(const Label& label) {
  return std::any_of(std::begin(sentiment_prompt::kExamples), std::end(sentiment_prompt::kExamples),
                     [&](const Example& example) { return example.label == label.name; });
}

// "Review: ...\nSentiment:"
std::string Question(std::string_view review) {
  return std::string(sentiment_prompt::kReviewWord) + " " + std::string(review) + "\n" +
         std::string(sentiment_prompt::kAnswerWord);
}

}  // namespace

std::vector<Label> SentimentLabels() {
  return {{"positive", "positive"}, {"negative", "negative"}};
}

BuiltinPrompt SentimentPrompt(std::span<const Label> labels) {
  const std::string instruction =
      std::string(sentiment_prompt::kQuestion) + EscapePromptText(JoinLabelNames(labels)) + ".\n";
  BuiltinPrompt prompt;
  prompt.preferred = PromptMode::kRaw;
  prompt.chat = instruction + "Text: {{text}}\n" + std::string(sentiment_prompt::kChatAnswer);
  if (!std::all_of(labels.begin(), labels.end(), HasExample)) {
    prompt.raw = instruction + Question("{{text}}");
    return prompt;
  }
  for (const Example& example : sentiment_prompt::kExamples) {
    const bool is_asked = std::any_of(labels.begin(), labels.end(), [&](const Label& label) {
      return label.name == example.label;
    });
    if (!is_asked) continue;
    prompt.raw += EscapePromptText(Question(example.review)) + " " + std::string(example.label) +
                  std::string(sentiment_prompt::kBetweenExamples);
  }
  prompt.raw += Question("{{text}}");
  return prompt;
}

SentimentTask::SentimentTask(const TaskModel& model, const ClassifyOptions& options)
    : ClassifyTask("sentiment", model, WithLabels(options),
                   SentimentPrompt(WithLabels(options).labels)) {}

}  // namespace rowmill
