#include "tasks/transcribe.h"

#include <zlib.h>

#include <algorithm>
#include <unordered_map>

#include "base/check.h"
#include "base/error.h"
#include "data/json_text.h"
#include "decode/beam_search.h"
#include "decode/previous_text.h"
#include "media/audio.h"
#include "media/log_mel.h"
#include "media/resample.h"
#include "metrics/word_errors.h"
#include "models/whisper.h"
#include "text/tokenizer.h"

namespace rowmill {
namespace {

// Text that zlib brings to less than this part of its bytes says the same over and over: the
// threshold of Whisper's own decoding.
constexpr double kMostCompressed = 2.4;

class CompressionRule final : public RepetitionRule {
 public:
  explicit CompressionRule(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  bool IsRepetitive(std::span<const int32_t> text_tokens) const override {
    const std::string text = tokenizer_.Decode(text_tokens);
    if (text.empty()) return false;
    uLongf size = compressBound(static_cast<uLong>(text.size()));
    std::vector<Bytef> out(size);
    const int code = compress(out.data(), &size, reinterpret_cast<const Bytef*>(text.data()),
                              static_cast<uLong>(text.size()));
    CHECK(code == Z_OK);
    return static_cast<double>(text.size()) > kMostCompressed * static_cast<double>(size);
  }

 private:
  const Tokenizer& tokenizer_;
};

// "<|en|>": en; empty for what is no language's token.
std::string_view LanguageCode(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("<|") || !text.ends_with("|>")) return {};
  const std::string_view code = text.substr(2, text.size() - 4);
  const bool is_code = code.size() <= 3 && std::all_of(code.begin(), code.end(),
                                                       [](char c) { return c >= 'a' && c <= 'z'; });
  return is_code ? code : std::string_view();
}

std::string Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \n\t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \n\t\r") + 1 - begin));
}

// A row without an answer counts as one that says nothing; a row without a reference not at all.
class TranscriptMeasure final : public GoldMeasure {
 public:
  explicit TranscriptMeasure(std::string column) : column_(std::move(column)) {}

  void Add(const Record& record, std::span<const Cell> cells) override {
    const std::optional<FieldValue> gold = record.Field(column_);
    if (!gold || gold->kind != FieldKind::kString) return;
    const auto* text = std::get_if<std::string>(&cells.front());
    const std::string_view answer = text != nullptr ? std::string_view(*text) : "";
    as_is_.Add(answer, gold->text);
    normalized_.Add(answer, gold->text);
    const auto* language = cells.size() > 1 ? std::get_if<std::string>(&cells[1]) : nullptr;
    if (language != nullptr && *language == "en") english_.Add(answer, gold->text);
    ++num_rows_;
  }
  std::vector<std::pair<std::string, double>> Values() const override {
    if (num_rows_ == 0) return {};
    std::vector<std::pair<std::string, double>> values = {{"wer", as_is_.Rate()},
                                                          {"wer_normalized", normalized_.Rate()}};
    // Where English was spoken or found: of those rows alone.
    if (english_.words() > 0) values.emplace_back("wer_english", english_.Rate());
    return values;
  }
  uint64_t num_rows() const override { return num_rows_; }

 private:
  std::string column_;
  WordErrors as_is_{WordErrors::TextForm::kAsIs};
  WordErrors normalized_{WordErrors::TextForm::kNormalized};
  WordErrors english_{WordErrors::TextForm::kEnglish};
  uint64_t num_rows_ = 0;
};

const Whisper& RequireWhisper(const TaskModel& model) {
  if (model.whisper != nullptr) return *model.whisper;
  throw UsageError(
      "transcribe needs a speech model, such as --model whisper-base; this model is none");
}

}  // namespace

const std::vector<std::string>& SoundSuffixes() {
  static const std::vector<std::string> kSuffixes = {".wav",  ".flac", ".mp3", ".ogg",
                                                     ".opus", ".oga",  ".aif", ".aiff"};
  return kSuffixes;
}

