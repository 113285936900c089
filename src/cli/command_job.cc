// sentiment, classify, generate, embed, similar, translate, and the plan of each.
#include <fmt/format.h>

#include <memory>

#include "base/cpu.h"
#include "cli/commands.h"
#include "cli/explanation_view.h"
#include "cli/job_flags.h"
#include "cli/run_task.h"
#include "tasks/classify.h"
#include "tasks/embed.h"
#include "tasks/embed_pictures.h"
#include "tasks/encoder_classify.h"
#include "tasks/explain.h"
#include "tasks/generate.h"
#include "tasks/labels.h"
#include "tasks/loaded_model.h"
#include "tasks/model_kind.h"
#include "tasks/sentiment.h"
#include "tasks/similar.h"
#include "tasks/translate.h"

namespace rowmill {
namespace {

struct ClassifyFlags {
  std::string labels;
  std::string labels_file;
  std::string label_end = "auto";
  std::string label_norm = "none";
  bool probabilities = false;
  bool log_probs = false;
  std::string examples;
  std::string example_label;
  std::string head;
  std::string save_head;
  bool explain = false;
  std::string explain_html;

  void AddTo(CLI::App& app) {
    app.option_defaults()->group("Labels");
    AddFlag(app, "--labels", labels, "the possible answers")->type_name("a,b,c");
    AddFlag(app, "--labels-file", labels_file,
            "the same, a label per line (kept as it is, spaces included)")
        ->type_name("FILE");
    AddFlag(app, "--label-end", label_end, "score what ends an answer too: auto, none or always")
        ->type_name("NAME");
    AddFlag(app, "--label-norm", label_norm, "normalise scores: none, tokens or prior")
        ->type_name("NAME");
    AddFlag(app, "--probabilities", probabilities, "a column with the probability of each label");
    AddFlag(app, "--log-probs", log_probs, "a column with the log-probabilities of all labels");
    AddFlag(app, "--explain", explain, "a column with what each word contributes to the label");
    AddFlag(app, "--explain-html", explain_html,
            "the same as a coloured page, of the first 1,000 rows")
        ->type_name("FILE");
    AddFlag(app, "--examples", examples, "encoders: labelled rows to fit a linear head on");
    AddFlag(app, "--example-label", example_label,
            "the column of --examples with the labels (default: that of --gold, or label)");
    AddFlag(app, "--save-head", save_head, "encoders: write the fitted head to this file");
    AddFlag(app, "--head", head, "encoders: use a head that --save-head has written");
  }

  bool Explains() const { return explain || !explain_html.empty(); }
  bool ForEncoders() const { return !examples.empty() || !head.empty() || !save_head.empty(); }

  ClassifyOptions ToOptions() const {
    ClassifyOptions options;
    if (!labels.empty() && !labels_file.empty()) {
      throw UsageError("give either --labels or --labels-file, not both");
    }
    if (!labels.empty()) options.labels = ParseLabelList(labels);
    if (!labels_file.empty()) {
      options.labels = ParseLabelFile(ReadTextFile(labels_file, "--labels-file"), labels_file);
    }
    options.label_end = Choose<LabelEnd>(
        "--label-end", label_end,
        {{"auto", LabelEnd::kAuto}, {"none", LabelEnd::kNone}, {"always", LabelEnd::kAlways}});
    options.label_norm = Choose<LabelNorm>(
        "--label-norm", label_norm,
        {{"none", LabelNorm::kNone}, {"tokens", LabelNorm::kTokens}, {"prior", LabelNorm::kPrior}});
    options.probabilities = probabilities;
    options.log_probs = log_probs;
    return options;
  }
};

struct GenerateFlags {
  uint32_t max_tokens = 256;
  uint32_t samples = 1;
  float temperature = 0.0f;
  int32_t top_k = 0;
  float top_p = 1.0f;
  float min_p = 0.0f;
  float repetition_penalty = 1.0f;
  std::vector<std::string> stop;
  bool finish_reason = false;
  bool ignore_eos = false;

