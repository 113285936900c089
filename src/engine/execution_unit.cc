#include "engine/execution_unit.h"

#include <algorithm>
#include <chrono>
#include <deque>

#include "base/check.h"
#include "base/clock.h"
#include "base/real_math.h"

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;

// Adds the time of its scope to a counter.
class ScopedTimer {
 public:
  explicit ScopedTimer(double& seconds) : seconds_(seconds), start_(Clock::now()) {}
  ~ScopedTimer() { seconds_ += SecondsSince(start_); }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;

 private:
  double& seconds_;
  Clock::time_point start_;
};

// The longest beginnings that are looked for again: two words of a language are a weak sign, three
// a good one, and longer ones are rarer without being right more often.
constexpr size_t kMatchTokens = 3;
constexpr size_t kLeastMatchTokens = 2;

// Guesses that a row must have room for. On SmolLM2-135M Q4_1 (AMD EPYC Zen 4) a guess adds 0.27 of
// a one-row step to it and is right one time in two, so it pays up to two rows in a step: with
// draft_tokens at 6 these have three each.
constexpr size_t kLeastDraftShare = 3;

struct Written {
  const std::vector<int32_t>& prompt;
  const std::vector<int32_t>& answer;

  size_t size() const { return prompt.size() + answer.size(); }
  int32_t operator[](size_t i) const {
    return i < prompt.size() ? prompt[i] : answer[i - prompt.size()];
  }
};

// What followed, up to `most` tokens, where the text had the same last tokens the last time; empty
// where it never had. A walk over the text: some 300 comparisons beside a step of milliseconds.
void ProposeDraft(const Written& text, size_t most, std::vector<int32_t>& draft) {
  draft.clear();
  const size_t size = text.size();
  if (most == 0) return;
  for (size_t match = kMatchTokens; match >= kLeastMatchTokens; --match) {
    if (size < match + 1) continue;
    for (size_t end = size - 1; end >= match; --end) {
      size_t same = 0;
      while (same < match && text[end - 1 - same] == text[size - 1 - same]) ++same;
      if (same < match) continue;
      for (size_t i = end; i < size && draft.size() < most; ++i) draft.push_back(text[i]);
      return;
    }
  }
}

// Segments go back to the unit's pool when the last sequence that reads them is done.
using SharedSegment = std::shared_ptr<KvSegment>;

}  // namespace

// One sequence of a row. It feeds tokens, and after the last of them looks at the logits, which
// either end it or give it another token to feed.
struct ExecutionUnit::Stream {
  ExecutionUnit::Row* row = nullptr;
  KvSequence kv;
  std::vector<SharedSegment> segments;  // own and, for a fork, those of its ancestors
  std::vector<int32_t> feed;
  size_t fed = 0;
  bool is_prompt = false;
  bool done = false;
  uint32_t node = LabelTrie::kRoot;  // scoring: the label trie node that `feed` leads to
  double score = 0.0;                // scoring: log-probability of what was scored so far
  size_t num_scored = 0;             // scoring a continuation: its tokens that were scored
  uint32_t sample = 0;               // generating: which answer

  // Of this step: tokens guessed to follow, which stand at the end of `feed`; how many of them have
  // been looked at, and whether one was wrong, which makes those behind it worthless.
  std::vector<int32_t> draft;
  size_t num_checked = 0;
  bool draft_failed = false;
  size_t max_draft = 2;  // of the next one; grows while guesses are right

  size_t remaining() const { return feed.size() - fed; }
};

struct ExecutionUnit::Row {
  // A fork of a stream that waits for room: what it continues and what it does.
  struct Pending {
    KvSequence source;
    std::vector<SharedSegment> segments;
    int32_t token;
    uint32_t node;
    double score;
    uint32_t sample;
  };

  UnitRow input;
  std::shared_ptr<const PrefixEntry> prefix;
  std::vector<std::unique_ptr<Stream>> streams;
  std::deque<Pending> pending;
  UnitOutcome outcome;
  Clock::time_point admitted;

  bool done() const { return streams.empty() && pending.empty(); }
};