SpeechTokens FindSpeechTokens(const Tokenizer& tokenizer, const Whisper& model) {
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  std::unordered_map<std::string_view, int32_t> ids;
  SpeechTokens tokens;
  for (size_t id = 0; id < vocabulary.size(); ++id) {
    const std::string_view text = vocabulary.texts[id];
    if (!text.starts_with("<|")) continue;
    ids.try_emplace(text, static_cast<int32_t>(id));
    if (model.is_multilingual() && !LanguageCode(text).empty()) {
      tokens.languages.push_back(static_cast<int32_t>(id));
    }
  }
  const auto find = [&](std::string_view text) {
    const auto found = ids.find(text);
    return found == ids.end() ? -1 : found->second;
  };
  tokens.start = find("<|startoftranscript|>");
  tokens.previous = find("<|startofprev|>");
  tokens.end = find("<|endoftext|>");
  tokens.transcribe = find("<|transcribe|>");
  tokens.translate = find("<|translate|>");
  tokens.no_speech = std::max(find("<|nospeech|>"), find("<|nocaptions|>"));
  tokens.no_timestamps = find("<|notimestamps|>");
  // The tokeniser's list may end before the timestamps, which have no text that is written.
  tokens.first_timestamp = tokens.no_timestamps + 1;
  const auto end_of_vocabulary = static_cast<int32_t>(model.config().vocab_size);
  const bool has_all = tokens.first_timestamp < end_of_vocabulary && tokens.start >= 0 &&
                       tokens.end >= 0 && tokens.no_timestamps > tokens.end &&
                       (tokens.languages.empty() || tokens.transcribe >= 0);
  if (!has_all) {
    throw ModelError("model '" + vocabulary.source +
                     "': the tokeniser lacks tokens that steer Whisper, such as "
                     "<|startoftranscript|> and <|notimestamps|>");
  }
  return tokens;
}

TranscribeTask::TranscribeTask(const TaskModel& model, const TranscribeOptions& options,
                               MediaRows rows)
    : tokenizer_(*model.tokenizer), options_(options), rows_(std::move(rows)) {
  const Whisper& whisper = RequireWhisper(model);
  TranscribeSpec spec;
  spec.tokens = FindSpeechTokens(tokenizer_, whisper);
  spec.suppressed = whisper.suppressed_tokens();
  spec.suppressed_first = whisper.suppressed_first_tokens();
  spec.output = options.output;
  spec.timestamps = options.timestamps;
  spec.pauses = options.pauses;
  if (options.beam < 1 || options.beam > kMaxBeam) {
    throw UsageError("--beam " + std::to_string(options.beam) + ": it must be from 1 to " +
                     std::to_string(kMaxBeam) + ".");
  }
  spec.beam = options.beam;
  spec.seed = options.seed;
  // Half of the context, as its makers do.
  spec.max_tokens =
      static_cast<uint32_t>(std::min<size_t>(spec.max_tokens, whisper.config().max_seq_len / 2));
  spec.max_positions = static_cast<uint32_t>(whisper.config().max_seq_len);
  if (!options.temperatures.empty()) spec.temperatures = options.temperatures;
  ReadPrompt(spec);
  spec.repetition = std::make_shared<const CompressionRule>(tokenizer_);
  const bool is_of_one_language = spec.tokens.languages.empty();
  if (is_of_one_language && spec.output == TranscribeSpec::Output::kEnglish) {
    throw UsageError("--to-english: this model knows English alone; try --model whisper-base");
  }
  if (!options.language.empty()) {
    for (const int32_t language : spec.tokens.languages) {
      if (LanguageOf(language) == options.language) spec.language = language;
    }
    if (spec.language < 0 && !(is_of_one_language && options.language == "en")) {
      std::string known = is_of_one_language ? "en" : "";
      for (const int32_t language : spec.tokens.languages) {
        known += (known.empty() ? "" : ", ") + LanguageOf(language);
      }
      throw UsageError("--language " + options.language + ": the model knows " + known);
    }
  }
  decode_spec_ = spec;
}

void TranscribeTask::ReadPrompt(TranscribeSpec& spec) const {
  const std::string text = Trimmed(options_.prompt);
  spec.previous_text = options_.previous_text;
  const bool shows = spec.previous_text == TranscribeSpec::PreviousText::kShow;
  if (text.empty() && !shows) return;
  if (spec.tokens.previous < 0) {
    throw UsageError(
        "--prompt and --previous-text: the model's tokeniser has no <|startofprev|>, behind which "
        "such "
        "text stands");
  }
  if (text.empty()) return;
  spec.prompt = tokenizer_.Encode(" " + text, SpecialTokens::kPlainText);
  const size_t most = PreviousText::MaxText(spec);
  if (spec.prompt.size() > most) {
    throw UsageError("--prompt has " + std::to_string(spec.prompt.size()) +
                     " tokens, and the model reads " + std::to_string(most) +
                     " at most: shorten it");
  }
}

