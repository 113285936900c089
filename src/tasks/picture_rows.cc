#include "tasks/picture_rows.h"

namespace rowmill {

void PreparePicture(const MediaRows& rows, const ImageLimits& limits, const Record& record,
                    PrepareScratch& scratch, ModelInput& input) {
  rows.Prepare(record, scratch, input, [&](std::span<const std::byte> file, ModelInput& made) {
    ImageInfo info;
    made.error = InspectImage(file, limits, info);
    if (!made.error.empty()) made.status = RowStatus::kError;
  });
}

}  // namespace rowmill
