// Rows that are pictures, for all tasks over them.
#pragma once

#include "media/image.h"
#include "tasks/media_rows.h"

namespace rowmill {

// As MediaRows::Prepare; what is no picture, or a larger one than `limits` allow, is an error.
void PreparePicture(const MediaRows& rows, const ImageLimits& limits, const Record& record,
                    PrepareScratch& scratch, ModelInput& input);

}  // namespace rowmill
