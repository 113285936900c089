#include "tasks/passage_retriever.h"

#include "base/check.h"
#include "base/error.h"
#include "tasks/embed.h"

namespace rowmill {
namespace {

constexpr size_t kMaxPassages = 100;
// 4 MiB with five passages each.
constexpr size_t kMaxKnown = size_t{1} << 15;

// The row of the data set or of the collection as the encoder reads it: cut where it is too long,
// since the beginning of a text mostly says what it is about.
PromptOptions AsEncoderReads(const PromptOptions& question, const std::string& text_column) {
  PromptOptions options;
  options.text_column = text_column;
  options.mode = PromptMode::kRaw;
  options.clean = question.clean;
  options.redactor = question.redactor;
  options.overflow = Overflow::kTail;
  return options;
}

PromptRows EncoderRows(const TaskModel& model, const PromptOptions& question,
                       const std::string& text_column) {
  const PromptOptions options = AsEncoderReads(question, text_column);
  return PromptRows(model, options, PromptEncoder(model, options, PlainTextPrompt()), 0);
}

size_t ValidNumber(size_t num_passages) {
  if (num_passages > 0 && num_passages <= kMaxPassages) return num_passages;
  throw UsageError("--passages-k takes a number from 1 to " + std::to_string(kMaxPassages));
}

const Encoder& RequiredEncoder(const TaskModel& model) {
  CHECK(model.encoder != nullptr);
  return *model.encoder;
}

}  // namespace

PassageRetriever::PassageRetriever(const TaskModel& model, const RetrieverOptions& options,
                                   FileSystem& file_system, ThreadTeam& team)
    : encoder_(RequiredEncoder(model)),
      model_sha256_(model.sha256),
      questions_(EncoderRows(model, options.question, options.question.text_column)),
      num_passages_(ValidNumber(options.num_passages)),
      embedder_(encoder_, team),
      passages_(EncoderRows(model, options.question, options.text_column),
                {.path = options.path,
                 .texts = CollectionTexts::kAsRead,
                 .id_column = options.id_column,
                 .redactor = nullptr},
                file_system, embedder_) {}

std::vector<TextMatch> PassageRetriever::Retrieve(const Record& record) const {
  const std::lock_guard lock(mutex_);
  ModelInput input;
  questions_.Prepare(record, scratch_, input);
  if (!input.error.empty()) return {};
  const Digest128 digest = ComputeDigest128(std::as_bytes(std::span(input.tokens)), 0);
  const auto known = known_.find(digest);
  if (known != known_.end()) return known->second;
  std::vector<TextMatch> matches;
  embedder_.Embed(std::span(&input.tokens, 1), [&](size_t, std::span<const float> vector) {
    matches = passages_.Nearest(vector, num_passages_);
  });
  if (known_.size() < kMaxKnown) known_.emplace(digest, matches);
  return matches;
}

uint64_t PassageRetriever::bytes() const {
  constexpr size_t kNode = 64;  // of the map, without the matches
  return encoder_.weight_bytes() + embedder_.bytes() + passages_.bytes() +
         kMaxKnown * (kNode + num_passages_ * sizeof(TextMatch));
}

std::vector<std::pair<std::string, std::string>> PassageRetriever::FingerprintEntries() const {
  return {{"retriever", model_sha256_},
          {"passages", passages_.hash()},
          {"passages_k", std::to_string(num_passages_)}};
}

}  // namespace rowmill
