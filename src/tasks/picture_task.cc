#include "tasks/picture_task.h"

namespace rowmill {

PictureTask::PictureTask(MediaRows rows, const ImageLimits& limits, RecognizeSpec spec)
    : rows_(std::move(rows)), limits_(limits) {
  spec.max_pixels = limits.max_pixels;
  decode_spec_ = spec;
}

void PictureTask::Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const {
  rows_.Prepare(record, scratch, input, [&](std::span<const std::byte> file, ModelInput& made) {
    ImageInfo info;
    made.error = InspectImage(file, limits_, info);
    if (!made.error.empty()) made.status = RowStatus::kError;
  });
}

}  // namespace rowmill
