#include "engine/sequence_to_sequence_unit.h"

#include <algorithm>
#include <chrono>
#include <span>

#include "base/check.h"
#include "base/clock.h"

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

struct SequenceToSequenceUnit::Row {
  UnitOutcome outcome;
  size_t texts_left = 0;
  Clock::time_point admitted;
};

struct SequenceToSequenceUnit::Text {
  std::list<Row>::iterator row;
  size_t index = 0;             // among the texts of its row
  std::vector<int32_t> tokens;  // with the end token
  size_t bytes = 0;
  SourceMemory memory;
  std::optional<BeamSearch> search;
  std::vector<TargetState> states;  // [open hypotheses]
  bool finite = true;

  bool done() const { return !finite || search->open().empty(); }
};

size_t SequenceToSequenceUnit::MaxTokens(const TranslateSpec& spec, const UnitOptions& options) {
  return std::max(options.batch_tokens, options.max_rows * spec.beam);
}

size_t SequenceToSequenceUnit::WorkspaceBytes(const EncoderDecoder& model,
                                              const TranslateSpec& spec, const UnitOptions& options,
                                              size_t num_threads) {
  return EncoderDecoderWorkspace::BytesFor(model, MaxTokens(spec, options), num_threads);
}

size_t SequenceToSequenceUnit::TextBytes(const EncoderDecoder& model, const TranslateSpec& spec,
                                         size_t length) {
  const size_t answer = std::min<size_t>(spec.max_tokens, model.max_target_len());
  // While hypotheses are exchanged, both generations are there.
  return SourceMemory::BytesFor(model.source_shape(), length) +
         2 * spec.beam * TargetState::BytesFor(model.target_shape(), answer);
}

SequenceToSequenceUnit::SequenceToSequenceUnit(const EncoderDecoder& model,
                                               const kernels::KernelTable& kernels,
                                               const TranslateSpec& spec,
                                               const UnitOptions& options, ThreadTeam& team)
    : model_(model),
      kernels_(kernels),
      spec_(spec),
      options_(options),
      team_(team),
      workspace_(model, MaxTokens(spec, options), team.num_threads()) {
  CHECK(options.batch_tokens >= 1 && options.max_rows >= 1 && spec.max_tokens >= 1);
}

SequenceToSequenceUnit::~SequenceToSequenceUnit() = default;

// Tokens of the longest answer to a text of so many, the end token included.
uint32_t SequenceToSequenceUnit::MaxAnswer(size_t source_length) const {
  size_t most = std::min<size_t>(spec_.max_tokens, model_.max_target_len());
  if (const double factor = model_.max_length_factor(); factor > 0.0) {
    most = std::min(most, static_cast<size_t>(factor * static_cast<double>(source_length)));
  }
  return static_cast<uint32_t>(std::max<size_t>(1, most));
}

void SequenceToSequenceUnit::SplitRow(UnitRow input) {
  rows_.emplace_back();
  const auto row = std::prev(rows_.end());
  row->admitted = Clock::now();
  row->outcome.row = input.row;
  row->outcome.prompt_tokens = static_cast<uint32_t>(input.tokens.size());
  auto& answers = row->outcome.decoded.answers;
  row->outcome.decoded.finish = FinishReason::kEndToken;
  const std::vector<int32_t>& tokens = input.tokens;
  const int32_t end_token = model_.end_token();
  for (auto begin = tokens.begin(); begin != tokens.end();) {
    const auto end = std::find(begin, tokens.end(), end_token);
    CHECK(end != tokens.end());
    if (end == begin) {
      answers.push_back({end_token});
    } else {
      auto text = std::make_unique<Text>();
      text->row = row;
      text->index = answers.size();
      text->tokens.assign(begin, end + 1);
      text->bytes = TextBytes(model_, spec_, text->tokens.size());
      CHECK(text->tokens.size() <= model_.max_source_len());
      answers.emplace_back();
      ++row->texts_left;
      waiting_tokens_ += text->tokens.size();
      waiting_.push_back(std::move(text));
    }
    begin = end + 1;
  }
}

