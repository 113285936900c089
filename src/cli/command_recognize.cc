// recognize: what pictures show.
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/run_task.h"
#include "tasks/labels.h"
#include "tasks/recognize.h"

namespace rowmill {
namespace {

constexpr const char* kRecognizeExamples = R"(
Examples:
  rowmill recognize 'photos/*.jpg' -o photos.jsonl
  rowmill recognize photos/ --labels-file imagenet_classes.txt --top 3 -o photos.csv
  rowmill recognize labels.tsv --path file --gold class_index -o out.jsonl
  find . -name '*.jpg' | rowmill recognize - > out.jsonl)";

struct RecognizeFlags {
  std::string labels_file;
  uint32_t top = 5;
  uint64_t max_pixels = ImageLimits().max_pixels;

  void AddTo(CLI::App& app) {
    app.option_defaults()->group("Pictures");
    AddFlag(app, "--labels-file", labels_file, "names of the model's classes, one per line")
        ->type_name("FILE");
    AddFlag(app, "--top", top, "classes in the column top, the likeliest first");
    AddFlag(app, "--max-pixels", max_pixels, "a larger picture is an error of its row");
  }

  RecognizeOptions ToOptions() const {
    RecognizeOptions options;
    options.top = top;
    options.limits.max_pixels = max_pixels;
    if (labels_file.empty()) return options;
    for (const Label& label :
         ParseLabelFile(ReadTextFile(labels_file, "--labels-file"), labels_file)) {
      options.labels.push_back(label.name);
    }
    return options;
  }
};

}  // namespace

void AddRecognize(CLI::App& parent, Action& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand("recognize", "what each picture shows");
  app->footer(kRecognizeExamples);
  auto flags = std::make_shared<JobFlags>();
  auto recognize = std::make_shared<RecognizeFlags>();
  flags->AddMediaTo(*app);
  recognize->AddTo(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      if (flags->model.empty()) flags->model = "efficientnet-lite0";
      flags->SettleMediaInput(ImageSuffixes());
      return RunTask(caller, *flags, purpose, [&](const TaskModel& model, const PromptOptions&) {
        RecognizeOptions options = recognize->ToOptions();
        options.rows = flags->ToMediaRowsOptions();
        return std::make_unique<RecognizeTask>(model, options, MakePosixFileSystem());
      });
    };
  });
}

void AddRecognizeCommand(CLI::App& parent, Action& action) {
  AddRecognize(parent, action, Purpose::kRun);
}

}  // namespace rowmill