  void AddTo(CLI::App& app) {
    app.option_defaults()->group("Generation");
    AddFlag(app, "--max-tokens", max_tokens, "longest answer");
    AddFlag(app, "--samples", samples, "answers per row");
    AddFlag(app, "--temperature", temperature, "0: always the likeliest token");
    AddFlag(app, "--top-k", top_k, "sample among the N likeliest tokens; 0: all")->type_name("N");
    AddFlag(app, "--top-p", top_p, "sample among the likeliest tokens that make up X; 1: all");
    AddFlag(app, "--min-p", min_p,
            "leave out tokens less likely than X times the likeliest; 0: none");
    AddFlag(app, "--repetition-penalty", repetition_penalty,
            "make tokens that occurred less likely; 1: off");
    AddFlag(app, "--stop", stop, "text that ends the answer; may be given several times")
        ->type_name("TEXT");
    AddFlag(app, "--finish-reason", finish_reason, "a column that says why the answer ended");
    AddFlag(app, "--ignore-eos", ignore_eos,
            "go on behind the token that ends an answer: every answer has --max-tokens");
  }

  GenerateOptions ToOptions(uint64_t seed) const {
    GenerateOptions options;
    options.max_tokens = max_tokens;
    options.num_samples = samples;
    options.sampling = {temperature, top_k, top_p, min_p, repetition_penalty, seed};
    options.stop = stop;
    options.finish_reason = finish_reason;
    options.ignore_eos = ignore_eos;
    return options;
  }
};

// classify and sentiment with an encoder.
std::unique_ptr<LabelTask> MakeEncoderClassifier(Caller& caller, std::string_view name,
                                                 const ClassifyFlags& flags,
                                                 const std::string& gold, const TaskModel& model,
                                                 const ClassifyOptions& classify) {
  EncoderClassifyOptions options;
  options.prompt = classify.prompt;
  options.labels = classify.labels;
  options.probabilities = classify.probabilities;
  options.examples = flags.examples;
  options.example_label = !flags.example_label.empty() ? flags.example_label
                          : !gold.empty()              ? gold
                                                       : "label";
  if (!flags.head.empty() && !flags.examples.empty()) {
    throw UsageError("give either --head or --examples, not both");
  }
  if (!flags.save_head.empty() && flags.examples.empty()) {
    throw UsageError("--save-head needs --examples, the rows to fit a head on");
  }
  if (classify.log_probs || classify.label_norm != LabelNorm::kNone) {
    throw UsageError("--log-probs and --label-norm are for decoders, and this model is an encoder");
  }
  if (!flags.head.empty()) {
    options.head = ParseHead(ReadTextFile(flags.head, "--head"), flags.head);
    if (options.head->model_sha256 != model.sha256) {
      throw UsageError("--head " + flags.head +
                       ": it was fitted on the vectors of another model; fit one on this model's");
    }
  }
  const std::unique_ptr<FileSystem> file_system = MakePosixFileSystem();
  ThreadTeam team(static_cast<size_t>(DetectCpuTopology().usable_cores));
  auto task = std::make_unique<EncoderClassifyTask>(name, model, options, *file_system, team);
  if (task->fit_report()) {
    const FitReport& fit = *task->fit_report();
    caller.Tell(fmt::format(
        "head          fitted on {} rows ({} left out), C {}, accuracy {:.4f} in {}-fold "
        "cross-validation\n",
        fit.num_examples, fit.num_skipped, fit.c, fit.accuracy, fit.num_folds));
    if (!flags.save_head.empty()) {
      const NamedHead head = {
          {task->labels().begin(), task->labels().end()}, *task->head(), model.sha256};
      WriteTextFile(flags.save_head, FormatHead(head), "--save-head");
    }
  }
  return task;
}

[[noreturn]] void RefuseEncoderFlags() {
  throw UsageError(
      "--examples, --head and --save-head need an encoder, such as --model minilm; this model is a "
      "decoder");
}

// Behind `--help`; `-h` leaves it out. Also good advice, so worth a test that they run.
constexpr const char* kSentimentExamples = R"(
Examples:
  rowmill sentiment reviews.csv --text review -o out.jsonl
  rowmill sentiment reviews.csv --text review --gold stars --labels good,bad -o out.csv
  rowmill sentiment reviews.csv --text review --explain --explain-html why.html -o out.jsonl
  zcat big.jsonl.gz | rowmill sentiment - --format jsonl --probabilities > out.jsonl)";
constexpr const char* kClassifyExamples = R"(
Examples:
  rowmill classify tickets.jsonl --text body --labels billing,bug,other -o out.jsonl
  rowmill classify tickets.jsonl --text body --labels-file labels.txt --gold queue -o out.csv
  rowmill classify tickets.csv --prompt 'Ticket: {{body}} Queue:' --raw-prompt --labels a,b -o o.csv)";