ExecutionUnit::ExecutionUnit(const Decoder& model, const kernels::KernelTable& kernels,
                             const DecodeSpec& spec, const UnitOptions& options, ThreadTeam& team)
    : model_(model),
      kernels_(kernels),
      spec_(spec),
      options_(options),
      team_(team),
      workspace_(model.workspace_shape(), options.batch_tokens),
      pool_(model.kv_shape()) {
  CHECK(options.batch_tokens >= 1 && options.max_rows >= 1);
  if (const auto* generate = std::get_if<GenerateSpec>(&spec_)) {
    sampler_ = std::make_unique<Sampler>(generate->sampling, kernels_);
  }
}

ExecutionUnit::~ExecutionUnit() = default;

size_t ExecutionUnit::WorkspaceBytes(const Decoder& model, const UnitOptions& options) {
  return Workspace::BytesFor(model.workspace_shape(), options.batch_tokens);
}

void ExecutionUnit::Run(RowFeed& feed, OutcomeSink& sink, PrefixStore* prefixes,
                        const std::atomic<bool>& stop) {
  feed_empty_ = false;
  while (!stop.load(std::memory_order_relaxed)) {
    Admit(feed, prefixes);
    if (rows_.empty()) break;
    const Clock::time_point step_start = Clock::now();
    {
      ScopedTimer timer(times_.decode_seconds);
      BuildBatch();
    }
    {
      // Looking at the logits happens inside Forward; its share is taken out again.
      const double decode_before = times_.decode_seconds;
      const Clock::time_point start = Clock::now();
      model_.Forward(batch_, workspace_, team_, [&](size_t output, std::span<float> logits) {
        ScopedTimer timer(times_.decode_seconds);
        OnLogits(*output_streams_[output], logits);
      });
      times_.model_seconds += SecondsSince(start) - (times_.decode_seconds - decode_before);
    }
    ++times_.steps;
    times_.tokens += batch_.tokens.size();
    if (step_log_ != nullptr) {
      step_log_->Add(step_start, Clock::now(), step_work_, rows_.size());
    }
    AfterStep(sink);
  }
  rows_.clear();
  times_.phases = workspace_.phases;
}

const LabelTrie& ExecutionUnit::LabelsOf(const UnitRow& row) const {
  return row.labels != nullptr ? *row.labels : *std::get<ScoreSpec>(spec_).trie;
}

bool ExecutionUnit::HasRoomFor(size_t num_positions) const {
  return rows_.empty() ||
         pool_.bytes() + KvPool::BytesFor(model_.kv_shape(), num_positions) <= options_.kv_bytes;
}

void ExecutionUnit::Admit(RowFeed& feed, PrefixStore* prefixes) {
  // Prompts are taken in only as fast as the budget can use them, so that the last rows of a job
  // spread over the units instead of waiting in one of them.
  size_t waiting_tokens = 0;
  for (const auto& row : rows_) {
    for (const auto& stream : row->streams) waiting_tokens += stream->remaining();
    waiting_tokens += row->pending.size();
  }
  size_t extra = 0;  // positions after the prompt
  if (const auto* score = std::get_if<ScoreSpec>(&spec_)) extra = score->trie->max_depth();
  if (const auto* generate = std::get_if<GenerateSpec>(&spec_)) extra = generate->max_tokens;

  while (rows_.size() < options_.max_rows &&
         (rows_.empty() || waiting_tokens < options_.batch_tokens)) {
    if (!next_row_ && !feed_empty_) {
      ScopedTimer timer(times_.wait_seconds);
      UnitRow row;
      if (feed.Next(row)) {
        next_row_ = std::move(row);
      } else {
        feed_empty_ = true;
      }
    }
    if (!next_row_) return;
    const size_t end = std::min(next_row_->tokens.size() + extra, model_.max_seq_len());
    if (!HasRoomFor(end)) return;
    rows_.push_back(OpenRow(std::move(*next_row_), prefixes, end));
    next_row_.reset();
    waiting_tokens += rows_.back()->streams.front()->remaining();
  }
}

