#include "recommend/item_content.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace rowmill {

ItemContent::ItemContent(size_t num_items, size_t dim)
    : dim_(dim),
      has_(num_items, 0),
      texts_(num_items),
      vectors_(num_items * dim, 0.0f),
      words_of_(num_items) {}

void ItemContent::Set(size_t item, std::string text, std::span<const float> vector) {
  CHECK(item < num_items() && vector.size() == dim_);
  has_[item] = 1;
  texts_[item] = std::move(text);
  for (size_t d = 0; d < dim_; ++d) vectors_[d * num_items() + item] = vector[d];
}

void ItemContent::IndexWords() {
  std::unordered_map<std::string, uint32_t> numbers;
  for (size_t item = 0; item < num_items(); ++item) {
    std::vector<uint32_t>& own = words_of_[item];
    own.clear();
    for (const std::string& word : WordsOf(texts_[item])) {
      const auto [at, is_new] = numbers.emplace(word, static_cast<uint32_t>(words_.size()));
      if (is_new) {
        words_.push_back(word);
        num_items_.push_back(0);
      }
      own.push_back(at->second);
    }
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
    for (const uint32_t word : own) ++num_items_[word];
  }
}

void ItemContent::AddVector(size_t item, float weight, std::span<float> profile) const {
  for (size_t d = 0; d < dim_; ++d) profile[d] += weight * vectors_[d * num_items() + item];
}

void ItemContent::Score(std::span<const float> profile, std::span<float> scores) const {
  const size_t n = num_items();
  std::fill_n(scores.begin(), n, 0.0f);
  for (size_t d = 0; d < dim_; ++d) {
    const float weight = profile[d];
    const float* row = vectors_.data() + d * n;
    for (size_t i = 0; i < n; ++i) scores[i] += weight * row[i];
  }
}

float ItemContent::Cosine(size_t a, size_t b) const {
  float sum = 0.0f;
  for (size_t d = 0; d < dim_; ++d) {
    sum += vectors_[d * num_items() + a] * vectors_[d * num_items() + b];
  }
  return sum;
}

std::vector<std::string> ItemContent::SharedWords(size_t a, size_t b, size_t count) const {
  std::vector<uint32_t> shared;
  std::set_intersection(words_of_[a].begin(), words_of_[a].end(), words_of_[b].begin(),
                        words_of_[b].end(), std::back_inserter(shared));
  std::sort(shared.begin(), shared.end(), [&](uint32_t x, uint32_t y) {
    return std::pair(num_items_[x], x) < std::pair(num_items_[y], y);
  });
  std::vector<std::string> out;
  for (const uint32_t word : shared) {
    // What most items have says nothing of any.
    if (out.size() == count || num_items_[word] * 2 > num_items()) break;
    out.push_back(words_[word]);
  }
  return out;
}

std::vector<std::string> WordsOf(std::string_view text) {
  constexpr size_t kShortest = 3;
  std::vector<std::string> words;
  std::string word;
  bool has_letter = false;
  const auto end_word = [&] {
    if (word.size() >= kShortest && has_letter) words.push_back(word);
    word.clear();
    has_letter = false;
  };
  for (const char c : text) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_letter = is_upper || (c >= 'a' && c <= 'z') || static_cast<uint8_t>(c) >= 0x80;
    if (!is_letter && !(c >= '0' && c <= '9')) {
      end_word();
      continue;
    }
    has_letter = has_letter || is_letter;
    word += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  end_word();
  return words;
}

}  // namespace rowmill
