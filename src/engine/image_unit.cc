#include "engine/image_unit.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/clock.h"
#include "base/real_math.h"
#include "decode/linear_head.h"
#include "metrics/ranking.h"
#include "models/encoder.h"
#include "tasks/image_preparation.h"
#include "tasks/media_rows.h"

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;

// Enough to use the weights of the last layers, whose maps are small, more than once; and few
// enough that all units have work to the end.
constexpr size_t kImagesPerThread = 8;

bool AllFinite(std::span<const float> vector) {
  return std::all_of(vector.begin(), vector.end(), [](float x) { return IsFinite(x); });
}

}  // namespace

struct ImageUnit::Decoding {
  std::vector<std::byte> file;
  RgbImage image;
  PreparedImage prepared;
};

size_t ImageUnit::MaxImages(const UnitOptions& options, size_t num_threads) {
  return std::min(options.max_rows, kImagesPerThread * num_threads);
}

size_t ImageUnit::WorkspaceBytes(const ImageModel& model, const RecognizeSpec& spec,
                                 const UnitOptions& options, size_t num_threads) {
  const size_t max_images = MaxImages(options, num_threads);
  const size_t size = model.preparation().size;
  return model.WorkspaceBytes(max_images, num_threads) + max_images * size * size * 3 +
         num_threads * static_cast<size_t>(spec.max_pixels) * 3;
}

ImageUnit::ImageUnit(const ImageModel& model, const RecognizeSpec& spec, const UnitOptions& options,
                     ThreadTeam& team, FileSystem& file_system)
    : model_(model),
      spec_(spec),
      max_images_(MaxImages(options, team.num_threads())),
      team_(team),
      file_system_(file_system),
      workspace_(model.MakeWorkspace(max_images_, team.num_threads())),
      pixels_(max_images_ * model.preparation().size * model.preparation().size * 3) {
  CHECK(max_images_ >= 1 && spec.top >= 1);
  for (size_t i = 0; i < team.num_threads(); ++i) {
    decoding_.push_back(std::make_unique<Decoding>());
  }
}

ImageUnit::~ImageUnit() = default;

std::string ImageUnit::ReadPixels(const UnitRow& row, Decoding& decoding, uint8_t* pixels) const {
  std::string error = ReadPlannedFile(file_system_, row.path, row.tokens, decoding.file);
  if (!error.empty()) return error;
  error = DecodeImage(decoding.file, {.max_pixels = spec_.max_pixels}, decoding.image);
  if (!error.empty()) return error;
  PrepareImage(decoding.image, model_.preparation(), decoding.prepared);
  const std::vector<uint8_t>& made = decoding.prepared.image.pixels;
  std::copy(made.begin(), made.end(), pixels);
  return "";
}

void ImageUnit::Run(RowFeed& feed, OutcomeSink& sink, const std::atomic<bool>& stop) {
  const size_t image_bytes = model_.preparation().size * model_.preparation().size * 3;
  std::vector<UnitRow> rows;
  std::vector<std::string> errors;
  std::vector<const uint8_t*> images;
  std::vector<size_t> image_rows;  // of each of images
  bool feed_empty = false;
  while (!feed_empty && !stop.load(std::memory_order_relaxed)) {
    const Clock::time_point start = Clock::now();
    rows.clear();
    while (rows.size() < max_images_) {
      UnitRow row;
      if (!feed.Next(row)) {
        feed_empty = true;
        break;
      }
      rows.push_back(std::move(row));
    }
    if (rows.empty()) break;
    const Clock::time_point decode_start = Clock::now();
    times_.wait_seconds += std::chrono::duration<double>(decode_start - start).count();
    errors.assign(rows.size(), "");
    team_.ParallelFor(rows.size(), [&](size_t i, size_t worker) {
      errors[i] = ReadPixels(rows[i], *decoding_[worker], pixels_.data() + i * image_bytes);
    });
    images.clear();
    image_rows.clear();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!errors[i].empty()) continue;
      images.push_back(pixels_.data() + i * image_bytes);
      image_rows.push_back(i);
    }
    const Clock::time_point model_start = Clock::now();
    times_.decode_seconds += std::chrono::duration<double>(model_start - decode_start).count();
    std::vector<UnitOutcome> outcomes(rows.size());
    if (!images.empty()) {
      const bool wants_classes = spec_.output == RecognizeSpec::Output::kClasses;
      model_.Run(images, wants_classes ? ImageOutput::kLogits : ImageOutput::kEmbedding,
                 *workspace_, team_, [&](size_t image, std::span<const float> output) {
                   const size_t row = image_rows[image];
                   outcomes[row] = MakeOutcome(rows[row], output);
                 });
    }
    times_.model_seconds += SecondsSince(model_start);
    ++times_.steps;
    times_.tokens += images.size();
    if (step_log_ != nullptr) {
      step_log_->Add(decode_start, Clock::now(), images.size(), rows.size());
    }
    const double seconds = SecondsSince(start);
    const Clock::time_point put_start = Clock::now();
    for (size_t i = 0; i < rows.size(); ++i) {
      outcomes[i].row = rows[i].row;
      outcomes[i].error = std::move(errors[i]);
      outcomes[i].computed_tokens = rows[i].cost;  // an error has cost its decoding
      outcomes[i].seconds = seconds;
      sink.Put(std::move(outcomes[i]));
    }
    times_.wait_seconds += SecondsSince(put_start);
  }
}

UnitOutcome ImageUnit::MakeOutcome(const UnitRow& row, std::span<const float> output) const {
  UnitOutcome outcome;
  outcome.prompt_tokens = row.cost;
  outcome.decoded.finite = AllFinite(output);
  if (!outcome.decoded.finite) return outcome;
  if (spec_.output == RecognizeSpec::Output::kVector) {
    outcome.decoded.embedding.resize(output.size());
    ToUnitLength(std::vector<double>(output.begin(), output.end()), outcome.decoded.embedding);
  } else {
    KeepClasses(output, outcome.decoded);
  }
  return outcome;
}

void ImageUnit::KeepClasses(std::span<const float> logits, DecodeResult& result) const {
  const std::vector<double> scores(logits.begin(), logits.end());
  const std::vector<double> log_probs = LogSoftmax(scores);
  std::vector<int32_t>& classes = result.answers.emplace_back();
  for (const size_t i : LargestScores(scores, spec_.top)) {
    classes.push_back(static_cast<int32_t>(i));
    result.label_log_probs.push_back(log_probs[i]);
  }
}

}  // namespace rowmill
