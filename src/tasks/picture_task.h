// Tasks whose rows are pictures: what they all do with a row before the model sees it. What comes
// of it is each task's own.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/image.h"
#include "tasks/media_rows.h"
#include "tasks/task.h"

namespace rowmill {

class PictureTask : public OneInputTask {
 public:
  std::string_view work_name() const final { return "images"; }
  const std::vector<std::string>& input_columns() const final { return rows_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const final { rows_.CheckColumns(columns); }
  // What is no picture, or a larger one than the limits allow, is an error of the row.
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const final;
  const DecodeSpec& decode_spec() const final { return decode_spec_; }
  size_t max_prompt_tokens() const final { return 1; }

 protected:
  // `spec`: but for its max_pixels, which is that of `limits`.
  PictureTask(MediaRows rows, const ImageLimits& limits, RecognizeSpec spec);

  const ImageLimits& limits() const { return limits_; }

 private:
  MediaRows rows_;
  ImageLimits limits_;
  DecodeSpec decode_spec_;
};

}  // namespace rowmill
