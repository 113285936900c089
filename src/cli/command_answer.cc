// answer: questions, from a passage, from a collection of passages, or by choices.
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/run_task.h"
#include "tasks/answer.h"
#include "tasks/answer_choices.h"
#include "tasks/labels.h"

namespace rowmill {
namespace {

constexpr const char* kAnswerExamples = R"(
Examples:
  rowmill answer questions.csv --question q --context passage --gold answer -o out.csv
  rowmill answer quiz.jsonl --question q --choices a,b,c --gold right -o out.jsonl)";

struct AnswerFlags {
  std::string question;
  std::string context;
  std::string choices;
  std::string choice_norm = "bytes";
  bool log_probs = false;
  uint32_t max_tokens = 32;

  void AddTo(CLI::App& app) {
    app.option_defaults()->group("Answers");
    AddFlag(app, "--question", question, "the column with the question (default: question)")
        ->type_name("COLUMN");
    AddFlag(app, "--context", context,
            "the column with the passage to answer from (default: context, without --choices)")
        ->type_name("COLUMN");
    AddFlag(app, "--choices", choices, "the columns with the possible answers: the likeliest wins")
        ->type_name("a,b,c");
    AddFlag(app, "--choice-norm", choice_norm,
            "what a choice's log-likelihood is divided by: its bytes, its tokens, or none")
        ->type_name("NAME");
    AddFlag(app, "--log-probs", log_probs, "a column with the log-likelihoods of all choices");
    AddFlag(app, "--max-tokens", max_tokens, "longest answer, without --choices");
  }

  PromptOptions WithQuestion(PromptOptions prompt) const {
    if (!question.empty()) prompt.text_column = question;
    if (prompt.text_column.empty()) prompt.text_column = "question";
    return prompt;
  }

  ChoiceOptions ToChoices(const PromptOptions& prompt) const {
    ChoiceOptions options;
    options.prompt = WithQuestion(prompt);
    if (!context.empty()) options.context_column = context;
    for (const Label& column : ParseLabelList(choices)) {
      options.choice_columns.push_back(column.name);
    }
    options.norm = Choose<ChoiceNorm>("--choice-norm", choice_norm,
                                      {{"none", ChoiceNorm::kNone},
                                       {"tokens", ChoiceNorm::kTokens},
                                       {"bytes", ChoiceNorm::kBytes}});
    options.log_probs = log_probs;
    return options;
  }

  AnswerOptions ToAnswer(const PromptOptions& prompt) const {
    if (log_probs) throw UsageError("--log-probs is of --choices; written answers have none");
    AnswerOptions options;
    options.prompt = WithQuestion(prompt);
    options.context_column = context.empty() ? "context" : context;
    options.max_tokens = max_tokens;
    return options;
  }
};

}  // namespace

void AddAnswer(CLI::App& parent, std::function<ExitCode(Caller&)>& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand(
      "answer", "an answer to each question, written from a passage or one of your choices");
  app->footer(kAnswerExamples);
  auto flags = std::make_shared<JobFlags>();
  auto answer = std::make_shared<AnswerFlags>();
  flags->AddTo(*app);
  answer->AddTo(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      return RunTask(
          caller, *flags, purpose,
          [&](const TaskModel& model, const PromptOptions& prompt) -> std::unique_ptr<Task> {
            if (!answer->choices.empty()) {
              return std::make_unique<ChoiceTask>(model, answer->ToChoices(prompt));
            }
            return std::make_unique<AnswerTask>(model, answer->ToAnswer(prompt));
          });
    };
  });
}

void AddAnswerCommand(CLI::App& parent, Action& action) {
  AddAnswer(parent, action, Purpose::kRun);
}

}  // namespace rowmill