// Makes the stream of a row's prompt; `end`: positions that the row may need in all.
std::unique_ptr<ExecutionUnit::Row> ExecutionUnit::OpenRow(UnitRow input, PrefixStore* prefixes,
                                                           size_t end) {
  auto row = std::make_unique<Row>();
  row->input = std::move(input);
  const std::vector<int32_t>& tokens = row->input.tokens;
  CHECK(!tokens.empty() && tokens.size() <= model_.max_seq_len());
  row->admitted = Clock::now();
  row->outcome.row = row->input.row;
  row->outcome.prompt_tokens = static_cast<uint32_t>(tokens.size());
  if (std::holds_alternative<ScoreSpec>(spec_)) {
    row->outcome.decoded.label_log_probs.resize(LabelsOf(row->input).num_labels());
  } else if (const auto* generate = std::get_if<GenerateSpec>(&spec_)) {
    row->outcome.decoded.answers.resize(generate->num_samples);
  } else {
    CHECK(row->input.num_scored >= 1 && row->input.num_scored < tokens.size());
    row->outcome.decoded.label_log_probs.resize(1);
  }
  uint32_t shared = 0;  // prompt tokens that the prefix node covers
  if (prefixes != nullptr && row->input.prefix_node != PrefixStore::kNoNode) {
    row->prefix = ComputePrefix(*prefixes, row->input.prefix_node);
    shared = row->prefix->kv.length;
    CHECK(shared < tokens.size() - row->input.num_scored);
  }
  const uint32_t base = shared / kernels::kKeyBlock * kernels::kKeyBlock;
  auto stream = std::make_unique<Stream>();
  stream->row = row.get();
  stream->is_prompt = true;
  SharedSegment own = AcquireSegment(end - base);
  if (row->prefix != nullptr) {
    stream->kv = ForkSequence(row->prefix->kv, shared, own.get());
  } else {
    stream->kv.own = own.get();
  }
  stream->segments.push_back(std::move(own));
  // The last token that is scored is looked up in the logits before it, and read by nobody.
  const ptrdiff_t unread = row->input.num_scored > 0 ? 1 : 0;
  stream->feed.assign(tokens.begin() + shared, tokens.end() - unread);
  row->streams.push_back(std::move(stream));
  return row;
}

std::shared_ptr<KvSegment> ExecutionUnit::AcquireSegment(size_t num_positions) {
  return {pool_.Acquire(num_positions), [this](KvSegment* segment) { pool_.Release(segment); }};
}

std::shared_ptr<const PrefixEntry> ExecutionUnit::ComputePrefix(PrefixStore& prefixes,
                                                                uint32_t node) {
  ScopedTimer timer(times_.wait_seconds);
  double model_seconds = 0.0;
  const auto compute = [&](std::span<const int32_t> tokens, KvSequence& kv) {
    const Clock::time_point start = Clock::now();
    for (size_t begin = 0; begin < tokens.size(); begin += options_.batch_tokens) {
      const Clock::time_point step_start = Clock::now();
      const size_t count = std::min(options_.batch_tokens, tokens.size() - begin);
      TokenBatch batch;
      batch.tokens.assign(tokens.begin() + static_cast<ptrdiff_t>(begin),
                          tokens.begin() + static_cast<ptrdiff_t>(begin + count));
      batch.sequences.push_back({&kv, 0, static_cast<uint32_t>(count)});
      model_.Forward(batch, workspace_, team_, [](size_t, std::span<float>) {});
      times_.tokens += count;
      ++times_.steps;
      if (step_log_ == nullptr) continue;
      Work work;
      work[WorkKind::kStep] = 1.0;
      work[WorkKind::kPromptToken] = static_cast<double>(count);
      work[WorkKind::kTokenPair] =
          CausalPairs(static_cast<double>(kv.length - count), static_cast<double>(count));
      step_log_->Add(step_start, Clock::now(), work, 0);
    }
    model_seconds += SecondsSince(start);
  };
  std::shared_ptr<const PrefixEntry> entry = prefixes.Get(node, compute);
  times_.model_seconds += model_seconds;
  times_.wait_seconds -= model_seconds;
  return entry;
}

