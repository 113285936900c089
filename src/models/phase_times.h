// Where a forward pass spends its time. A model marks the end of each part; reading the clock costs
// about 30 ns, eight times a layer, against the two milliseconds and more of a step.
//
// What it is not: part of any result.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowmill {

enum class Phase : uint8_t {
  kEmbedding,
  kAttentionInput,   // norm, quantisation, query, key and value projections
  kPositions,        // rotary positions, storing keys and values
  kAttention,        // softmax(q k) v
  kAttentionOutput,  // output projection
  kFeedForward,
  kHead,  // last norm and logits
};
inline constexpr size_t kNumPhases = 7;

constexpr std::string_view Name(Phase phase) {
  constexpr std::array<std::string_view, kNumPhases> kNames = {
      "embedding",        "attention_input", "positions", "attention",
      "attention_output", "feed_forward",    "head"};
  return kNames[static_cast<size_t>(phase)];
}

class PhaseTimes {
 public:
  // Time from here on belongs to the phase that is ended next.
  void Begin() { last_ = Clock::now(); }
  void End(Phase phase) {
    const Clock::time_point now = Clock::now();
    seconds_[static_cast<size_t>(phase)] += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

  double seconds(Phase phase) const { return seconds_[static_cast<size_t>(phase)]; }
  PhaseTimes& operator+=(const PhaseTimes& other) {
    for (size_t i = 0; i < kNumPhases; ++i) seconds_[i] += other.seconds_[i];
    return *this;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::array<double, kNumPhases> seconds_{};
  Clock::time_point last_;
};

}  // namespace rowmill
