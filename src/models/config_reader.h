// Reads a family's config with range checks: a model file is hostile until it is proven otherwise.
// Errors name the value as its container does, what was found and what was expected.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "formats/model_source.h"

namespace rowmill {

// Keys are GGUF's without the architecture in front. All failures are ModelErrors.
class ConfigReader {
 public:
  struct Range {
    double low;
    double high;
  };

  explicit ConfigReader(const ModelSource& source) : source_(source) {}

  const ModelSource& source() const { return source_; }
  size_t Count(std::string_view key, size_t low, size_t high) const;
  size_t CountOr(std::string_view key, size_t fallback, size_t low, size_t high) const;
  double Number(std::string_view key, Range range) const;
  double NumberOr(std::string_view key, double fallback, Range range) const;
  std::string TextOr(std::string_view key, std::string_view fallback) const;
  [[noreturn]] void Fail(std::string_view key, const std::string& problem) const;

 private:
  const ModelSource& source_;
};

// Rows of the embedding matrix [V, model_dim]; checks them against the tokeniser's list where the
// container has one.
size_t VocabularySize(const ModelSource& source, const std::string& embedding, size_t model_dim);

}  // namespace rowmill
