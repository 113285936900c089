// answer: questions, from a passage, from a collection of passages, or by choices.
#include <memory>
#include <optional>
#include <string>

#include "base/cpu.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/run_task.h"
#include "tasks/answer.h"
#include "tasks/answer_choices.h"
#include "tasks/answer_passages.h"
#include "tasks/labels.h"
#include "tasks/loaded_model.h"
#include "tasks/model_kind.h"

namespace rowmill {
namespace {

constexpr const char* kAnswerExamples = R"(
Examples:
  rowmill answer questions.csv --question q --context passage --gold answer -o out.csv
  rowmill answer questions.csv --question q --passages library.jsonl --passage-id id -o out.jsonl
  rowmill answer quiz.jsonl --question q --choices a,b,c --gold right -o out.jsonl)";

constexpr uint32_t kDefaultPassages = 1;

struct AnswerFlags {
  std::string question;
  std::string context;
  std::string choices;
  std::string choice_norm = "bytes";
  bool log_probs = false;
  uint32_t max_tokens = 32;
  std::string passages;
  std::string passage_text = "text";
  std::string passage_id;
  std::string gold_passage;
  std::string retriever = "minilm";
  std::string question_prompt;
  std::string passage_prompt;
  uint32_t passages_k = kDefaultPassages;

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
    AddFlag(app, "--passages", passages,
            "a file of passages: the nearest to each question are found and answered from")
        ->type_name("FILE");
    AddFlag(app, "--passage-text", passage_text, "the column of that file with the texts")
        ->type_name("COLUMN");
    AddFlag(app, "--passage-id", passage_id, "the column of that file with what they are called")
        ->type_name("COLUMN");
    AddFlag(app, "--passages-k", passages_k, "passages for each question");
    AddFlag(app, "--retriever", retriever, "the encoder that finds passages")->type_name("REF");
    AddFlag(app, "--question-prompt", question_prompt,
            "what that encoder wants around a question: 'query: {{text}}' for e5")
        ->type_name("TEXT");
    AddFlag(app, "--passage-prompt", passage_prompt,
            "and around a passage: 'passage: {{text}}' for e5")
        ->type_name("TEXT");
    AddFlag(app, "--gold-passage", gold_passage,
            "the column with the right passage (its id, or its row), for recall")
        ->type_name("COLUMN");
  }

  void Check() const {
    if (passages.empty() && !(passage_id.empty() && gold_passage.empty() &&
                              question_prompt.empty() && passage_prompt.empty())) {
      throw UsageError(
          "--passage-id, --gold-passage, --question-prompt and --passage-prompt need --passages, "
          "the file that is searched");
    }
    if (!passages.empty() && !(choices.empty() && context.empty())) {
      throw UsageError("--passages goes with neither --choices nor --context");
    }
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

  AnswerPassagesOptions ToPassages(const PromptOptions& prompt) const {
    AnswerPassagesOptions options;
    options.answer = ToAnswer(prompt);
    options.retriever.path = passages;
    options.retriever.text_column = passage_text;
    if (!passage_id.empty()) options.retriever.id_column = passage_id;
    options.retriever.num_passages = passages_k;
    if (!question_prompt.empty()) options.retriever.question_prompt = question_prompt;
    if (!passage_prompt.empty()) options.retriever.passage_prompt = passage_prompt;
    if (!gold_passage.empty()) options.gold_passage_column = gold_passage;
    return options;
  }
};

// The second model of a job, and what it computes with. Outlives the task.
class Retriever {
 public:
  std::unique_ptr<Task> MakeTask(Caller& caller, const JobFlags& flags, const AnswerFlags& answer,
                                 const TaskModel& model, const PromptOptions& prompt) {
    file_system_ = MakePosixFileSystem();
    team_.emplace(static_cast<size_t>(DetectCpuTopology().usable_cores));
    loaded_ = LoadModelFor(caller, flags, answer.retriever, *file_system_);
    const TaskModel encoder = loaded_->ForTasks();
    RequireModelKind("--retriever", ModelKind::kEncoder, encoder);
    auto task = std::make_unique<AnswerPassagesTask>(model, encoder, answer.ToPassages(prompt),
                                                     *file_system_, *team_);
    caller.Tell(CollectionText("passages", task->passages(), answer.passages));
    return task;
  }

 private:
  std::unique_ptr<FileSystem> file_system_;
  std::optional<ThreadTeam> team_;
  std::shared_ptr<const LoadedModel> loaded_;
};

}  // namespace

void AddAnswer(CLI::App& parent, std::function<ExitCode(Caller&)>& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand(
      "answer", "an answer to each question, written from a passage or one of your choices");
  app->footer(kAnswerExamples);
  auto flags = std::make_shared<JobFlags>();
  auto answer = std::make_shared<AnswerFlags>();
  flags->default_text.reset();
  flags->AddTo(*app);
  answer->AddTo(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      answer->Check();
      Retriever retriever;
      return RunTask(
          caller, *flags, purpose,
          [&](const TaskModel& model, const PromptOptions& prompt) -> std::unique_ptr<Task> {
            if (!answer->choices.empty()) {
              return std::make_unique<ChoiceTask>(model, answer->ToChoices(prompt));
            }
            if (!answer->passages.empty()) {
              return retriever.MakeTask(caller, *flags, *answer, model, prompt);
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