constexpr const char* kGenerateExamples = R"(
Examples:
  rowmill generate rows.csv --prompt 'Summarise in one line: {{body}}' --max-tokens 40 -o out.csv
  rowmill generate rows.csv --prompt-file prompt.txt --temperature 0.8 --samples 3 -o out.jsonl
  rowmill generate rows.jsonl --prompt '{{question}}' --stop '.' --finish-reason -o out.jsonl)";
constexpr const char* kEmbedExamples = R"(
Examples:
  rowmill embed docs.jsonl --text body -o vectors.jsonl
  rowmill embed docs.csv --prompt 'passage: {{title}} {{body}}' -m e5-small/ -o vectors.jsonl
  rowmill embed 'photos/*.jpg' -m efficientnet-lite0 -o vectors.jsonl)";
constexpr const char* kSimilarExamples = R"(
Examples:
  rowmill similar questions.jsonl answers.jsonl --text body -k 5 -o pairs.jsonl
  rowmill similar titles.csv titles.csv --text title -k 2 -o near_duplicates.jsonl)";
constexpr const char* kTranslateExamples = R"(
Examples:
  rowmill translate lines.txt --from en --to pt -o lines.pt.txt
  rowmill translate reviews.csv --text review --from pt --to en --beam 4 -o out.jsonl
  rowmill translate pairs.csv --text english --from en --to pt --gold portuguese -o out.csv)";
constexpr const char* kVerifyExamples = R"(
Examples:
  rowmill verify sentiment reviews.csv --text review -o out.jsonl --sample 200
  rowmill verify classify tickets.csv --text body --labels a,b -o out.csv)";
constexpr const char* kPlanExamples = R"(
Examples:
  rowmill plan sentiment reviews.csv --text review
  rowmill plan generate rows.csv --prompt 'Summarise: {{body}}' --memory 2G)";

using MakeLabelTask =
    std::function<std::unique_ptr<LabelTask>(const TaskModel&, const PromptOptions&)>;

// A task with labels, explained where the flags ask for it.
ExitCode RunLabelTask(Caller& caller, const JobFlags& flags, const ClassifyFlags& classify,
                      Purpose purpose, const MakeLabelTask& make_task) {
  if (!classify.Explains()) return RunTask(caller, flags, purpose, make_task);
  const ExplainTask* explained = nullptr;
  const MakeTask make_explained = [&](const TaskModel& model, const PromptOptions& prompt) {
    auto task = std::make_unique<ExplainTask>(make_task(model, prompt));
    explained = task.get();
    return task;
  };
  if (classify.explain_html.empty() || purpose != Purpose::kRun) {
    return RunTask(caller, flags, purpose, make_explained);
  }
  ExplanationView view(classify.explain_html, "Explanations of " + flags.input);
  const ExitCode code = RunTask(
      caller, flags, purpose, make_explained,
      [&](const RowAnswer& row, const OutputRow& output) { view.Add(*explained, row, output); });
  view.Finish();
  return code;
}

// Makes one task's subcommand under `parent`; the flags live as long as the callback.
void AddSentiment(CLI::App& parent, Action& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand("sentiment", "positive or negative, for each row");
  app->footer(kSentimentExamples);
  auto flags = std::make_shared<JobFlags>();
  auto classify = std::make_shared<ClassifyFlags>();
  flags->AddTo(*app);
  classify->AddTo(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      return RunLabelTask(
          caller, *flags, *classify, purpose,
          [&](const TaskModel& model, const PromptOptions& prompt) -> std::unique_ptr<LabelTask> {
            ClassifyOptions options = classify->ToOptions();
            options.prompt = prompt;
            if (model.encoder != nullptr) {
              return MakeEncoderClassifier(caller, "sentiment", *classify, flags->gold, model,
                                           options);
            }
            if (classify->ForEncoders()) RefuseEncoderFlags();
            return std::make_unique<SentimentTask>(model, options);
          });
    };
  });
}

