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
inline constexpr Example kExamples[] = {
    {"The plot drags on for two hours and none of the jokes land.", "negative"},
    {"A warm, clever story with a cast that is a joy to watch.", "positive"},
    {"The parcel came on Tuesday in a brown box.", "neutral"},
    {"It stopped charging after a week and nobody answers the phone.", "negative"},
    {"Quick service, friendly staff and the best soup in town.", "positive"},
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