// Guesses for the rows that decode, where these are so few that the step has room for it.
void ExecutionUnit::AddDrafts() {
  const auto* generate = std::get_if<GenerateSpec>(&spec_);
  if (generate == nullptr || options_.draft_tokens == 0) return;
  std::vector<Stream*> decoding;
  for (const auto& row : rows_) {
    if (!row->pending.empty()) return;
    for (const auto& stream : row->streams) {
      if (stream->is_prompt || decoding.size() == options_.draft_tokens) return;
      decoding.push_back(stream.get());
    }
  }
  if (decoding.empty()) return;
  const size_t share = options_.draft_tokens / decoding.size();
  if (share < kLeastDraftShare) return;
  size_t budget = options_.batch_tokens - std::min(options_.batch_tokens, decoding.size());
  for (Stream* stream : decoding) {
    const Row& row = *stream->row;
    const std::vector<int32_t>& answer = row.outcome.decoded.answers[stream->sample];
    const size_t length = row.input.tokens.size() + answer.size();
    // The last token of an answer is never fed, nor is one that the context has no room for.
    const size_t most =
        std::min({share, stream->max_draft, budget, generate->max_tokens - answer.size() - 1,
                  model_.max_seq_len() - length});
    ProposeDraft({row.input.tokens, answer}, most, stream->draft);
    stream->feed.insert(stream->feed.end(), stream->draft.begin(), stream->draft.end());
    budget -= stream->draft.size();
    times_.drafted_tokens += stream->draft.size();
  }
}

void ExecutionUnit::BuildBatch() {
  batch_.clear();
  batch_streams_.clear();
  output_streams_.clear();
  step_work_ = {};
  step_work_[WorkKind::kStep] = 1.0;
  AddDrafts();
  size_t budget = options_.batch_tokens;
  const auto take = [&](Stream& stream) {
    const size_t count = std::min(budget, stream.remaining());
    if (count == 0) return;
    const auto begin = static_cast<uint32_t>(batch_.tokens.size());
    batch_.tokens.insert(batch_.tokens.end(),
                         stream.feed.begin() + static_cast<ptrdiff_t>(stream.fed),
                         stream.feed.begin() + static_cast<ptrdiff_t>(stream.fed + count));
    batch_.sequences.push_back({&stream.kv, begin, static_cast<uint32_t>(count)});
    batch_streams_.push_back(&stream);
    stream.fed += count;
    stream.row->outcome.computed_tokens += static_cast<uint32_t>(count);
    budget -= count;
    step_work_[stream.is_prompt ? WorkKind::kPromptToken : WorkKind::kAnswerToken] +=
        static_cast<double>(count);
    step_work_[WorkKind::kTokenPair] +=
        CausalPairs(static_cast<double>(stream.kv.length), static_cast<double>(count));
    const size_t outputs_before = batch_.outputs.size();
    if (const size_t num_scored = stream.row->input.num_scored; num_scored > 0) {
      // The logits of the last tokens of the feed, as many as are scored, as far as they are here.
      const size_t first = std::max(stream.feed.size() - num_scored, stream.fed - count);
      for (size_t i = first; i < stream.fed; ++i) {
        batch_.outputs.push_back(static_cast<uint32_t>(batch_.tokens.size() - (stream.fed - i)));
        output_streams_.push_back(&stream);
      }
    } else if (stream.remaining() == 0) {
      for (size_t behind = stream.draft.size() + 1; behind > 0; --behind) {
        batch_.outputs.push_back(static_cast<uint32_t>(batch_.tokens.size() - behind));
        output_streams_.push_back(&stream);
      }
    }
    if (stream.is_prompt) {
      step_work_[WorkKind::kPromptEnd] +=
          static_cast<double>(batch_.outputs.size() - outputs_before);
    }
  };
  // Rows that are past their prompt first: they hold slabs, and finishing them makes room.
  for (const auto& row : rows_) {
    for (const auto& stream : row->streams) {
      if (!stream->is_prompt) take(*stream);
    }
  }
  for (const auto& row : rows_) OpenPendingStreams(*row, budget, take);
  for (const auto& row : rows_) {
    for (const auto& stream : row->streams) {
      if (stream->is_prompt) take(*stream);
    }
  }
  CHECK(!batch_.tokens.empty());
}

