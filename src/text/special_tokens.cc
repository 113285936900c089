#include "text/special_tokens.h"

#include <algorithm>

#include "base/check.h"

namespace rowmill {
namespace {

bool IsWanted(TokenType type, SpecialTokenMatcher::Kind kind) {
  if (type == TokenType::kUserDefined) return true;
  return kind == SpecialTokenMatcher::Kind::kUserDefinedAndControl &&
         (type == TokenType::kControl || type == TokenType::kUnknown);
}

size_t MaxStates(const Vocabulary& vocabulary, SpecialTokenMatcher::Kind kind) {
  size_t max_states = 1;
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if (IsWanted(vocabulary.types[i], kind)) max_states += vocabulary.texts[i].size();
  }
  return max_states;
}

}  // namespace

SpecialTokenMatcher::SpecialTokenMatcher(const Vocabulary& vocabulary, Kind kind)
    : trie_(MaxStates(vocabulary, kind)) {
  tokens_.resize(1);
  std::vector<Origin> origins(1);
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if (!IsWanted(vocabulary.types[i], kind) || vocabulary.texts[i].empty()) continue;
    const std::string& text = vocabulary.texts[i];
    AddReversed(text,
                {static_cast<int32_t>(i), static_cast<uint32_t>(text.size()),
                 vocabulary.types[i] != TokenType::kUserDefined},
                origins);
  }
  LinkSuffixes(origins);
}

void SpecialTokenMatcher::AddReversed(std::string_view text, const Token& token,
                                      std::vector<Origin>& origins) {
  uint32_t state = kRoot;
  for (size_t i = text.size(); i-- > 0;) {
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    const uint32_t target = trie_.FindOrAdd(state, byte);
    if (target == tokens_.size()) {
      tokens_.emplace_back();
      origins.push_back({state, byte});
    }
    state = target;
  }
  // Two tokens of equal text: the lower id, unless only the higher one is open to all texts.
  Token& present = tokens_[state];
  if (present.id == kNoToken || (present.is_control && !token.is_control)) present = token;
}

void SpecialTokenMatcher::LinkSuffixes(const std::vector<Origin>& origins) {
  const uint32_t num_states = trie_.num_states();
  suffix_.assign(num_states, kRoot);
  longest_.assign(num_states, kRoot);
  shorter_.assign(num_states, kRoot);
  // Suffix links lead to shallower states, so these have to be finished first. States are numbered
  // in order of insertion; sorting them by depth gives the breadth-first order.
  std::vector<uint32_t> depth(num_states, 0);
  std::vector<uint32_t> order(num_states);
  for (uint32_t state = 1; state < num_states; ++state) {
    depth[state] = depth[origins[state].parent] + 1;
    order[state] = state;
  }
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return depth[a] < depth[b]; });
  uint64_t num_operations = 0;
  for (const uint32_t state : order) {
    if (state == kRoot) continue;
    const Origin& origin = origins[state];
    if (origin.parent != kRoot) {
      suffix_[state] = Step(suffix_[origin.parent], origin.byte, num_operations);
    }
    shorter_[state] = longest_[suffix_[state]];
    longest_[state] = tokens_[state].id != kNoToken ? state : shorter_[state];
  }
}

uint32_t SpecialTokenMatcher::Step(uint32_t state, uint8_t byte, uint64_t& num_operations) const {
  for (;;) {
    ++num_operations;
    const uint32_t target = trie_.Find(state, byte);
    if (target != kRoot || state == kRoot) return target;
    state = suffix_[state];
  }
}

// The longest token that starts where `state` was reached; control tokens need `room` bytes.
const SpecialTokenMatcher::Token* SpecialTokenMatcher::LongestAllowed(uint32_t state,
                                                                      size_t room) const {
  for (state = longest_[state]; state != kRoot; state = shorter_[state]) {
    const Token& token = tokens_[state];
    if (!token.is_control || token.size <= room) return &token;
  }
  return nullptr;
}

void SpecialTokenMatcher::FindAll(std::string_view text, std::span<const ParseRegion> regions,
                                  SpecialTokenScratch& scratch) const {
  scratch.matches.clear();
  scratch.candidates.clear();
  if (empty()) return;

  uint32_t state = kRoot;
  for (size_t i = text.size(); i-- > 0;) {
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    if (state == kRoot) {
      state = trie_.Find(kRoot, byte);
      if (state == kRoot) continue;
    } else {
      state = Step(state, byte, scratch.num_operations);
    }
    if (longest_[state] != kRoot) scratch.candidates.push_back({i, state});
  }
  scratch.num_operations += text.size();

  size_t next_free = 0;
  size_t region = 0;
  for (size_t k = scratch.candidates.size(); k-- > 0;) {
    const auto [position, found_state] = scratch.candidates[k];
    if (position < next_free) continue;
    while (region < regions.size() && regions[region].end <= position) ++region;
    const bool inside = region < regions.size() && regions[region].begin <= position;
    const Token* token = LongestAllowed(found_state, inside ? regions[region].end - position : 0);
    if (token == nullptr) continue;
    scratch.matches.push_back({position, token->size, token->id});
    next_free = position + token->size;
  }
}

}  // namespace rowmill