std::string TranscribeTask::LanguageOf(int32_t token) const {
  if (token < 0) return "en";
  return std::string(LanguageCode(tokenizer_.vocabulary().texts[static_cast<size_t>(token)]));
}

size_t TranscribeTask::max_prompt_tokens() const { return SIZE_MAX; }

void TranscribeTask::Prepare(const Record& record, PrepareScratch& scratch,
                             ModelInput& input) const {
  rows_.Prepare(
      record, scratch, input, [](std::span<const std::byte> content, ModelInput& inspected) {
        AudioInfo info;
        std::string error = InspectAudio(content, info);
        if (error.empty()) error = CheckRates(info.sample_rate, kSpeechRate);
        if (!error.empty()) {
          inspected.status = RowStatus::kInvalid;
          inspected.error = std::move(error);
          return;
        }
        if (info.is_cut) inspected.status = RowStatus::kTruncated;
        inspected.cost =
            static_cast<uint32_t>((info.num_frames + info.sample_rate - 1) / info.sample_rate);
      });
}

std::vector<SpokenSegment> TranscribeTask::SegmentsOf(const RowResult& result) const {
  std::vector<SpokenSegment> segments;
  for (const TranscribedWindow& window : WindowsOf(result.decoded)) {
    for (const SpeechSegment& segment : SplitWindow(window, spec().tokens).segments) {
      if (tokenizer_.FindInvalidId(segment.tokens)) {
        throw DataError("a row's result holds tokens that the model has not");
      }
      const std::string text = Trimmed(tokenizer_.Decode(segment.tokens));
      if (text.empty()) continue;
      segments.push_back({segment.begin_frame / 100.0, segment.end_frame / 100.0, text});
    }
  }
  return segments;
}

void TranscribeTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(3, std::monostate());
  if (!IsFine(result.status) || result.decoded.answers.empty()) return;
  std::string text;
  for (const TranscribedWindow& window : WindowsOf(result.decoded)) {
    for (const SpeechSegment& segment : SplitWindow(window, spec().tokens).segments) {
      if (!tokenizer_.FindInvalidId(segment.tokens)) text += tokenizer_.Decode(segment.tokens);
    }
  }
  cells[0] = Trimmed(text);
  cells[1] = LanguageOf(WindowsOf(result.decoded).front().language);
  std::string list = "[";
  for (const SpokenSegment& segment : SegmentsOf(result)) {
    if (list.size() > 1) list += ", ";
    list += "{\"start\": ";
    AppendJsonNumber(segment.start, list);
    list += ", \"end\": ";
    AppendJsonNumber(segment.end, list);
    list += ", \"text\": ";
    AppendJsonString(segment.text, list);
    list += "}";
  }
  cells[2] = JsonText{list + "]"};
}

std::unique_ptr<GoldMeasure> TranscribeTask::MakeGoldMeasure(
    const std::optional<std::string>& gold_column) const {
  if (!gold_column) return nullptr;
  return std::make_unique<TranscriptMeasure>(*gold_column);
}

std::vector<std::pair<std::string, std::string>> TranscribeTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", "transcribe"}};
  entries.emplace_back("path", rows_.input_columns().front());
  entries.emplace_back("language", options_.language);
  entries.emplace_back(
      "output", spec().output == TranscribeSpec::Output::kEnglish ? "english" : "transcript");
  entries.emplace_back("timestamps", spec().timestamps == TranscribeSpec::Timestamps::kSegments
                                         ? "segments"
                                         : "none");
  std::string temperatures;
  for (const float temperature : spec().temperatures) {
    if (!temperatures.empty()) temperatures += ",";
    AppendJsonNumber(temperature, temperatures);
  }
  entries.emplace_back("temperatures", temperatures);
  entries.emplace_back("pauses", spec().pauses == TranscribeSpec::Pauses::kSkip ? "skip" : "read");
  entries.emplace_back("prompt", options_.prompt);
  entries.emplace_back("previous-text", spec().previous_text == TranscribeSpec::PreviousText::kShow
                                            ? "shown"
                                            : "forgotten");
  entries.emplace_back("beam", std::to_string(spec().beam));
  entries.emplace_back("seed", std::to_string(spec().seed));
  return entries;
}

}  // namespace rowmill
