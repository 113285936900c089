// Finds the special tokens that a text contains literally, before any other step of tokenising:
// leftmost first, of those that begin at one place the longest.
//
// What it is not: it decides nothing about trust. The caller says where control tokens may be found
// (SpecialTokens::kParse); elsewhere only user-defined ones, which are plain text with an id of
// its own (runs of line breaks, HTML tags), are looked for.
//
// One Aho-Corasick automaton over the reversed tokens reads the text from its end to its beginning.
// Its state then tells at each position the longest token that *starts* there, which is what
// leftmost-longest needs: read forwards, an automaton has to go back after each match, and a
// vocabulary of long, similar tokens makes that quadratic. This way each byte costs amortised
// constant time for any text and any vocabulary.
//
// The reference engine instead searches for one token after the other, longest first. The two
// differ only where the end of one token is the beginning of another, different one and the text
// overlaps them; no published vocabulary that we know of has such tokens but for runs of one
// character, on which both agree.
//
// Paper: A. Aho, M. Corasick, "Efficient string matching", CACM 18(6), 1975.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/byte_trie.h"
#include "text/vocabulary.h"

namespace rowmill {

struct SpecialMatch {
  size_t begin = 0;
  size_t size = 0;
  int32_t id = kNoToken;
};

// A part of the text in which control tokens may be found; ascending, not touching each other.
struct ParseRegion {
  size_t begin = 0;
  size_t end = 0;
};

// Memory for FindAll, kept between calls by its caller.
struct SpecialTokenScratch {
  struct Candidate {
    size_t position;
    uint32_t state;
  };
  std::vector<Candidate> candidates;
  std::vector<SpecialMatch> matches;  // out: in text order, not overlapping
  uint64_t num_operations = 0;        // automaton steps so far

  void Trim() {
    constexpr size_t kKept = 1 << 16;
    if (candidates.capacity() > kKept) candidates = {};
    if (matches.capacity() > kKept) matches = {};
  }
};

class SpecialTokenMatcher {
 public:
  enum class Kind : uint8_t { kUserDefined, kUserDefinedAndControl };

  SpecialTokenMatcher(const Vocabulary& vocabulary, Kind kind);

  bool empty() const { return trie_.num_states() == 1; }
  // Fills `scratch.matches`. A control token is found only where it lies within one region.
  void FindAll(std::string_view text, std::span<const ParseRegion> regions,
               SpecialTokenScratch& scratch) const;

 private:
  struct Token {
    int32_t id = kNoToken;
    uint32_t size = 0;
    bool is_control = false;
  };
  static constexpr uint32_t kRoot = ByteTrie::kRoot;

  // How each state was reached; needed while the automaton is built.
  struct Origin {
    uint32_t parent = kRoot;
    uint8_t byte = 0;
  };

  void AddReversed(std::string_view text, const Token& token, std::vector<Origin>& origins);
  void LinkSuffixes(const std::vector<Origin>& origins);
  uint32_t Step(uint32_t state, uint8_t byte, uint64_t& num_operations) const;
  const Token* LongestAllowed(uint32_t state, size_t room) const;

  ByteTrie trie_;
  std::vector<uint32_t> suffix_;   // [states]: state of the longest proper suffix
  std::vector<uint32_t> longest_;  // [states]: nearest state, itself first, with a token
  std::vector<uint32_t> shorter_;  // [states]: the next such state after itself
  std::vector<Token> tokens_;      // [states]: the token that starts here, if any
};

}  // namespace rowmill