void ExecutionUnit::OpenPendingStreams(Row& row, const size_t& budget,
                                       FunctionRef<void(Stream&)> take) {
  while (!row.pending.empty() && budget > 0) {
    Row::Pending& pending = row.pending.front();
    size_t more = 1;  // positions that the fork may append
    if (std::holds_alternative<ScoreSpec>(spec_)) {
      const LabelTrie& labels = LabelsOf(row.input);
      more = labels.max_depth() - labels.node(pending.node).depth + 1;
    } else {
      more = std::get<GenerateSpec>(spec_).max_tokens;
    }
    const uint32_t length = pending.source.length;
    const size_t positions = std::min<size_t>(length + more, model_.max_seq_len()) -
                             length / kernels::kKeyBlock * kernels::kKeyBlock;
    // A row without an active stream gets its room in any case, else nothing would ever free any.
    if (!row.streams.empty() && !HasRoomFor(positions)) return;
    auto stream = std::make_unique<Stream>();
    stream->row = &row;
    SharedSegment own = AcquireSegment(positions);
    stream->kv = ForkSequence(pending.source, length, own.get());
    stream->segments = std::move(pending.segments);
    stream->segments.push_back(std::move(own));
    stream->feed = {pending.token};
    stream->node = pending.node;
    stream->score = pending.score;
    stream->sample = pending.sample;
    row.pending.pop_front();
    row.streams.push_back(std::move(stream));
    take(*row.streams.back());
  }
}

void ExecutionUnit::OnLogits(Stream& stream, std::span<float> logits) {
  if (!stream.row->outcome.decoded.finite) return;
  stream.is_prompt = false;
  if (std::holds_alternative<ScoreSpec>(spec_)) {
    Score(stream, logits);
  } else if (std::holds_alternative<ContinuationSpec>(spec_)) {
    ScoreContinuation(stream, logits);
  } else {
    if (stream.draft_failed) return;
    Generate(stream, logits);
    CheckDraft(stream);
  }
}

// After a token has been drawn: whether it is the one that was guessed.
void ExecutionUnit::CheckDraft(Stream& stream) {
  if (stream.num_checked == stream.draft.size()) return;
  if (stream.done || stream.feed.front() != stream.draft[stream.num_checked]) {
    stream.draft_failed = true;
    return;
  }
  ++stream.num_checked;
}

void ExecutionUnit::Score(Stream& stream, std::span<const float> logits) {
  const LabelTrie& trie = LabelsOf(stream.row->input);
  DecodeResult& result = stream.row->outcome.decoded;
  double log_sum = 0.0;
  if (!LogSum(logits, result, log_sum)) return;
  stream.done = true;
  const double score_here = stream.score;
  const LabelTrie::Node& node = trie.node(stream.node);
  for (uint32_t c = node.first_child; c < node.first_child + node.num_children; ++c) {
    const LabelTrie::Node& child = trie.node(c);
    const double score =
        score_here + (static_cast<double>(logits[static_cast<size_t>(child.token)]) - log_sum);
    for (uint32_t label : child.labels) result.label_log_probs[label] = score;
    if (child.num_children == 0) continue;
    if (stream.done) {  // The first branch that goes on continues this sequence, the others fork.
      stream.done = false;
      stream.feed = {child.token};
      stream.fed = 0;
      stream.node = c;
      stream.score = score;
    } else {
      stream.row->pending.push_back({stream.kv, stream.segments, child.token, c, score, 0});
    }
  }
}

// The next token of the end of the input, by the logits of the token before it.
void ExecutionUnit::ScoreContinuation(Stream& stream, std::span<const float> logits) {
  const UnitRow& input = stream.row->input;
  DecodeResult& result = stream.row->outcome.decoded;
  double log_sum = 0.0;
  if (!LogSum(logits, result, log_sum)) return;
  const size_t position = input.tokens.size() - input.num_scored + stream.num_scored;
  const auto token = static_cast<size_t>(input.tokens[position]);
  stream.score += static_cast<double>(logits[token]) - log_sum;
  if (++stream.num_scored < input.num_scored) return;
  result.label_log_probs[0] = stream.score;
  stream.done = true;
}

// False, and the result not finite, where the logits are not.
bool ExecutionUnit::LogSum(std::span<const float> logits, DecodeResult& result,
                           double& log_sum) const {
  log_sum = LogSumExp(logits, kernels_);
  if (IsFinite(log_sum)) return true;
  result.finite = false;
  return false;
}

