#include "formats/json_document.h"

#include <utility>

#include "base/error.h"
#include "formats/error_text.h"

namespace rowmill {
namespace {

using nlohmann::json;

// Builds the tree from the parser's events, which come without recursion.
class TreeBuilder {
 public:
  TreeBuilder(json& root, const JsonDocumentLimits& limits) : root_(root), limits_(limits) {}

  const std::string& problem() const { return problem_; }

  bool null() { return Add(json()); }
  bool boolean(bool value) { return Add(json(value)); }
  bool number_integer(json::number_integer_t value) { return Add(json(value)); }
  bool number_unsigned(json::number_unsigned_t value) { return Add(json(value)); }
  bool number_float(json::number_float_t value, const std::string&) { return Add(json(value)); }
  bool string(std::string& value) { return Add(json(std::move(value))); }
  bool binary(json::binary_t&) { return Stop("binary values are not JSON"); }
  bool start_object(size_t) { return Open(json::object()); }
  bool start_array(size_t) { return Open(json::array()); }
  bool key(std::string& name) {
    key_ = std::move(name);
    if (open_.back()->contains(key_)) return Stop("the name " + Quoted(key_) + " occurs twice");
    return true;
  }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& error) {
    // The library's text begins with its own error number in brackets.
    std::string_view text = error.what();
    if (const size_t bracket = text.find("] "); bracket != std::string_view::npos) {
      text.remove_prefix(bracket + 2);
    }
    return Stop(std::string(text.substr(0, 200)) + " (at byte " + std::to_string(position) + ")");
  }

 private:
  bool Stop(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  // Puts the value where it belongs; its place, or nullptr where there are too many.
  json* Place(json value) {
    if (++num_values_ > limits_.max_values) {
      Stop("there are more than " + std::to_string(limits_.max_values) + " values");
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }
  bool Add(json value) { return Place(std::move(value)) != nullptr; }
  bool Open(json value) {
    if (open_.size() == limits_.max_depth) {
      return Stop("it is nested deeper than " + std::to_string(limits_.max_depth));
    }
    json* const place = Place(std::move(value));
    if (place == nullptr) return false;
    open_.push_back(place);
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  json& root_;
  const JsonDocumentLimits& limits_;
  // The arrays and objects around the next value. A place stays valid while it is open: its parent
  // gets nothing new before it is closed.
  std::vector<json*> open_;
  std::string key_;
  size_t num_values_ = 0;
  std::string problem_;
};

}  // namespace

JsonDocument JsonDocument::Parse(std::string_view text, const std::string& name,
                                 const JsonDocumentLimits& limits) {
  JsonDocument document;
  document.name_ = name;
  if (text.size() > limits.max_bytes) {
    document.Fail("has " + std::to_string(text.size()) + " bytes, the limit is " +
                  std::to_string(limits.max_bytes));
  }
  TreeBuilder builder(document.root_, limits);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    document.Fail("is not a JSON text that can be used: " + builder.problem());
  }
  return document;
}

void JsonDocument::Fail(const std::string& message) const {
  throw ModelError("model file '" + name_ + "': " + message);
}

const json* JsonDocument::Find(std::string_view path) const {
  if (path.empty()) return nullptr;
  const json* value = &root_;
  for (;;) {
    const size_t dot = path.find('.');
    if (!value->is_object()) return nullptr;
    const auto member = value->find(std::string(path.substr(0, dot)));
    if (member == value->end() || member->is_null()) return nullptr;
    value = &*member;
    if (dot == std::string_view::npos) return value;
    path.remove_prefix(dot + 1);
  }
}

std::optional<int64_t> JsonDocument::FindInt(std::string_view path) const {
  const json* value = Find(path);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer() &&
      !(value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX)) {
    return value->get<int64_t>();
  }
  Fail(std::string(path) + " is not an integer below 2^63");
}

std::optional<double> JsonDocument::FindFloat(std::string_view path) const {
  const json* value = Find(path);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  Fail(std::string(path) + " is not a number");
}

std::optional<bool> JsonDocument::FindBool(std::string_view path) const {
  const json* value = Find(path);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  Fail(std::string(path) + " is neither true nor false");
}

std::optional<std::string_view> JsonDocument::FindString(std::string_view path) const {
  const json* value = Find(path);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get_ref<const std::string&>();
  Fail(std::string(path) + " is not a string");
}

std::optional<std::vector<std::string_view>> JsonDocument::FindStrings(
    std::string_view path) const {
  const json* value = Find(path);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) Fail(std::string(path) + " is not an array of strings");
  std::vector<std::string_view> strings;
  strings.reserve(value->size());
  for (const json& element : *value) {
    if (!element.is_string()) Fail(std::string(path) + " is not an array of strings");
    strings.emplace_back(element.get_ref<const std::string&>());
  }
  return strings;
}

}  // namespace rowmill