void AddClassify(CLI::App& parent, Action& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand("classify", "one of your labels, for each row");
  app->footer(kClassifyExamples);
  auto flags = std::make_shared<JobFlags>();
  auto classify = std::make_shared<ClassifyFlags>();
  flags->AddTo(*app);
  classify->AddTo(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      return RunLabelTask(
          caller, *flags, *classify, purpose,
          [&](const TaskModel& model, const PromptOptions& prompt) -> std::unique_ptr<LabelTask> {
            ClassifyOptions options = classify->ToOptions();
            options.prompt = prompt;
            if (model.encoder != nullptr) {
              return MakeEncoderClassifier(caller, "classify", *classify, flags->gold, model,
                                           options);
            }
            if (classify->ForEncoders()) RefuseEncoderFlags();
            if (options.labels.empty())
              throw UsageError("classify needs --labels or --labels-file");
            return std::make_unique<ClassifyTask>(model, options);
          });
    };
  });
}

void AddGenerate(CLI::App& parent, Action& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand("generate", "text written by the model, for each row");
  app->footer(kGenerateExamples);
  auto flags = std::make_shared<JobFlags>();
  auto generate = std::make_shared<GenerateFlags>();
  flags->default_text = "";
  flags->AddTo(*app);
  generate->AddTo(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      return RunTask(caller, *flags, purpose,
                     [&](const TaskModel& model, const PromptOptions& prompt) {
                       GenerateOptions options = generate->ToOptions(flags->seed);
                       if (!prompt.prompt)
                         throw UsageError("generate needs --prompt or --prompt-file");
                       options.prompt = prompt;
                       return std::make_unique<GenerateTask>(model, options);
                     });
    };
  });
}

// The default model of the commands that need an encoder.
void PreferEncoder(JobFlags& flags) {
  if (flags.model.empty()) flags.model = "minilm";
}

void AddEmbed(CLI::App& parent, Action& action, Purpose purpose) {
  CLI::App* app =
      parent.add_subcommand("embed", "a vector that stands for the meaning of each row");
  app->footer(kEmbedExamples);
  auto flags = std::make_shared<JobFlags>();
  flags->AddTo(*app);
  app->option_defaults()->group("Input and output");
  flags->AddPathFlag(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      if (flags->TakeFilesOf(ImageSuffixes())) {
        if (flags->model.empty()) flags->model = "efficientnet-lite0";
        flags->SettleMediaInput(ImageSuffixes());
        return RunTask(caller, *flags, purpose, [&](const TaskModel& model, const PromptOptions&) {
          return std::make_unique<EmbedPicturesTask>(
              model, ImageLimits(), MediaRows(MakePosixFileSystem(), flags->ToMediaRowsOptions()));
        });
      }
      PreferEncoder(*flags);
      return RunTask(caller, *flags, purpose,
                     [&](const TaskModel& model, const PromptOptions& prompt) {
                       RequireModelKind("embed", ModelKind::kEncoder, model);
                       return std::make_unique<EmbedTask>(model, prompt);
                     });
    };
  });
}

void AddSimilar(CLI::App& parent, Action& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand(
      "similar", "for each row, the rows of another file that mean most nearly the same");
  app->footer(kSimilarExamples);
  auto flags = std::make_shared<JobFlags>();
  auto others = std::make_shared<std::string>();
  auto count = std::make_shared<uint32_t>(5);
  flags->AddTo(*app);
  // One file, since the second argument is another.
  app->remove_option(app->get_option("INPUT"));
  app->add_option("INPUT", flags->input, "the rows: one data file, or - for standard input")
      ->required()
      ->type_name("");
  app->add_option("others", *others, "the file to look for similar rows in")->required();
  app->add_option("-k", *count, "how many of them (default: 5)");
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      PreferEncoder(*flags);
      return RunTask(caller, *flags, purpose,
                     [&](const TaskModel& model, const PromptOptions& prompt) {
                       RequireModelKind("similar", ModelKind::kEncoder, model);
                       const std::unique_ptr<FileSystem> file_system = MakePosixFileSystem();
                       ThreadTeam team(static_cast<size_t>(DetectCpuTopology().usable_cores));
                       auto task = std::make_unique<SimilarTask>(
                           model, SimilarOptions{prompt, *others, *count}, *file_system, team);
                       caller.Tell(CollectionText("others", task->others(), *others));
                       return task;
                     });
    };
  });
}

