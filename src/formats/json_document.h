// A JSON text out of a model folder (config.json, tokenizer.json, an index of shards) as a tree.
// Hostile input is expected: nesting, the number of values and the length are bounded, repeated
// names are refused (readers differ in which one they take), numbers have to fit a 64-bit integer
// or a double, and strings are valid UTF-8.
//
// What it is not: data sets are read by data/json_scanner.h, which builds no tree.
// Specification: RFC 8259.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

struct JsonDocumentLimits {
  size_t max_bytes = size_t{16} << 20;
  size_t max_depth = 64;  // of nested arrays and objects, the outermost counted
  size_t max_values = size_t{8} << 20;
};

class JsonDocument {
 public:
  // `name` is the file, for error texts. Throws ModelError with the byte where it goes wrong.
  static JsonDocument Parse(std::string_view text, const std::string& name,
                            const JsonDocumentLimits& limits = {});

  const nlohmann::json& root() const { return root_; }
  const std::string& name() const { return name_; }

  // The member that `path` names, objects parted by dots ("rope_scaling.factor"); nullptr where
  // one of them is missing, null or no object, and for the empty path. A member whose own name has
  // dots is not found.
  const nlohmann::json* Find(std::string_view path) const;
  // Nullopt where the member is missing or null; ModelError where it has another type.
  std::optional<int64_t> FindInt(std::string_view path) const;
  std::optional<double> FindFloat(std::string_view path) const;  // any number
  std::optional<bool> FindBool(std::string_view path) const;
  std::optional<std::string_view> FindString(std::string_view path) const;
  std::optional<std::vector<std::string_view>> FindStrings(std::string_view path) const;

  [[noreturn]] void Fail(const std::string& message) const;

 private:
  std::string name_;
  nlohmann::json root_;
};

}  // namespace rowmill
