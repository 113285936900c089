// transcribe: what is said in sound files.
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/cpu.h"
#include "base/error.h"
#include "cli/caller.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/run_task.h"
#include "cli/standard_streams.h"
#include "data/json_text.h"
#include "engine/live_transcription.h"
#include "kernels/dispatch.h"
#include "models/whisper.h"
#include "tasks/transcribe.h"

namespace rowmill {
namespace {

constexpr const char* kTranscribeExamples = R"(
Examples:
  rowmill transcribe 'calls/*.wav' -o calls.jsonl
  rowmill transcribe calls.csv --path file --gold transcript --language en -o out.jsonl
  rowmill transcribe talks/ --to-english -o talks.jsonl
  find . -name '*.flac' | rowmill transcribe - -o out.jsonl)";

struct TranscribeFlags {
  std::string language;
  bool to_english = false;
  bool no_timestamps = false;
  bool no_fallback = false;
  bool vad = false;
  std::string prompt;
  bool previous_text = false;
  bool live = false;
  std::string srt;
  std::string vtt;
  uint32_t beam = 1;

  void AddTo(CLI::App& app) {
    app.option_defaults()->group("Speech");
    AddFlag(app, "--language", language, "what is spoken, such as en (default: found per file)")
        ->type_name("CODE");
    AddFlag(app, "--to-english", to_english, "write a translation into English");
    AddFlag(app, "--no-timestamps", no_timestamps,
            "segments are whole windows of 30 seconds; a little faster");
    AddFlag(app, "--prompt", prompt,
            "text that each window is read after: names, terms, a way of writing")
        ->type_name("TEXT");
    AddFlag(app, "--previous-text", previous_text,
            "each window is read after what was written of the file before");
    AddFlag(app, "--beam", beam, "hypotheses that beam search keeps; 1: greedy");
    AddFlag(app, "--live", live,
            "INPUT is -: raw 16-bit mono sound at 16 kHz; prints segments as they become final");
    AddFlag(app, "--srt", srt, "a folder for subtitles of each file, NAME.srt")
        ->type_name("FOLDER");
    AddFlag(app, "--vtt", vtt, "the same as NAME.vtt")->type_name("FOLDER");
    AddFlag(app, "--vad", vad, "skip pauses of a second and more by their loudness");
    AddFlag(app, "--no-fallback", no_fallback,
            "no further attempts at higher temperatures where a text is doubtful");
  }

  TranscribeOptions ToOptions(uint64_t seed) const {
    TranscribeOptions options;
    options.language = language;
    if (to_english) options.output = TranscribeSpec::Output::kEnglish;
    if (no_timestamps) options.timestamps = TranscribeSpec::Timestamps::kNone;
    if (vad) options.pauses = TranscribeSpec::Pauses::kSkip;
    if (no_fallback) options.temperatures = {0.0f};
    options.prompt = prompt;
    if (previous_text) options.previous_text = TranscribeSpec::PreviousText::kShow;
    options.beam = beam;
    options.seed = seed;
    return options;
  }
};

// NAME.srt or NAME.vtt in a folder for each answered file of that name; where two have one name,
// the later one gets its row's number as well.
class SubtitleFolder {
 public:
  SubtitleFolder(std::string folder, SubtitleFormat format, std::string path_column)
      : folder_(std::move(folder)), format_(format), path_column_(std::move(path_column)) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) throw IoError("cannot make the folder " + folder_ + ": " + error.message());
  }

  void Add(const TranscribeTask& task, const RowAnswer& row, const OutputRow& output) {
    if (!IsFine(output.status)) return;
    const std::optional<FieldValue> path = row.record.Field(path_column_);
    if (!path) return;
    std::string name = std::filesystem::path(path->text).stem().string();
    if (!names_.insert(name).second) name += "-" + std::to_string(row.record.index);
    const bool is_srt = format_ == SubtitleFormat::kSrt;
    WriteTextFile(folder_ + "/" + name + (is_srt ? ".srt" : ".vtt"),
                  ToSubtitles(task.SegmentsOf(row.results.front()), format_),
                  is_srt ? "--srt" : "--vtt");
  }

 private:
  std::string folder_;
  SubtitleFormat format_;
  std::string path_column_;
  std::set<std::string> names_;
};

