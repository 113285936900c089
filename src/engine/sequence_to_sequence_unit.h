// One thread (or a team) that owns whole rows from source to target, for encoder-decoders. The
// counterpart of ExecutionUnit (decoders) and EncodingUnit (encoders), with the same feed, sink,
// options and times.
//
// Continuous ragged batching: source texts are encoded in batches up to the token budget whenever
// there is room for more, and each step gives a token to every open hypothesis of every text in
// flight. A text's keys and values for cross-attention are computed once and shared by its
// hypotheses. How texts are put together cannot change a bit of any answer
// (models/encoder_decoder.h).
//
// What it is not: it knows no text; a row's tokens are source texts as TranslateSpec says.
#pragma once

#include <atomic>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "decode/beam_search.h"
#include "engine/execution_unit.h"
#include "models/encoder_decoder.h"

namespace rowmill {

class SequenceToSequenceUnit {
 public:
  SequenceToSequenceUnit(const EncoderDecoder& model, const kernels::KernelTable& kernels,
                         const TranslateSpec& spec, const UnitOptions& options, ThreadTeam& team);
  ~SequenceToSequenceUnit();

  // As ExecutionUnit::Run.
  void Run(RowFeed& feed, OutcomeSink& sink, const std::atomic<bool>& stop);

  const UnitTimes& times() const { return times_; }
  void SetStepLog(StepLog* log) { step_log_ = log; }
  // Bytes of activations for such a unit.
  static size_t WorkspaceBytes(const EncoderDecoder& model, const TranslateSpec& spec,
                               const UnitOptions& options, size_t num_threads);
  // Bytes that a text of so many tokens and its hypotheses take at most while in flight.
  static size_t TextBytes(const EncoderDecoder& model, const TranslateSpec& spec, size_t length);

 private:
  struct Row;   // a row in flight
  struct Text;  // one source text of it and its hypotheses

  static size_t MaxTokens(const TranslateSpec& spec, const UnitOptions& options);
  uint32_t MaxAnswer(size_t source_length) const;
  void Admit(RowFeed& feed);
  bool TakeRow(RowFeed& feed);
  void SplitRow(UnitRow input);
  void EncodeWaiting();
  void Step();
  void AdvanceText(Text& text);
  void EndTexts(OutcomeSink& sink);

  const EncoderDecoder& model_;
  const kernels::KernelTable& kernels_;
  TranslateSpec spec_;
  UnitOptions options_;
  ThreadTeam& team_;
  EncoderDecoderWorkspace workspace_;
  std::list<Row> rows_;                         // in order of admission
  std::deque<std::unique_ptr<Text>> waiting_;   // not encoded yet
  size_t waiting_tokens_ = 0;                   // of those
  std::vector<std::unique_ptr<Text>> running_;  // encoded
  size_t running_bytes_ = 0;                    // of those, by TextBytes
  bool feed_empty_ = false;
  UnitTimes times_;
  StepLog* step_log_ = nullptr;
};

}  // namespace rowmill
