// What is known of items apart from who took them: a vector for each, and the words of its text.
// Vectors come from outside (an encoder); nothing here knows models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

class ItemContent {
 public:
  // `num_items` items without content.
  ItemContent(size_t num_items, size_t dim);

  size_t num_items() const { return texts_.size(); }
  size_t dim() const { return dim_; }
  bool Has(size_t item) const { return has_[item] != 0; }
  const std::string& text(size_t item) const { return texts_[item]; }

  // `vector` has length 1.
  void Set(size_t item, std::string text, std::span<const float> vector);
  // Counts in how many items each word is. After the last Set.
  void IndexWords();

  // profile[d] += weight * vector of the item.
  void AddVector(size_t item, float weight, std::span<float> profile) const;
  // scores[i] = profile . vector of i, for all items.
  void Score(std::span<const float> profile, std::span<float> scores) const;
  float Cosine(size_t a, size_t b) const;

  // Words that both items have, the rarest first, at most `count`; lower case.
  std::vector<std::string> SharedWords(size_t a, size_t b, size_t count) const;

 private:
  size_t dim_;
  std::vector<uint8_t> has_;         // [items]
  std::vector<std::string> texts_;   // [items]
  std::vector<float> vectors_;       // [dim, items]: a score is summed over vectors of items
  std::vector<std::string> words_;   // by number
  std::vector<uint32_t> num_items_;  // [words] that have it
  std::vector<std::vector<uint32_t>> words_of_;  // [items], ascending
};

// The words of a text: runs of letters, digits and bytes beyond ASCII, in lower case (ASCII), three
// bytes or longer, not of digits alone.
std::vector<std::string> WordsOf(std::string_view text);

}  // namespace rowmill
