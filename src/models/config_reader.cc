#include "models/config_reader.h"

#include "base/error.h"

namespace rowmill {

size_t ConfigReader::Count(std::string_view key, size_t low, size_t high) const {
  const std::optional<int64_t> value = source_.FindInt(key);
  if (!value) Fail(key, "is missing");
  if (*value < 0 || static_cast<uint64_t>(*value) < low || static_cast<uint64_t>(*value) > high) {
    Fail(key, "is " + std::to_string(*value) + ", expected " + std::to_string(low) + " to " +
                  std::to_string(high));
  }
  return static_cast<size_t>(*value);
}

size_t ConfigReader::CountOr(std::string_view key, size_t fallback, size_t low, size_t high) const {
  return source_.FindInt(key) ? Count(key, low, high) : fallback;
}

double ConfigReader::Number(std::string_view key, Range range) const {
  const std::optional<double> value = source_.FindFloat(key);
  if (!value) Fail(key, "is missing");
  if (!(*value >= range.low && *value <= range.high)) {
    Fail(key, "is " + std::to_string(*value) + ", expected " + std::to_string(range.low) + " to " +
                  std::to_string(range.high));
  }
  return *value;
}

double ConfigReader::NumberOr(std::string_view key, double fallback, Range range) const {
  return source_.FindFloat(key) ? Number(key, range) : fallback;
}

std::string ConfigReader::TextOr(std::string_view key, std::string_view fallback) const {
  return std::string(source_.FindString(key).value_or(fallback));
}

void ConfigReader::Fail(std::string_view key, const std::string& problem) const {
  throw ModelError("model '" + source_.name() + "': " + source_.KeyName(key) + " " + problem);
}

size_t VocabularySize(const ModelSource& source, const std::string& embedding, size_t model_dim) {
  const std::optional<SourceWeight> weight = source.FindWeight(embedding);
  const std::string start =
      "model '" + source.name() + "': tensor " + source.WeightName(embedding) + " ";
  if (!weight) throw ModelError(start + "is missing");
  const std::vector<uint64_t>& shape = weight->tensor->shape;
  if (shape.size() != 2 || shape[0] == 0 || shape[1] != model_dim) {
    throw ModelError(start + "is not a matrix with rows of " + std::to_string(model_dim) +
                     " elements");
  }
  const auto rows = static_cast<size_t>(shape[0]);
  if (const std::optional<size_t> tokens = source.NumTokens(); tokens && *tokens != rows) {
    throw ModelError(start + "has " + std::to_string(rows) + " rows but the tokeniser has " +
                     std::to_string(*tokens) + " tokens");
  }
  return rows;
}

}  // namespace rowmill