void ExecutionUnit::Generate(Stream& stream, std::span<float> logits) {
  const auto& spec = std::get<GenerateSpec>(spec_);
  Row& row = *stream.row;
  std::vector<std::vector<int32_t>>& answers = row.outcome.decoded.answers;
  const bool first = stream.kv.length == row.input.tokens.size();
  const uint32_t num_samples = first ? spec.num_samples : 1;
  if (num_samples > 1) logits_copy_.assign(logits.begin(), logits.end());
  for (uint32_t i = 0; i < num_samples; ++i) {
    if (i > 0) std::copy(logits_copy_.begin(), logits_copy_.end(), logits.begin());
    const uint32_t sample = first ? i : stream.sample;
    std::vector<int32_t> history;
    if (spec.sampling.repetition_penalty != 1.0f) {
      history = row.input.tokens;
      history.insert(history.end(), answers[sample].begin(), answers[sample].end());
    }
    const SampleKey key = {row.input.digest, sample, static_cast<uint32_t>(answers[sample].size())};
    const SampledToken token = sampler_->Pick(logits, key, history);
    if (!token.finite) {
      row.outcome.decoded.finite = false;
      return;
    }
    const bool goes_on = TakeToken(stream, sample, token.token);
    if (sample == 0 || !first) {
      stream.done = !goes_on;
      stream.feed = {token.token};
      stream.fed = 0;
    } else if (goes_on) {
      row.pending.push_back({stream.kv, stream.segments, token.token, 0, 0.0, sample});
    }
  }
}

// Adds the token to its answer; false where that ends the answer.
bool ExecutionUnit::TakeToken(Stream& stream, uint32_t sample, int32_t token) {
  const auto& spec = std::get<GenerateSpec>(spec_);
  Row& row = *stream.row;
  std::vector<int32_t>& answer = row.outcome.decoded.answers[sample];
  const auto end_with = [&](FinishReason reason) {
    if (sample == 0) row.outcome.decoded.finish = reason;
    return false;
  };
  if (std::binary_search(spec.end_tokens.begin(), spec.end_tokens.end(), token)) {
    return end_with(FinishReason::kEndToken);
  }
  answer.push_back(token);
  ++row.outcome.generated_tokens;
  if (spec.stop_rule != nullptr && spec.stop_rule->ShouldStop(answer)) {
    return end_with(FinishReason::kStopRule);
  }
  if (answer.size() >= spec.max_tokens) return end_with(FinishReason::kMaxTokens);
  if (row.input.tokens.size() + answer.size() >= model_.max_seq_len()) {
    return end_with(FinishReason::kContext);
  }
  return true;
}

void ExecutionUnit::AfterStep(OutcomeSink& sink) {
  for (Stream* stream : batch_streams_) {
    if (stream->draft.empty()) continue;
    const size_t rejected = stream->draft.size() - stream->num_checked;
    // Their keys and values are overwritten by the tokens that come instead.
    stream->kv.length -= static_cast<uint32_t>(rejected);
    times_.accepted_tokens += stream->num_checked;
    stream->max_draft = rejected == 0 ? std::min(2 * stream->max_draft, options_.draft_tokens)
                                      : stream->num_checked + 1;
    stream->draft.clear();
    stream->num_checked = 0;
    stream->draft_failed = false;
  }
  for (auto it = rows_.begin(); it != rows_.end();) {
    Row& row = **it;
    if (!row.outcome.decoded.finite) {
      // Slabs must hold finite numbers: the next row's masked keys are multiplied by zero.
      for (const auto& stream : row.streams) stream->kv.own->Clear();
      row.streams.clear();
      row.pending.clear();
      row.outcome.decoded.label_log_probs.clear();
      row.outcome.decoded.answers.clear();
    }
    std::erase_if(row.streams, [](const auto& stream) { return stream->done; });
    if (!row.done()) {
      ++it;
      continue;
    }
    row.outcome.seconds = SecondsSince(row.admitted);
    {
      ScopedTimer timer(times_.wait_seconds);
      sink.Put(std::move(row.outcome));
    }
    it = rows_.erase(it);
  }
}

}  // namespace rowmill
