#include "tasks/embed_texts.h"

#include <algorithm>

#include "base/check.h"
#include "text/tokenizer.h"

namespace rowmill {
namespace {

constexpr size_t kBatchTokens = 1024;

size_t MaxTokens(const Encoder& encoder) { return std::max(kBatchTokens, encoder.max_seq_len()); }

}  // namespace

TextEmbedder::TextEmbedder(const Encoder& encoder, ThreadTeam& team)
    : encoder_(encoder),
      team_(team),
      workspace_(encoder.shape(), MaxTokens(encoder), encoder.max_seq_len(), team.num_threads()) {}

uint64_t TextEmbedder::bytes() const {
  return EncoderWorkspace::BytesFor(encoder_.shape(), MaxTokens(encoder_), encoder_.max_seq_len(),
                                    team_.num_threads());
}

void TextEmbedder::Embed(std::span<const std::vector<int32_t>> ids, VectorVisitor visit) {
  size_t begin = 0;  // first text of the batch
  const auto run = [&] {
    encoder_.Encode(
        batch_, EncoderOutput::kEmbedding, workspace_, team_,
        [&](size_t text, std::span<const float> vector) { visit(begin + text, vector); });
    begin += batch_.lengths.size();
    batch_.clear();
  };
  for (const std::vector<int32_t>& text : ids) {
    CHECK(!text.empty() && text.size() <= encoder_.max_seq_len());
    if (!batch_.lengths.empty() && batch_.tokens.size() + text.size() > kBatchTokens) run();
    batch_.tokens.insert(batch_.tokens.end(), text.begin(), text.end());
    batch_.lengths.push_back(static_cast<uint32_t>(text.size()));
  }
  if (!batch_.lengths.empty()) run();
}

std::vector<int32_t> PlainTextIds(const TaskModel& model, std::string_view text) {
  const Tokenizer& tokenizer = *model.tokenizer;
  const size_t around = tokenizer.start_ids().size() + tokenizer.end_ids().size();
  CHECK(model.encoder->max_seq_len() > around);
  std::vector<int32_t> ids = tokenizer.Encode(text, SpecialTokens::kPlainText);
  ids.resize(std::min(ids.size(), model.encoder->max_seq_len() - around));
  ids.insert(ids.begin(), tokenizer.start_ids().begin(), tokenizer.start_ids().end());
  ids.insert(ids.end(), tokenizer.end_ids().begin(), tokenizer.end_ids().end());
  return ids;
}

std::vector<std::vector<float>> EmbedTokens(const Encoder& encoder, ThreadTeam& team,
                                            std::span<const std::vector<int32_t>> ids) {
  std::vector<std::vector<float>> vectors(ids.size());
  TextEmbedder(encoder, team).Embed(ids, [&](size_t text, std::span<const float> vector) {
    vectors[text].assign(vector.begin(), vector.end());
  });
  return vectors;
}

}  // namespace rowmill
