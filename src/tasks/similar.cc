#include "tasks/similar.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "data/json_text.h"
#include "data/source.h"
#include "prep/redact/redactor.h"
#include "tasks/embed.h"

namespace rowmill {

std::vector<size_t> LargestScores(std::span<const double> scores, size_t count) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  count = std::min(count, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
      [&](size_t a, size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  order.resize(count);
  return order;
}

SimilarTask::SimilarTask(const TaskModel& model, const SimilarOptions& options,
                         FileSystem& file_system, ThreadTeam& team)
    : rows_(model, options.prompt,
            PromptEncoder(model, EncoderPrompt(options.prompt), PlainTextPrompt()), 0),
      num_results_(options.num_results) {
  CHECK(model.encoder != nullptr);
  const Encoder& encoder = *model.encoder;
  if (num_results_ == 0 || num_results_ > 1000) {
    throw UsageError("-k takes a number from 1 to 1000");
  }
  SourceOptions source_options;
  source_options.input.path = options.others;
  const std::unique_ptr<Source> source = OpenSource(file_system, source_options);
  if (source->format() != Format::kJsonl) CheckColumns(source->columns());
  const std::string& text_column = rows_.input_columns().front();
  std::vector<std::vector<int32_t>> ids;
  Record record;
  PrepareScratch scratch;
  ModelInput input;
  Sha256 hash;
  while (source->Next(record)) {
    rows_.Prepare(record, scratch, input);
    if (!input.error.empty()) {
      ++num_skipped_;
      continue;
    }
    rows_of_others_.push_back(record.index);
    texts_.push_back(record.Field(text_column).value_or(FieldValue{}).text);
    if (options.prompt.redactor != nullptr && options.prompt.redactor->options().output) {
      RedactCounts ignored;
      options.prompt.redactor->Redact(texts_.back(), ignored);
    }
    hash.Update(AsBytes(std::to_string(record.index) + ":" + std::to_string(texts_.back().size())));
    hash.Update(AsBytes(texts_.back()));
    hash.Update(std::as_bytes(std::span(input.tokens)));
    ids.push_back(input.tokens);
  }
  if (source->damage()) throw DataError(*source->damage());
  if (ids.empty()) {
    throw UsageError("'" + options.others + "' has no row with a text to compare with.");
  }
  others_hash_ = Hex(hash.Finish());
  vectors_.reserve(ids.size() * encoder.embedding_dim());
  for (const std::vector<float>& vector : EmbedTokens(encoder, team, ids)) {
    vectors_.insert(vectors_.end(), vector.begin(), vector.end());
  }
}

void SimilarTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(1, std::monostate());
  const std::vector<float>& vector = result.decoded.embedding;
  if (vector.empty()) return;
  const size_t dim = vector.size();
  CHECK(vectors_.size() == rows_of_others_.size() * dim);
  std::vector<double> scores(rows_of_others_.size());
  for (size_t other = 0; other < scores.size(); ++other) {
    // Four sums, so that additions do not wait for each other.
    const float* y = vectors_.data() + other * dim;
    double sums[4] = {};
    size_t i = 0;
    for (; i + 4 <= dim; i += 4) {
      for (size_t j = 0; j < 4; ++j) {
        sums[j] += static_cast<double>(vector[i + j]) * static_cast<double>(y[i + j]);
      }
    }
    for (; i < dim; ++i) sums[0] += static_cast<double>(vector[i]) * static_cast<double>(y[i]);
    scores[other] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  JsonText list{"["};
  for (const size_t other : LargestScores(scores, num_results_)) {
    if (list.text.size() > 1) list.text += ", ";
    list.text += "{\"row\": " + std::to_string(rows_of_others_[other]) + ", \"score\": ";
    AppendJsonNumber(static_cast<float>(scores[other]), list.text);
    list.text += ", \"text\": ";
    AppendJsonString(texts_[other], list.text);
    list.text += "}";
  }
  list.text += "]";
  cells[0] = std::move(list);
}

std::vector<std::pair<std::string, std::string>> SimilarTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", "similar"}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  entries.emplace_back("others", others_hash_);
  entries.emplace_back("k", std::to_string(num_results_));
  return entries;
}

}  // namespace rowmill