bool SequenceToSequenceUnit::TakeRow(RowFeed& feed) {
  if (feed_empty_) return false;
  UnitRow input;
  const Clock::time_point start = Clock::now();
  feed_empty_ = !feed.Next(input);
  times_.wait_seconds += SecondsSince(start);
  if (feed_empty_) return false;
  SplitRow(std::move(input));
  return true;
}

// Encodes as long as a whole batch more has room: small batches use the weights badly.
void SequenceToSequenceUnit::Admit(RowFeed& feed) {
  while (true) {
    // One text more than the budget holds, so that what is encoded fills it.
    while (waiting_tokens_ <= options_.batch_tokens && TakeRow(feed)) {
    }
    if (waiting_.empty()) return;
    size_t batch = 0, bytes = 0, count = 0;
    for (; count < waiting_.size(); ++count) {
      const Text& text = *waiting_[count];
      if (count > 0 && batch + text.tokens.size() > options_.batch_tokens) break;
      batch += text.tokens.size();
      bytes += text.bytes;
    }
    const bool has_room =
        running_.size() + count <= options_.max_rows && running_bytes_ + bytes <= options_.kv_bytes;
    if (!running_.empty() && !has_room) return;
    EncodeWaiting();
  }
}

void SequenceToSequenceUnit::EncodeWaiting() {
  EncoderBatch batch;
  const size_t first = running_.size();
  while (!waiting_.empty()) {
    Text& text = *waiting_.front();
    const bool is_first = batch.lengths.empty();
    const bool fits = batch.tokens.size() + text.tokens.size() <= options_.batch_tokens &&
                      running_.size() < options_.max_rows &&
                      running_bytes_ + text.bytes <= options_.kv_bytes;
    if (!is_first && !fits) break;
    batch.tokens.insert(batch.tokens.end(), text.tokens.begin(), text.tokens.end());
    batch.lengths.push_back(static_cast<uint32_t>(text.tokens.size()));
    running_bytes_ += text.bytes;
    waiting_tokens_ -= text.tokens.size();
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  std::vector<SourceMemory> memories(batch.lengths.size());
  const Clock::time_point start = Clock::now();
  model_.Encode(batch, workspace_, team_, memories);
  times_.model_seconds += SecondsSince(start);
  ++times_.steps;
  times_.tokens += batch.tokens.size();
  if (step_log_ != nullptr) {
    Work work;
    work[WorkKind::kStep] = 1.0;
    work[WorkKind::kPromptToken] = static_cast<double>(batch.tokens.size());
    work[WorkKind::kPromptEnd] = static_cast<double>(batch.lengths.size());
    for (const uint32_t length : batch.lengths) {
      work[WorkKind::kTokenPair] += static_cast<double>(length) * length;
    }
    step_log_->Add(start, Clock::now(), work, rows_.size());
  }
  const BeamOptions beam = {.beam = spec_.beam,
                            .length_penalty = spec_.length_penalty,
                            .end_token = model_.end_token(),
                            .suppressed_token = model_.suppressed_token(),
                            .num_tokens = spec_.num_tokens};
  for (size_t i = 0; i < memories.size(); ++i) {
    Text& text = *running_[first + i];
    text.memory = std::move(memories[i]);
    text.search.emplace(beam, MaxAnswer(text.tokens.size()));
    text.states.emplace_back(model_.target_shape());
    text.row->outcome.computed_tokens += batch.lengths[i];
  }
}

void SequenceToSequenceUnit::Step() {
  struct Place {
    Text* text;
    size_t hypothesis;
  };
  TargetBatch batch;
  std::vector<Place> places;
  const Clock::time_point start = Clock::now();
  for (const auto& text : running_) {
    const std::span<const Hypothesis> open = text->search->open();
    for (size_t i = 0; i < open.size(); ++i) {
      batch.tokens.push_back(open[i].tokens.empty() ? model_.first_token() : open[i].tokens.back());
      batch.sources.push_back(&text->memory);
      batch.states.push_back(&text->states[i]);
      places.push_back({text.get(), i});
    }
  }
  double decode_seconds = SecondsSince(start);
  const Clock::time_point model_start = Clock::now();
  double look_seconds = 0.0;
  model_.Step(batch, workspace_, team_, [&](size_t output, std::span<float> logits) {
    const Clock::time_point look_start = Clock::now();
    Text& text = *places[output].text;
    if (text.finite) text.finite = text.search->Look(places[output].hypothesis, logits, kernels_);
    look_seconds += SecondsSince(look_start);
  });
  times_.model_seconds += SecondsSince(model_start) - look_seconds;
  const Clock::time_point advance_start = Clock::now();
  for (const auto& text : running_) {
    if (text->finite) AdvanceText(*text);
  }
  decode_seconds += look_seconds + SecondsSince(advance_start);
  times_.decode_seconds += decode_seconds;
  ++times_.steps;
  times_.tokens += batch.tokens.size();
  if (step_log_ != nullptr) {
    Work work;
    work[WorkKind::kStep] = 1.0;
    work[WorkKind::kAnswerToken] = static_cast<double>(batch.tokens.size());
    for (const Place& place : places) {
      work[WorkKind::kTokenPair] += static_cast<double>(place.text->tokens.size());
    }
    step_log_->Add(start, Clock::now(), work, rows_.size());
  }
}

// Gives every hypothesis of the next round the state of the one that it continues.
void SequenceToSequenceUnit::AdvanceText(Text& text) {
  text.search->Advance();
  const std::span<const Hypothesis> open = text.search->open();
  std::vector<size_t> heirs(text.states.size(), 0);
  for (const Hypothesis& hypothesis : open) ++heirs[hypothesis.parent];
  std::vector<TargetState> next;
  next.reserve(open.size());
  for (const Hypothesis& hypothesis : open) {
    TargetState& state = text.states[hypothesis.parent];
    const bool is_last_heir = --heirs[hypothesis.parent] == 0;
    next.push_back(is_last_heir ? std::move(state) : state.Clone());
  }
  text.states = std::move(next);
}

void SequenceToSequenceUnit::EndTexts(OutcomeSink& sink) {
  for (const auto& text : running_) {
    if (!text->done()) continue;
    running_bytes_ -= text->bytes;
    UnitOutcome& outcome = text->row->outcome;
    if (!text->finite) {
      outcome.decoded.finite = false;
    } else {
      const std::vector<int32_t>& answer = text->search->answer();
      outcome.generated_tokens += static_cast<uint32_t>(answer.size());
      if (text->search->was_cut()) outcome.decoded.finish = FinishReason::kMaxTokens;
      outcome.decoded.answers[text->index] = answer;
    }
    --text->row->texts_left;
  }
  std::erase_if(running_, [](const auto& text) { return text->done(); });
  for (auto row = rows_.begin(); row != rows_.end();) {
    if (row->texts_left > 0) {
      ++row;
      continue;
    }
    if (!row->outcome.decoded.finite) row->outcome.decoded.answers.clear();
    row->outcome.seconds = SecondsSince(row->admitted);
    const Clock::time_point start = Clock::now();
    sink.Put(std::move(row->outcome));
    times_.wait_seconds += SecondsSince(start);
    row = rows_.erase(row);
  }
}

void SequenceToSequenceUnit::Run(RowFeed& feed, OutcomeSink& sink, const std::atomic<bool>& stop) {
  feed_empty_ = false;
  while (!stop.load(std::memory_order_relaxed)) {
    Admit(feed);
    if (!running_.empty()) Step();
    EndTexts(sink);
    if (running_.empty() && waiting_.empty() && feed_empty_) break;
  }
  running_.clear();
  waiting_.clear();
  rows_.clear();
  running_bytes_ = waiting_tokens_ = 0;
}

}  // namespace rowmill
