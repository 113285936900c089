// One thread (or a team) that owns whole clips of sound from file to text, for Whisper. The
// counterpart of ExecutionUnit (decoders), EncodingUnit (encoders) and SequenceToSequenceUnit
// (encoder-decoders), with the same feed, sink, options and times.
//
// A clip is read, decoded and brought to features when it is admitted. Its windows of 30 seconds
// follow one another, since where the next one begins is read off the timestamps of the last;
// windows of different clips are in flight together, each step gives a token to all of them, and a
// new window is encoded whenever one ends. How clips are put together cannot change a bit of any
// answer.
//
// What it is not: it knows no text. A row's tokens are the digest of its file
// (tasks/media_rows.h), its answer is windows as decode/speech_segments.h keeps them.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <vector>

#include "base/file_system.h"
#include "decode/speech_segments.h"
#include "decode/window_decoder.h"
#include "engine/execution_unit.h"
#include "engine/step_log.h"
#include "media/log_mel.h"
#include "models/whisper.h"

namespace rowmill {

// What a unit runs with besides model and spec; all outlive it.
struct TranscriptionContext {
  const kernels::KernelTable& kernels;
  const UnitOptions& options;
  FileSystem& file_system;
  ThreadTeam& team;
};

class TranscriptionUnit {
 public:
  TranscriptionUnit(const Whisper& model, const TranscribeSpec& spec,
                    const TranscriptionContext& context);
  ~TranscriptionUnit();

  // As ExecutionUnit::Run.
  void Run(RowFeed& feed, OutcomeSink& sink, const std::atomic<bool>& stop);

  const UnitTimes& times() const { return times_; }
  void SetStepLog(StepLog* log) { step_log_ = log; }
  // Bytes of activations, of the windows in flight, and of a clip while it is opened.
  static size_t WorkspaceBytes(const Whisper& model, const TranscribeSpec& spec,
                               size_t num_threads);
  static size_t ClipBytes(const Whisper& model, size_t seconds);
  static size_t WindowsBytes(const Whisper& model, const TranscribeSpec& spec,
                             const UnitOptions& options);

 private:
  struct Clip;    // a row in flight
  struct Window;  // the part of it that is being written

  static size_t MaxTokens(const TranscribeSpec& spec);
  static size_t WindowBytes(const Whisper& model, const TranscribeSpec& spec);
  static size_t MaxWindows(const Whisper& model, const TranscribeSpec& spec,
                           const UnitOptions& options);
  void Admit(RowFeed& feed, OutcomeSink& sink);
  std::string OpenClip(const UnitRow& row, Clip& clip);
  void SkipPause(Clip& clip) const;
  void OpenWindow(Clip& clip);
  KvSequence NewPast();
  void Step();
  void ExchangePasts(Window& window);
  // False where the clip is over.
  bool CloseWindow(Window& window);
  void PutClip(Clip& clip, OutcomeSink& sink);

  const Whisper& model_;
  TranscribeSpec spec_;
  const kernels::KernelTable& kernels_;
  UnitOptions options_;
  FileSystem& file_system_;
  ThreadTeam& team_;
  LogMel log_mel_;
  WhisperWorkspace workspace_;
  KvPool pool_;
  std::list<std::unique_ptr<Clip>> clips_;
  std::list<std::unique_ptr<Window>> windows_;  // in order of admission
  std::vector<float> mel_;                      // of one window
  bool feed_empty_ = false;
  UnitTimes times_;
  StepLog* step_log_ = nullptr;
};

}  // namespace rowmill
