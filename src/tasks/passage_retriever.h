// Finds the passages of a collection that are nearest to a question, by an encoder: the largest
// cosines of their vectors (dense retrieval, Karpukhin et al., arXiv:2004.04906, with one encoder
// for both sides). A passage longer than the encoder's positions is found by its beginning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/hash.h"
#include "tasks/prompt_rows.h"
#include "tasks/text_collection.h"

namespace rowmill {

struct RetrieverOptions {
  PromptOptions question;  // what is read, cleaned and redacted as the question
  // What the encoder wants around each, such as "query: {{text}}"; nothing: the text as it is.
  std::optional<std::string> question_prompt;
  std::optional<std::string> passage_prompt;
  std::string path;  // of the file with the passages
  std::string text_column = "text";
  std::optional<std::string> id_column;
  size_t num_passages = 1;
};

class PassageRetriever {
 public:
  // Reads and embeds the passages. Model and team outlive the retriever. Throws UsageError as
  // TextCollection, and where the number of passages is out of range.
  PassageRetriever(const TaskModel& model, const RetrieverOptions& options, FileSystem& file_system,
                   ThreadTeam& team);

  // The passages for the record's question, best first; none where it has no question. A function
  // of the question's text alone. Thread-safe; one question at a time.
  std::vector<TextMatch> Retrieve(const Record& record) const;

  const TextCollection& passages() const { return passages_; }
  size_t num_passages() const { return num_passages_; }
  // Of the encoder's weights and activations, the passages and what is remembered.
  uint64_t bytes() const;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const;

 private:
  struct DigestHash {
    size_t operator()(const Digest128& digest) const { return digest.lo; }
  };

  const Encoder& encoder_;
  std::string model_sha256_;
  PromptRows questions_;
  std::optional<std::string> question_prompt_;  // that of passages shows in their tokens
  size_t num_passages_;
  mutable TextEmbedder embedder_;
  TextCollection passages_;
  mutable std::mutex mutex_;
  mutable PrepareScratch scratch_;
  // A question is asked twice, when its row is planned and when it is written. So many are
  // remembered; those beyond are embedded again, with the same result.
  mutable std::unordered_map<Digest128, std::vector<TextMatch>, DigestHash> known_;
};

}  // namespace rowmill
