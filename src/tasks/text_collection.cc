#include "tasks/text_collection.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "data/json_text.h"
#include "data/source.h"
#include "metrics/ranking.h"
#include "prep/redact/redactor.h"

namespace rowmill {
namespace {

// Four sums, so that additions do not wait for each other.
double DotProduct(std::span<const float> x, const float* y) {
  double sums[4] = {};
  size_t i = 0;
  for (; i + 4 <= x.size(); i += 4) {
    for (size_t j = 0; j < 4; ++j) {
      sums[j] += static_cast<double>(x[i + j]) * static_cast<double>(y[i + j]);
    }
  }
  for (; i < x.size(); ++i) sums[0] += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

std::string IdOf(const Record& record, const CollectionOptions& options) {
  const std::optional<FieldValue> id = record.Field(*options.id_column);
  if (id && id->kind != FieldKind::kNull) return id->text;
  throw UsageError("row " + std::to_string(record.index) + " of '" + options.path +
                   "' has no id in column '" + *options.id_column + "'");
}

void HashText(Sha256& hash, const std::string& text) {
  hash.Update(AsBytes(std::to_string(text.size()) + ":"));
  hash.Update(AsBytes(text));
}

}  // namespace

TextCollection::TextCollection(const PromptRows& rows, const CollectionOptions& options,
                               FileSystem& file_system, TextEmbedder& embedder) {
  SourceOptions source_options;
  source_options.input.path = options.path;
  const std::unique_ptr<Source> source = OpenSource(file_system, source_options);
  if (source->format() != Format::kJsonl) {
    rows.CheckColumns(source->columns());
    if (options.id_column) RequireColumn(source->columns(), *options.id_column, "the ids");
  }
  const std::string& text_column = rows.input_columns().front();
  std::vector<std::vector<int32_t>> ids;
  Record record;
  PrepareScratch scratch;
  ModelInput input;
  Sha256 hash;
  while (source->Next(record)) {
    std::string text;
    if (options.texts == CollectionTexts::kAsRead) {  // before Prepare, which may cut it
      input.Clear();
      if (record.problem.empty() && rows.ReadValues(record, scratch, input)) {
        text = scratch.values.front();
      }
    }
    rows.Prepare(record, scratch, input);
    if (!input.error.empty()) {
      ++num_skipped_;
      continue;
    }
    if (options.texts == CollectionTexts::kAsInFile) {
      text = record.Field(text_column).value_or(FieldValue{}).text;
      if (options.redactor != nullptr && options.redactor->options().output) {
        RedactCounts ignored;
        options.redactor->Redact(text, ignored);
      }
    }
    if (input.status == RowStatus::kTruncated) ++num_cut_;
    HashText(hash, std::to_string(record.index));
    HashText(hash, text);
    if (options.id_column) {
      ids_.push_back(IdOf(record, options));
      HashText(hash, ids_.back());
    }
    hash.Update(std::as_bytes(std::span(input.tokens)));
    rows_.push_back(record.index);
    texts_.push_back(std::move(text));
    ids.push_back(input.tokens);
  }
  if (source->damage()) throw DataError(*source->damage());
  if (ids.empty()) throw UsageError("'" + options.path + "' has no row with a usable text");
  hash_ = Hex(hash.Finish());
  const size_t dim = embedder.embedding_dim();
  vectors_.resize(ids.size() * dim);
  embedder.Embed(ids, [&](size_t text, std::span<const float> vector) {
    std::copy(vector.begin(), vector.end(), vectors_.begin() + static_cast<ptrdiff_t>(text * dim));
  });
}

std::vector<TextMatch> TextCollection::Nearest(std::span<const float> vector, size_t count) const {
  CHECK(vector.size() * texts_.size() == vectors_.size());
  std::vector<double> scores(texts_.size());
  for (size_t text = 0; text < scores.size(); ++text) {
    scores[text] = DotProduct(vector, vectors_.data() + text * vector.size());
  }
  std::vector<TextMatch> matches;
  for (const size_t text : LargestScores(scores, count)) {
    matches.push_back({text, static_cast<float>(scores[text])});
  }
  return matches;
}

std::string TextCollection::Name(size_t text) const {
  return ids_.empty() ? std::to_string(rows_[text]) : ids_[text];
}

std::string TextCollection::ToJson(std::span<const TextMatch> matches) const {
  std::string json = "[";
  for (const TextMatch& match : matches) {
    if (json.size() > 1) json += ", ";
    json += "{\"row\": " + std::to_string(rows_[match.text]);
    if (!ids_.empty()) {
      json += ", \"id\": ";
      AppendJsonString(ids_[match.text], json);
    }
    json += ", \"score\": ";
    AppendJsonNumber(match.score, json);
    json += ", \"text\": ";
    AppendJsonString(texts_[match.text], json);
    json += "}";
  }
  return json + "]";
}

uint64_t TextCollection::bytes() const {
  uint64_t bytes = vectors_.size() * sizeof(float) + rows_.size() * sizeof(uint64_t);
  for (const std::vector<std::string>* list : {&ids_, &texts_}) {
    for (const std::string& text : *list) bytes += sizeof(std::string) + text.capacity();
  }
  return bytes;
}

}  // namespace rowmill
