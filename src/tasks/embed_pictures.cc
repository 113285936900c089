#include "tasks/embed_pictures.h"

#include "tasks/model_kind.h"
#include "tasks/picture_rows.h"

namespace rowmill {

EmbedPicturesTask::EmbedPicturesTask(const TaskModel& model, const ImageLimits& limits,
                                     MediaRows rows)
    : rows_(std::move(rows)), limits_(limits) {
  RequireModelKind("embed, of pictures,", ModelKind::kImages, model);
  RecognizeSpec spec;
  spec.output = RecognizeSpec::Output::kVector;
  spec.max_pixels = limits.max_pixels;
  decode_spec_ = spec;
}

void EmbedPicturesTask::Prepare(const Record& record, PrepareScratch& scratch,
                                ModelInput& input) const {
  PreparePicture(rows_, limits_, record, scratch, input);
}

void EmbedPicturesTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(1, std::monostate());
  if (!result.decoded.embedding.empty()) cells[0] = result.decoded.embedding;
}

std::vector<std::pair<std::string, std::string>> EmbedPicturesTask::FingerprintEntries() const {
  return {{"task", "embed pictures"},
          {"path", rows_.input_columns().front()},
          {"max_pixels", std::to_string(limits_.max_pixels)}};
}

}  // namespace rowmill
