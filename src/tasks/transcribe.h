// What is said in each sound file, by Whisper: as text in its own language, or in English.
//
// Columns: `text`; `language` (a code, such as en); `segments`, a list of {"start", "end", "text"}
// with times in seconds. A model of one language has that one in every row.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "decode/speech_segments.h"
#include "tasks/media_rows.h"
#include "tasks/prompt_options.h"
#include "tasks/subtitles.h"
#include "tasks/task.h"

namespace rowmill {

class Whisper;

struct TranscribeOptions {
  std::string language;  // its code; empty: found for each clip
  TranscribeSpec::Output output = TranscribeSpec::Output::kTranscript;
  TranscribeSpec::Timestamps timestamps = TranscribeSpec::Timestamps::kSegments;
  TranscribeSpec::Pauses pauses = TranscribeSpec::Pauses::kRead;
  uint32_t beam = 1;
  std::vector<float> temperatures;  // empty: the spec's
  std::string prompt;               // text before every window; empty: none
  TranscribeSpec::PreviousText previous_text = TranscribeSpec::PreviousText::kForget;
  uint64_t seed = 0;
};

// Of files that count in a folder.
const std::vector<std::string>& SoundSuffixes();

// The steering tokens, by their text. Throws ModelError where one is missing.
SpeechTokens FindSpeechTokens(const Tokenizer& tokenizer, const Whisper& model);

class TranscribeTask final : public OneInputTask {
 public:
  // Throws UsageError where an option does not go with the model.
  TranscribeTask(const TaskModel& model, const TranscribeOptions& options, MediaRows rows);

  std::string_view name() const override { return "transcribe"; }
  const std::vector<std::string>& input_columns() const override { return rows_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override { rows_.CheckColumns(columns); }
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override;
  std::string_view work_name() const override { return "seconds"; }
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override;
  const std::vector<std::string>& columns() const override { return columns_; }
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::unique_ptr<GoldMeasure> MakeGoldMeasure(
      const std::optional<std::string>& gold_column) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

  // Of a row that was answered; none where nothing was said.
  std::vector<SpokenSegment> SegmentsOf(const RowResult& result) const;

 private:
  const TranscribeSpec& spec() const { return std::get<TranscribeSpec>(decode_spec_); }
  std::string LanguageOf(int32_t token) const;
  void ReadPrompt(TranscribeSpec& spec) const;

  const Tokenizer& tokenizer_;
  TranscribeOptions options_;
  MediaRows rows_;
  DecodeSpec decode_spec_;
  std::vector<std::string> columns_ = {"text", "language", "segments"};
};

}  // namespace rowmill
