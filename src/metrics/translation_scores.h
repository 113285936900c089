// BLEU and chrF of translations against one reference each, over a whole data set. Equal to
// sacreBLEU 2 with its defaults: BLEU of words by the tokeniser 13a, orders 1 to 4, exponential
// smoothing; chrF2 of characters without white space, orders 1 to 6, beta 2.
//
// Papers: BLEU, Papineni et al., ACL 2002; chrF, Popovic, WMT 2015; sacreBLEU, arXiv:1804.08771.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

// The words of a line as mteval-v13a parts them. `line` is valid UTF-8.
std::vector<std::string> TokenizeFor13a(std::string_view line);

class TranslationScores {
 public:
  static constexpr size_t kWordOrders = 4;
  static constexpr size_t kCharacterOrders = 6;

  // A translation and its reference. Counts only: the order of rows does not matter, and memory
  // does not grow with them.
  void Add(std::string_view answer, std::string_view gold);

  // From 0 to 100.
  double Bleu() const;
  double ChrF() const;

 private:
  struct Matches {
    uint64_t answer = 0;  // n-grams
    uint64_t gold = 0;
    uint64_t both = 0;
  };
  std::array<Matches, kWordOrders> words_{};
  std::array<Matches, kCharacterOrders> characters_{};
  uint64_t answer_words_ = 0;
  uint64_t gold_words_ = 0;
};

}  // namespace rowmill
