// One thread (or a team) that owns whole pictures from file to answer: takes rows from the feed,
// reads and decodes their files, cuts them to the model's size and runs them together. The
// counterpart of EncodingUnit for pictures, with the same feed, sink, options and times.
//
// How pictures are put together cannot change a bit of any answer (models/image_model.h). At most
// kImagesPerThread pictures for each thread are in memory, and one decoded one per thread.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/file_system.h"
#include "engine/execution_unit.h"
#include "media/image_resize.h"
#include "models/image_model.h"

namespace rowmill {

class ImageUnit {
 public:
  ImageUnit(const ImageModel& model, const RecognizeSpec& spec, const UnitOptions& options,
            ThreadTeam& team, FileSystem& file_system);
  ~ImageUnit();

  // As ExecutionUnit::Run. A picture that cannot be read or decoded, or is no longer the one that
  // was planned, gets an outcome with an error.
  void Run(RowFeed& feed, OutcomeSink& sink, const std::atomic<bool>& stop);

  const UnitTimes& times() const { return times_; }
  void SetStepLog(StepLog* log) { step_log_ = log; }
  // Bytes of activations and pixels for such a unit; the largest picture that is allowed counts.
  static size_t WorkspaceBytes(const ImageModel& model, const RecognizeSpec& spec,
                               const UnitOptions& options, size_t num_threads);

 private:
  struct Decoding;  // memory of one thread

  static size_t MaxImages(const UnitOptions& options, size_t num_threads);
  // The text says what is wrong; empty where `pixels` are the row's.
  std::string ReadPixels(const UnitRow& row, Decoding& decoding, uint8_t* pixels) const;
  UnitOutcome MakeOutcome(const UnitRow& row, std::span<const float> output) const;
  void KeepClasses(std::span<const float> logits, DecodeResult& result) const;

  const ImageModel& model_;
  const RecognizeSpec& spec_;
  size_t max_images_;
  ThreadTeam& team_;
  FileSystem& file_system_;
  std::unique_ptr<ImageWorkspace> workspace_;
  std::vector<std::unique_ptr<Decoding>> decoding_;  // [threads]
  std::vector<uint8_t> pixels_;                      // [max_images, size, size, 3]
  UnitTimes times_;
  StepLog* step_log_ = nullptr;
};

}  // namespace rowmill