struct TranslateFlags {
  std::string from;
  std::string to;
  uint32_t beam = 1;
  float length_penalty = 1.0f;
  uint32_t max_tokens = 512;

  void AddTo(CLI::App& app) {
    app.option_defaults()->group("Translation");
    AddFlag(app, "--from", from, "language of the text, such as en")->type_name("CODE");
    AddFlag(app, "--to", to, "language of the translation, such as pt")->type_name("CODE");
    AddFlag(app, "--beam", beam, "hypotheses that beam search keeps; 1: greedy");
    AddFlag(app, "--length-penalty", length_penalty,
            "exponent of the length that log-probabilities are divided by");
    AddFlag(app, "--max-tokens", max_tokens, "longest translation of a sentence");
  }

  TranslateOptions ToOptions() const {
    return {.prompt = {},
            .from = from,
            .to = to,
            .beam = beam,
            .length_penalty = static_cast<double>(length_penalty),
            .max_tokens = max_tokens};
  }
};

void AddTranslate(CLI::App& parent, Action& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand("translate", "a translation of each row's text");
  app->footer(kTranslateExamples);
  auto flags = std::make_shared<JobFlags>();
  auto translate = std::make_shared<TranslateFlags>();
  flags->AddTo(*app);
  translate->AddTo(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      if (flags->model.empty()) {
        if (translate->from.empty() || translate->to.empty()) {
          throw UsageError("translate needs --from and --to, or a --model of its own");
        }
        flags->model = TranslationModel(translate->from, translate->to);
      }
      return RunTask(caller, *flags, purpose,
                     [&](const TaskModel& model, const PromptOptions& prompt) {
                       RequireModelKind("translate", ModelKind::kEncoderDecoder, model);
                       TranslateOptions options = translate->ToOptions();
                       options.prompt = prompt;
                       return std::make_unique<TranslateTask>(model, options);
                     });
    };
  });
}

// The tasks as subcommands of `plan` and `verify`.
void AddAllTasks(CLI::App& parent, Action& action, Purpose purpose) {
  AddSentiment(parent, action, purpose);
  AddClassify(parent, action, purpose);
  AddGenerate(parent, action, purpose);
  AddEmbed(parent, action, purpose);
  AddSimilar(parent, action, purpose);
  AddAnswer(parent, action, purpose);
  AddTranslate(parent, action, purpose);
  AddRecognize(parent, action, purpose);
  AddTranscribe(parent, action, purpose);
}

}  // namespace

void AddTranslateCommand(CLI::App& parent, Action& action) {
  AddTranslate(parent, action, Purpose::kRun);
}
void AddEmbedCommand(CLI::App& parent, Action& action) { AddEmbed(parent, action, Purpose::kRun); }
void AddSimilarCommand(CLI::App& parent, Action& action) {
  AddSimilar(parent, action, Purpose::kRun);
}
void AddSentimentCommand(CLI::App& parent, Action& action) {
  AddSentiment(parent, action, Purpose::kRun);
}
void AddClassifyCommand(CLI::App& parent, Action& action) {
  AddClassify(parent, action, Purpose::kRun);
}
void AddGenerateCommand(CLI::App& parent, Action& action) {
  AddGenerate(parent, action, Purpose::kRun);
}

void AddPlanCommand(CLI::App& parent, Action& action) {
  CLI::App* plan = parent.add_subcommand(
      "plan", "what a task would do: rows, tokens, memory, time; writes nothing");
  plan->require_subcommand(1);
  plan->footer(kPlanExamples);
  AddAllTasks(*plan, action, Purpose::kPlan);
  AddRecommend(*plan, action, Purpose::kPlan);
}

void AddVerifyCommand(CLI::App& parent, Action& action) {
  CLI::App* verify = parent.add_subcommand(
      "verify", "computes rows of a finished output once more and compares their bytes");
  verify->require_subcommand(1);
  verify->footer(kVerifyExamples);
  AddAllTasks(*verify, action, Purpose::kVerify);
}

}  // namespace rowmill