// One JSON line for each segment, as soon as it is final.
void PrintSegments(Caller& caller, const TranscribeTask& task, const TranscribedWindow& window) {
  RowResult result;
  AppendWindow(window, result.decoded);
  for (const SpokenSegment& segment : task.SegmentsOf(result)) {
    std::string line = "{\"start\": ";
    AppendJsonNumber(segment.start, line);
    line += ", \"end\": ";
    AppendJsonNumber(segment.end, line);
    line += ", \"text\": ";
    AppendJsonString(segment.text, line);
    caller.Print(line + "}\n");
    FlushStandardOutput();
  }
}

// Raw sound on standard input: one channel of 16-bit samples, little-endian, 16,000 a second.
ExitCode TranscribeLive(Caller& caller, const JobFlags& flags, const TranscribeOptions& options) {
  const std::atomic<bool>& stop = caller.StopFlag();
  const CpuTopology topology = DetectCpuTopology();
  const kernels::KernelTable& kernels = kernels::SelectTable(DetectCpuFeatures(), flags.isa);
  const std::unique_ptr<FileSystem> file_system = MakePosixFileSystem();
  const std::shared_ptr<const LoadedModel> loaded =
      LoadModelFor(caller, flags, flags.model, *file_system);
  const TranscribeTask task(loaded->ForTasks(), options,
                            MediaRows(MakePosixFileSystem(), flags.ToMediaRowsOptions()));
  ThreadTeam team(static_cast<size_t>(topology.usable_cores));
  LiveTranscription live(*loaded->whisper, std::get<TranscribeSpec>(task.decode_spec()), kernels,
                         team);
  const auto print = [&](const TranscribedWindow& window) { PrintSegments(caller, task, window); };
  std::vector<uint8_t> bytes(LiveTranscription::kSampleRate / 10 * sizeof(int16_t));
  std::vector<float> samples;
  size_t held = 0;  // half a sample
  while (!stop.load(std::memory_order_relaxed)) {
    const ssize_t count = read(STDIN_FILENO, bytes.data() + held, bytes.size() - held);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw IoError("cannot read standard input");
    if (count == 0) break;
    const size_t size = held + static_cast<size_t>(count);
    samples.clear();
    for (size_t i = 0; i + 1 < size; i += 2) {
      const auto bits = static_cast<uint16_t>(bytes[i] | bytes[i + 1] << 8);
      samples.push_back(static_cast<float>(static_cast<int16_t>(bits)) / 32768.0f);
    }
    held = size % 2;
    if (held == 1) bytes[0] = bytes[size - 1];
    live.Feed(samples, print);
  }
  live.Finish(print);
  return ExitCode::kOk;
}

}  // namespace

void AddTranscribe(CLI::App& parent, std::function<ExitCode(Caller&)>& action, Purpose purpose) {
  CLI::App* app = parent.add_subcommand("transcribe", "what is said in each sound file");
  app->footer(kTranscribeExamples);
  auto flags = std::make_shared<JobFlags>();
  auto transcribe = std::make_shared<TranscribeFlags>();
  flags->AddMediaTo(*app);
  transcribe->AddTo(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      if (flags->model.empty()) flags->model = "whisper-base";
      if (transcribe->live) {
        if (flags->files != std::vector<std::string>{"-"} || purpose != Purpose::kRun) {
          throw UsageError("--live reads sound from standard input: rowmill transcribe - --live");
        }
        return TranscribeLive(caller, *flags, transcribe->ToOptions(flags->seed));
      }
      flags->SettleMediaInput(SoundSuffixes());
      const MediaRowsOptions rows = flags->ToMediaRowsOptions();
      const TranscribeTask* made = nullptr;
      const MakeTask make_task = [&](const TaskModel& model, const PromptOptions&) {
        auto task = std::make_unique<TranscribeTask>(model, transcribe->ToOptions(flags->seed),
                                                     MediaRows(MakePosixFileSystem(), rows));
        made = task.get();
        return task;
      };
      std::vector<SubtitleFolder> folders;
      if (purpose == Purpose::kRun && !transcribe->srt.empty()) {
        folders.emplace_back(transcribe->srt, SubtitleFormat::kSrt, rows.column);
      }
      if (purpose == Purpose::kRun && !transcribe->vtt.empty()) {
        folders.emplace_back(transcribe->vtt, SubtitleFormat::kVtt, rows.column);
      }
      if (folders.empty()) return RunTask(caller, *flags, purpose, make_task);
      return RunTask(caller, *flags, purpose, make_task,
                     [&](const RowAnswer& row, const OutputRow& output) {
                       for (SubtitleFolder& folder : folders) folder.Add(*made, row, output);
                     });
    };
  });
}

void AddTranscribeCommand(CLI::App& parent, Action& action) {
  AddTranscribe(parent, action, Purpose::kRun);
}

}  // namespace rowmill
