// The texts of a file with the vector of each, and which of them are nearest to another vector: the
// other file of `similar`, the passages of `answer`. All are compared, nothing is approximated.
// Texts and vectors are held in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "tasks/embed_texts.h"
#include "tasks/prompt_rows.h"

namespace rowmill {

// How the collection shows its texts.
enum class CollectionTexts : uint8_t {
  kAsInFile,  // redacted where --redact-output asks for it
  kAsRead,    // cleaned and redacted, as a model reads them
};

struct CollectionOptions {
  std::string path;
  CollectionTexts texts = CollectionTexts::kAsInFile;
  std::optional<std::string> id_column;      // what texts are called, besides by their row
  std::shared_ptr<const Redactor> redactor;  // null where nothing is redacted
};

struct TextMatch {
  size_t text = 0;  // position in the collection
  float score = 0;  // cosine
};

class TextCollection {
 public:
  // Reads and embeds the file; `rows` says how its texts become tokens of the encoder. Throws
  // UsageError where no row of it has a text, or a row has no id, and DataError where it is
  // damaged.
  TextCollection(const PromptRows& rows, const CollectionOptions& options, FileSystem& file_system,
                 TextEmbedder& embedder);

  // The `count` nearest, best first, equal scores by row. `vector` [embedding_dim] has length 1.
  std::vector<TextMatch> Nearest(std::span<const float> vector, size_t count) const;

  size_t size() const { return texts_.size(); }
  const std::string& Text(size_t text) const { return texts_[text]; }
  // The value of the id column, or else the 0-based row of the file.
  std::string Name(size_t text) const;
  // `[{"row": 3, "id": "p4", "score": 0.9, "text": "..."}, ...]`, ids only where there are some.
  std::string ToJson(std::span<const TextMatch> matches) const;

  size_t num_skipped() const { return num_skipped_; }  // rows of the file without a usable text
  size_t num_cut() const { return num_cut_; }  // texts of which the vector knows the beginning only
  uint64_t bytes() const;                      // held in memory
  const std::string& hash() const { return hash_; }  // SHA-256 of rows, ids, texts and tokens

 private:
  std::vector<float> vectors_;  // [texts, embedding_dim]
  std::vector<uint64_t> rows_;
  std::vector<std::string> ids_;  // empty where there is no id column
  std::vector<std::string> texts_;
  size_t num_skipped_ = 0;
  size_t num_cut_ = 0;
  std::string hash_;
};

}  // namespace rowmill
