// A vector for each picture, by a model of pictures: pictures of alike things lie in alike
// directions. The counterpart of EmbedTask (tasks/embed.h) for rows that are files, with the same
// column.
//
// The vector is that of the class token behind the last norm (ViT, DeiT, DINOv2), or the mean of
// the last feature map over all places (EfficientNet-Lite), brought to length 1.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/image.h"
#include "tasks/media_rows.h"
#include "tasks/picture_task.h"
#include "tasks/prompt_options.h"

namespace rowmill {

class EmbedPicturesTask final : public PictureTask {
 public:
  // Throws UsageError where the model is none of pictures.
  EmbedPicturesTask(const TaskModel& model, const ImageLimits& limits, MediaRows rows);

  std::string_view name() const override { return "embed"; }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<CellKind> column_kinds() const override { return {CellKind::kFloats}; }
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

 private:
  std::vector<std::string> columns_ = {"embedding"};
};

}  // namespace rowmill
