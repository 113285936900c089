// Which answers of a job are in an answer store (engine/answer_store.h) already, and what the job
// has to add to it.
//
// A key holds all that an answer depends on: the engine's version, the model's hash, the numeric
// recipe, what the task does (its fingerprint entries), and the tokens of the input. So an edited
// row, another prompt, seed or model finds nothing, and a row that was moved, in another file or
// from another job finds its answer.
//
// Labels are scored one by one, and a label's score is the same bits whatever other labels there
// are (decode/label_trie.h). So scores are kept by prompt and label, the task has no part in the
// key, and where labels were added to the set the rows are run for those alone.
//
// What it is not: a way to other bytes. Only answers of rows that were fine are kept.
//
// Look and Keep are for one thread; MissingLabels may be called by any number of them meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decode/decode_spec.h"
#include "engine/answer_store.h"
#include "tasks/row_result.h"

namespace rowmill {

class StoredAnswers {
 public:
  struct Job {
    std::string_view model_sha256;
    std::string_view numerics;
    const DecodeSpec& decode_spec;  // outlives the object
    std::vector<std::pair<std::string, std::string>> task_entries;
  };
  // `scratch_folder`: for what is known of inputs that have some of their labels.
  StoredAnswers(FileSystem& file_system, const std::string& store_folder, const Job& job,
                const std::string& scratch_folder);

  // The answer to an input, or nothing where the store has none; where it has the scores of some
  // labels they are kept for Complete. Inputs come in ascending order.
  std::optional<RowResult> Look(uint64_t input, std::span<const int32_t> tokens,
                                uint32_t num_scored);
  // The labels that the input has to be run for; null: all.
  const LabelTrie* MissingLabels(uint64_t input) const;
  // Makes the scores of MissingLabels those of all labels.
  void Complete(uint64_t input, DecodeResult& decoded) const;

  // Adds what the store lacks of an answer.
  void Keep(std::span<const int32_t> tokens, uint32_t num_scored, const RowResult& result);
  // Makes it visible to other jobs. Throws IoError.
  void Publish() { writer_.Publish(); }

  uint64_t num_kept() const { return writer_.num_added(); }
  uint64_t num_damaged() const { return store_.num_damaged(); }
  // Inputs that were run for some labels alone.
  uint64_t num_completed() const { return num_completed_; }

 private:
  struct LabelSet {
    std::vector<uint32_t> labels;  // of all labels those that are missing, ascending
    std::unique_ptr<const LabelTrie> trie;
  };

  AnswerKey KeyOf(std::span<const int32_t> tokens, uint32_t num_scored) const;
  // Fills scores_ with the scores that the store has, and returns how many labels have none.
  size_t FindScores(const AnswerKey& key);
  void RememberScores(uint64_t input);
  // The number of the set of labels without a score, and one; 0 where there is no room for another.
  uint8_t LabelSetOfMissing();

  AnswerStore store_;
  AnswerStore::Writer writer_{store_};
  std::array<uint8_t, 32> job_{};    // SHA-256 of all but the tokens
  const LabelTrie* trie_ = nullptr;  // of a job that scores labels
  std::vector<Digest128> labels_;    // [labels]: of their tokens
  std::vector<double> scores_;       // [labels]: of FindScores; NaN where there is none
  uint64_t first_input_ = 0;         // that some labels of are there
  std::string scratch_folder_;
  std::vector<LabelSet> sets_;
  // Of inputs that lack some labels alone: which set, and the scores of the others.
  struct Partial {
    uint64_t scores = 0;  // where its scores begin in partial_scores_
    uint8_t set = 0;      // and one; 0: all labels are missing
  };
  std::optional<MappedArray<Partial>> partial_;        // [inputs]
  std::optional<MappedArray<double>> partial_scores_;  // [labels] of each
  uint64_t num_completed_ = 0;
};

}  // namespace rowmill
