#include "engine/encoding_unit.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/clock.h"
#include "base/real_math.h"

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;

bool AllFinite(std::span<const float> vector) {
  return std::all_of(vector.begin(), vector.end(), [](float x) { return IsFinite(x); });
}

}  // namespace

size_t EncodingUnit::MaxTokens(const Encoder& model, const UnitOptions& options) {
  return std::max(options.batch_tokens, model.max_seq_len());
}

size_t EncodingUnit::WorkspaceBytes(const Encoder& model, const UnitOptions& options,
                                    size_t num_threads) {
  return EncoderWorkspace::BytesFor(model.shape(), MaxTokens(model, options), model.max_seq_len(),
                                    num_threads);
}

EncodingUnit::EncodingUnit(const Encoder& model, const EncodeSpec& spec, const UnitOptions& options,
                           ThreadTeam& team)
    : model_(model),
      spec_(spec),
      options_(options),
      team_(team),
      workspace_(model.shape(), MaxTokens(model, options), model.max_seq_len(),
                 team.num_threads()) {
  CHECK(options.batch_tokens >= 1 && options.max_rows >= 1);
}

void EncodingUnit::FillBatch(RowFeed& feed) {
  rows_.clear();
  batch_.clear();
  while (rows_.size() < options_.max_rows) {
    if (!next_row_ && !feed_empty_) {
      UnitRow row;
      if (feed.Next(row)) {
        next_row_ = std::move(row);
      } else {
        feed_empty_ = true;
      }
    }
    if (!next_row_) return;
    const std::vector<int32_t>& tokens = next_row_->tokens;
    CHECK(!tokens.empty() && tokens.size() <= model_.max_seq_len());
    if (!rows_.empty() && batch_.tokens.size() + tokens.size() > options_.batch_tokens) return;
    batch_.tokens.insert(batch_.tokens.end(), tokens.begin(), tokens.end());
    batch_.lengths.push_back(static_cast<uint32_t>(tokens.size()));
    rows_.push_back(std::move(*next_row_));
    next_row_.reset();
  }
}

void EncodingUnit::Run(RowFeed& feed, OutcomeSink& sink, const std::atomic<bool>& stop) {
  feed_empty_ = false;
  while (!stop.load(std::memory_order_relaxed)) {
    const Clock::time_point start = Clock::now();
    FillBatch(feed);
    times_.wait_seconds += SecondsSince(start);
    if (rows_.empty()) break;
    std::vector<UnitOutcome> outcomes;
    outcomes.reserve(rows_.size());
    const Clock::time_point model_start = Clock::now();
    double decode_seconds = 0.0;
    model_.Encode(batch_, spec_.output, workspace_, team_,
                  [&](size_t text, std::span<const float> vector) {
                    const Clock::time_point decode_start = Clock::now();
                    outcomes.push_back(MakeOutcome(text, vector));
                    decode_seconds += SecondsSince(decode_start);
                  });
    times_.model_seconds += SecondsSince(model_start) - decode_seconds;
    times_.decode_seconds += decode_seconds;
    ++times_.steps;
    times_.tokens += batch_.tokens.size();
    if (step_log_ != nullptr) {
      Work work;
      work[WorkKind::kStep] = 1.0;
      work[WorkKind::kPromptToken] = static_cast<double>(batch_.tokens.size());
      work[WorkKind::kPromptEnd] = static_cast<double>(rows_.size());
      for (const uint32_t length : batch_.lengths) {
        work[WorkKind::kTokenPair] += static_cast<double>(length) * length;
      }
      step_log_->Add(model_start, Clock::now(), work, rows_.size());
    }
    const double seconds = SecondsSince(start);
    const Clock::time_point put_start = Clock::now();
    for (UnitOutcome& outcome : outcomes) {
      outcome.seconds = seconds;
      sink.Put(std::move(outcome));
    }
    times_.wait_seconds += SecondsSince(put_start);
  }
}

UnitOutcome EncodingUnit::MakeOutcome(size_t text, std::span<const float> vector) const {
  UnitOutcome outcome;
  outcome.row = rows_[text].row;
  outcome.prompt_tokens = outcome.computed_tokens = batch_.lengths[text];
  if (!AllFinite(vector)) {
    outcome.decoded.finite = false;
  } else if (spec_.head != nullptr) {
    outcome.decoded.label_log_probs = spec_.head->LogProbabilities(vector);
  } else if (spec_.output == EncoderOutput::kLogits) {
    outcome.decoded.label_log_probs = LogSoftmax(std::vector<double>(vector.begin(), vector.end()));
  } else {
    outcome.decoded.embedding.assign(vector.begin(), vector.end());
  }
  return outcome;
}

}  // namespace rowmill
