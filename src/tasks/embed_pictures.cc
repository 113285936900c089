#include "tasks/embed_pictures.h"

#include "tasks/model_kind.h"

namespace rowmill {

EmbedPicturesTask::EmbedPicturesTask(const TaskModel& model, const ImageLimits& limits,
                                     MediaRows rows)
    : PictureTask(std::move(rows), limits, {.output = RecognizeSpec::Output::kVector}) {
  RequireModelKind("embed, of pictures,", ModelKind::kImages, model);
}

void EmbedPicturesTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(1, std::monostate());
  if (!result.decoded.embedding.empty()) cells[0] = result.decoded.embedding;
}

std::vector<std::pair<std::string, std::string>> EmbedPicturesTask::FingerprintEntries() const {
  return {{"task", "embed pictures"},
          {"path", input_columns().front()},
          {"max_pixels", std::to_string(limits().max_pixels)}};
}

}  // namespace rowmill
