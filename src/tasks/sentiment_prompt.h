// The words of the built-in sentiment prompt: data, so that they can be tuned without touching
// code. All reviews were written for this project.
#pragma once

#include <string_view>

namespace rowmill::sentiment_prompt {

struct Example {
  std::string_view review;
  std::string_view label;
};

// In the order in which they stand in the prompt; those whose label is not in the job's set are
// left out.
//
// Chosen with SmolLM2-135M among 35 prompts of 0 to 8 examples by accuracy on rows of SST-2's
// training part, none of its dev part. What decides is less which reviews than their order: with
// the last two swapped (positive, negative, negative, positive) the same four say `positive` too
// often by 2.3 nat. As they stand the two answers are in balance, without calibration: the best
// threshold lies at 0.07 nat. More than four examples, a line of instructions and priors of
// content-free texts did not help.
inline constexpr Example kExamples[] = {
    {"It starts slowly, but by the end I did not want to leave.", "positive"},
    {"The plot drags on for two hours and none of the jokes land.", "negative"},
    {"The parcel came on Tuesday in a brown box.", "neutral"},
    {"Funny, moving and beautifully acted from start to finish.", "positive"},
    {"Loud, shallow and far too long.", "negative"},
};

// Raw: each example, then the row, then the word after which the model goes on with the label.
inline constexpr std::string_view kReviewWord = "Review:";
inline constexpr std::string_view kAnswerWord = "Sentiment:";
inline constexpr std::string_view kBetweenExamples = "\n\n";

// Chat, and where there are labels without an example: in front of the labels' names and behind
// them.
inline constexpr std::string_view kQuestion = "Classify the sentiment of this text as ";
inline constexpr std::string_view kChatAnswer = "Answer with one word only.";

}  // namespace rowmill::sentiment_prompt
