#include "metrics/translation_scores.h"

#include <algorithm>
#include <unordered_map>

#include "base/real_math.h"
#include "data/utf8.h"

namespace rowmill {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What Python takes for white space.
bool IsSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

// Punctuation of ASCII but for ' , - .
bool IsAlwaysParted(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::vector<uint32_t> CodePoints(std::string_view text) {
  std::vector<uint32_t> points;
  for (size_t at = 0; at < text.size();) points.push_back(NextCharacter(text, at));
  return points;
}

// `first` followed by `second`, each of a kind, found from left to right without overlap: `parted`
// is written for the pair.
template <typename First, typename Second, typename Parted>
std::string PartPairs(const std::string& text, First is_first, Second is_second, Parted parted) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && is_first(text[i]) && is_second(text[i + 1])) {
      parted(text[i], text[i + 1], out);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The n-grams of two sequences and how many they share, each as often as in both.
template <typename Counts>
void CountNgrams(const std::vector<uint32_t>& answer, const std::vector<uint32_t>& gold, size_t n,
                 Counts& counts) {
  const auto sorted = [n](const std::vector<uint32_t>& sequence) {
    std::vector<const uint32_t*> grams;
    for (size_t i = 0; i + n <= sequence.size(); ++i) grams.push_back(sequence.data() + i);
    std::sort(grams.begin(), grams.end(), [n](const uint32_t* a, const uint32_t* b) {
      return std::lexicographical_compare(a, a + n, b, b + n);
    });
    return grams;
  };
  const std::vector<const uint32_t*> ours = sorted(answer);
  const std::vector<const uint32_t*> theirs = sorted(gold);
  counts.answer += ours.size();
  counts.gold += theirs.size();
  for (size_t i = 0, j = 0; i < ours.size() && j < theirs.size();) {
    const auto order =
        std::lexicographical_compare_three_way(ours[i], ours[i] + n, theirs[j], theirs[j] + n);
    if (order == 0) ++counts.both;
    if (order <= 0) ++i;
    if (order >= 0) ++j;
  }
}

std::vector<uint32_t> WithoutSpaces(std::string_view text) {
  std::vector<uint32_t> points = CodePoints(text);
  std::erase_if(points, IsSpace);
  return points;
}

}  // namespace

std::vector<std::string> TokenizeFor13a(std::string_view line) {
  // White space at the end goes before anything else is looked at.
  std::vector<uint32_t> points = CodePoints(line);
  while (!points.empty() && IsSpace(points.back())) points.pop_back();
  std::string text;
  for (const uint32_t c : points) AppendCharacter(c, text);
  text = ReplaceAll(std::move(text), "<skipped>", "");
  text = ReplaceAll(std::move(text), "-\n", "");
  std::replace(text.begin(), text.end(), '\n', ' ');
  text = ReplaceAll(std::move(text), "&quot;", "\"");
  text = ReplaceAll(std::move(text), "&amp;", "&");
  text = ReplaceAll(std::move(text), "&lt;", "<");
  text = ReplaceAll(std::move(text), "&gt;", ">");

  std::string parted = " ";
  for (const char c : text) {
    if (IsAlwaysParted(c)) {
      parted += {' ', c, ' '};
    } else {
      parted += c;
    }
  }
  parted += ' ';
  const auto is_stop = [](char c) { return c == '.' || c == ','; };
  const auto is_no_digit = [](char c) { return !IsDigit(c); };
  parted = PartPairs(parted, is_no_digit, is_stop,
                     [](char a, char b, std::string& out) { out += {a, ' ', b, ' '}; });
  parted = PartPairs(parted, is_stop, is_no_digit,
                     [](char a, char b, std::string& out) { out += {' ', a, ' ', b}; });
  parted = PartPairs(
      parted, IsDigit, [](char c) { return c == '-'; },
      [](char a, char b, std::string& out) { out += {a, ' ', b, ' '}; });

  std::vector<std::string> words;
  bool in_word = false;
  for (const uint32_t c : CodePoints(parted)) {
    if (IsSpace(c)) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    AppendCharacter(c, words.back());
  }
  return words;
}

void TranslationScores::Add(std::string_view answer, std::string_view gold) {
  std::string clean_answer, clean_gold;
  AppendRepairedUtf8(answer, clean_answer);
  AppendRepairedUtf8(gold, clean_gold);
  std::unordered_map<std::string, uint32_t> ids;
  const auto word_ids = [&](std::string_view text) {
    std::vector<uint32_t> sequence;
    for (std::string& word : TokenizeFor13a(text)) {
      sequence.push_back(
          ids.try_emplace(std::move(word), static_cast<uint32_t>(ids.size())).first->second);
    }
    return sequence;
  };
  const std::vector<uint32_t> answer_words = word_ids(clean_answer);
  const std::vector<uint32_t> gold_words = word_ids(clean_gold);
  answer_words_ += answer_words.size();
  gold_words_ += gold_words.size();
  for (size_t n = 1; n <= kWordOrders; ++n) CountNgrams(answer_words, gold_words, n, words_[n - 1]);

  const std::vector<uint32_t> answer_characters = WithoutSpaces(clean_answer);
  const std::vector<uint32_t> gold_characters = WithoutSpaces(clean_gold);
  for (size_t n = 1; n <= kCharacterOrders; ++n) {
    Matches row;
    CountNgrams(answer_characters, gold_characters, n, row);
    Matches& all = characters_[n - 1];
    // Where the reference is too short for this order, nothing counts.
    if (row.gold > 0) all.answer += row.answer;
    all.gold += row.gold;
    all.both += row.both;
  }
}

double TranslationScores::Bleu() const {
  if (std::all_of(words_.begin(), words_.end(), [](const Matches& m) { return m.both == 0; })) {
    return 0.0;
  }
  double log_sum = 0.0;
  double halving = 1.0;  // of each order without a match
  for (const Matches& order : words_) {
    if (order.answer == 0) return 0.0;  // no answer is long enough for this order
    double precision = static_cast<double>(order.both) * 100.0 / static_cast<double>(order.answer);
    if (order.both == 0) {
      halving *= 2.0;
      precision = 100.0 / (halving * static_cast<double>(order.answer));
    }
    log_sum += RealLog(precision);
  }
  double log_score = log_sum / static_cast<double>(kWordOrders);
  if (answer_words_ < gold_words_) {
    log_score += 1.0 - static_cast<double>(gold_words_) / static_cast<double>(answer_words_);
  }
  return log_score < -700.0 ? 0.0 : RealExp(log_score);
}

double TranslationScores::ChrF() const {
  constexpr double kBetaSquared = 4.0;
  double precision = 0.0;
  double recall = 0.0;
  size_t orders = 0;
  for (const Matches& order : characters_) {
    if (order.answer == 0 || order.gold == 0) continue;
    precision += static_cast<double>(order.both) / static_cast<double>(order.answer);
    recall += static_cast<double>(order.both) / static_cast<double>(order.gold);
    ++orders;
  }
  if (orders == 0 || precision + recall == 0.0) return 0.0;
  precision /= static_cast<double>(orders);
  recall /= static_cast<double>(orders);
  return 100.0 * (1.0 + kBetaSquared) * precision * recall / (kBetaSquared * precision + recall);
}

}  // namespace rowmill
