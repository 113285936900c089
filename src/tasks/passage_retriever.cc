#include "tasks/passage_retriever.h"

#include "base/check.h"
#include "base/error.h"
#include "tasks/embed.h"

namespace rowmill {
namespace {

constexpr size_t kMaxPassages = 100;
// 4 MiB with five passages each.
constexpr size_t kMaxKnown = size_t{1} << 15;

// One side of the search: rows of the data set or of the collection.
struct Side {
  std::string text_column;
  std::optional<std::string> prompt;
  const char* prompt_name;
};

Side Questions(const RetrieverOptions& options) {
  return {options.question.text_column, options.question_prompt, "--question-prompt"};
}

Side Passages(const RetrieverOptions& options) {
  return {options.text_column, options.passage_prompt, "--passage-prompt"};
}

// Rows as the encoder reads them: cut where they are too long, since the beginning of a text mostly
// says what it is about.
PromptRows EncoderRows(const TaskModel& model, const PromptOptions& question, const Side& side) {
  PromptOptions options;
  options.text_column = side.text_column;
  options.prompt = side.prompt;
  options.prompt_name = side.prompt_name;
  options.mode = PromptMode::kRaw;
  options.clean = question.clean;
  options.redactor = question.redactor;
  options.overflow = Overflow::kTail;
  PromptEncoder encoder(model, options, PlainTextPrompt());
  if (encoder.columns().size() != 1 || encoder.columns().front().column != side.text_column) {
    throw UsageError(std::string(side.prompt_name) +
                     " is written around one text: it takes {{text}} and nothing else of a row");
  }
  return PromptRows(model, options, std::move(encoder), 0);
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
      questions_(EncoderRows(model, options.question, Questions(options))),
      question_prompt_(options.question_prompt),
      num_passages_(ValidNumber(options.num_passages)),
      embedder_(encoder_, team),
      passages_(EncoderRows(model, options.question, Passages(options)),
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
  std::vector<std::pair<std::string, std::string>> entries = {
      {"retriever", model_sha256_},
      {"passages", passages_.hash()},
      {"passages_k", std::to_string(num_passages_)}};
  if (question_prompt_) entries.emplace_back("question_prompt", *question_prompt_);
  return entries;
}

}  // namespace rowmill
