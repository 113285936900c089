#include "engine/stored_answers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/error.h"
#include "base/little_endian.h"
#include "engine/row_table.h"

namespace rowmill {
namespace {

constexpr size_t kScoreBytes = 24;  // 16 of the label's digest, 8 of the score
// Sets of missing labels that rows are run for; what lacks another one is run for all labels.
constexpr size_t kMaxLabelSets = 15;
constexpr double kNoScore = std::numeric_limits<double>::quiet_NaN();

bool IsMissing(double score) { return std::isnan(score); }

// Texts of any bytes one behind the other, so that no two lists of them look the same.
class TextDigest {
 public:
  void Add(std::string_view text) {
    std::vector<std::byte> size;
    AppendLittle64(size, text.size());
    sum_.Update(size);
    sum_.Update(AsBytes(text));
  }
  std::array<uint8_t, 32> Finish() { return sum_.Finish(); }

 private:
  Sha256 sum_;
};

}  // namespace

StoredAnswers::StoredAnswers(FileSystem& file_system, const std::string& store_folder,
                             const Job& job, const std::string& scratch_folder)
    : store_(file_system, store_folder, scratch_folder), scratch_folder_(scratch_folder) {
  TextDigest context;
  context.Add(ROWMILL_VERSION);
  context.Add(job.model_sha256);
  context.Add(job.numerics);
  if (const auto* score = std::get_if<ScoreSpec>(&job.decode_spec)) {
    trie_ = score->trie.get();
    context.Add("label scores 1");
    for (uint32_t label = 0; label < trie_->num_labels(); ++label) {
      labels_.push_back(DigestOfTokens(trie_->TokensOf(label)));
    }
    scores_.resize(labels_.size());
  } else {
    context.Add("results 1");
    for (const auto& [name, value] : job.task_entries) {
      context.Add(name);
      context.Add(value);
    }
  }
  job_ = context.Finish();
}

AnswerKey StoredAnswers::KeyOf(std::span<const int32_t> tokens, uint32_t num_scored) const {
  static_assert(std::endian::native == std::endian::little, "keys are those of other machines");
  Sha256 sum;
  sum.Update(std::as_bytes(std::span(job_)));
  sum.Update(std::as_bytes(std::span(&num_scored, 1)));
  sum.Update(std::as_bytes(tokens));
  return sum.Finish();
}

size_t StoredAnswers::FindScores(const AnswerKey& key) {
  std::fill(scores_.begin(), scores_.end(), kNoScore);
  size_t missing = scores_.size();
  store_.Find(key, [&](std::span<const std::byte> value) {
    for (; value.size() >= kScoreBytes; value = value.subspan(kScoreBytes)) {
      const Digest128 label = {LoadLittle64(value), LoadLittle64(value.subspan(8))};
      // A label that is given twice has its score twice.
      for (size_t i = 0; i < labels_.size(); ++i) {
        if (labels_[i] != label || !IsMissing(scores_[i])) continue;
        scores_[i] = std::bit_cast<double>(LoadLittle64(value.subspan(16)));
        --missing;
      }
    }
    return missing > 0;
  });
  return missing;
}

std::optional<RowResult> StoredAnswers::Look(uint64_t input, std::span<const int32_t> tokens,
                                             uint32_t num_scored) {
  const AnswerKey key = KeyOf(tokens, num_scored);
  std::optional<RowResult> result;
  if (trie_ != nullptr) {
    const size_t missing = FindScores(key);
    if (missing == 0) {
      result.emplace();
      result->prompt_tokens = static_cast<uint32_t>(tokens.size());
      result->decoded.label_log_probs = scores_;
    } else if (missing < scores_.size()) {
      RememberScores(input);
    }
    return result;
  }
  store_.Find(key, [&](std::span<const std::byte> value) {
    try {
      result = ParseRowResult(value);
    } catch (const DataError&) {
      return true;  // Whole, and yet no result: written by no version of this program.
    }
    return false;
  });
  return result;
}

void StoredAnswers::RememberScores(uint64_t input) {
  const uint8_t set = LabelSetOfMissing();
  if (set == 0) return;
  if (!partial_) {
    partial_ = MappedArray<Partial>::InFolder(scratch_folder_);
    partial_scores_ = MappedArray<double>::InFolder(scratch_folder_);
    first_input_ = input;
  }
  CHECK(input >= first_input_ && input - first_input_ >= partial_->size());
  partial_->Resize(input - first_input_);
  partial_->push_back({partial_scores_->size(), set});
  partial_scores_->Append(scores_);
  ++num_completed_;
}

uint8_t StoredAnswers::LabelSetOfMissing() {
  std::vector<uint32_t> missing;
  for (uint32_t label = 0; label < scores_.size(); ++label) {
    if (IsMissing(scores_[label])) missing.push_back(label);
  }
  const auto found = std::find_if(sets_.begin(), sets_.end(),
                                  [&](const LabelSet& set) { return set.labels == missing; });
  if (found != sets_.end()) return static_cast<uint8_t>(found - sets_.begin() + 1);
  if (sets_.size() == kMaxLabelSets) return 0;
  std::vector<std::vector<int32_t>> tokens;
  for (const uint32_t label : missing) tokens.push_back(trie_->TokensOf(label));
  sets_.push_back({std::move(missing), std::make_unique<const LabelTrie>(tokens)});
  return static_cast<uint8_t>(sets_.size());
}

const LabelTrie* StoredAnswers::MissingLabels(uint64_t input) const {
  const uint64_t index = input - first_input_;
  if (!partial_ || input < first_input_ || index >= partial_->size() || (*partial_)[index].set == 0)
    return nullptr;
  return sets_[(*partial_)[index].set - 1].trie.get();
}

void StoredAnswers::Complete(uint64_t input, DecodeResult& decoded) const {
  if (MissingLabels(input) == nullptr || decoded.label_log_probs.empty()) return;
  const Partial& partial = (*partial_)[input - first_input_];
  const std::vector<uint32_t>& missing = sets_[partial.set - 1].labels;
  CHECK(decoded.label_log_probs.size() == missing.size());
  const std::span<const double> known =
      partial_scores_->span().subspan(partial.scores, labels_.size());
  std::vector<double> scores(known.begin(), known.end());
  for (size_t i = 0; i < missing.size(); ++i) scores[missing[i]] = decoded.label_log_probs[i];
  decoded.label_log_probs = std::move(scores);
}

void StoredAnswers::Keep(std::span<const int32_t> tokens, uint32_t num_scored,
                         const RowResult& result) {
  if (!IsFine(result.status) || !result.decoded.finite) return;
  const AnswerKey key = KeyOf(tokens, num_scored);
  std::vector<std::byte> value;
  if (trie_ == nullptr) {
    bool is_there = false;
    store_.Find(key, [&](std::span<const std::byte>) { return !(is_there = true); });
    if (is_there) return;
    RowResult kept = result;
    kept.status = RowStatus::kOk;  // whether a row was cut to these tokens is the row's own
    value = Serialize(kept);
  } else {
    CHECK(result.decoded.label_log_probs.size() == labels_.size());
    if (FindScores(key) == 0) return;
    for (size_t label = 0; label < labels_.size(); ++label) {
      if (!IsMissing(scores_[label])) continue;
      AppendLittle64(value, labels_[label].lo);
      AppendLittle64(value, labels_[label].hi);
      AppendLittle64(value, std::bit_cast<uint64_t>(result.decoded.label_log_probs[label]));
    }
  }
  writer_.Add(key, value);
}

}  // namespace rowmill
