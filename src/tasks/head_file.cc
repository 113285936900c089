#include "tasks/head_file.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/json_text.h"

namespace rowmill {
namespace {

constexpr size_t kMaxLabels = 65536;
constexpr size_t kMaxDim = 65536;

void AppendNumbers(std::span<const double> numbers, std::string& out) {
  out += '[';
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonNumber(numbers[i], out);
  }
  out += ']';
}

}  // namespace

std::string FormatHead(const NamedHead& named) {
  std::string out = "{\"rowmill_head\":1,\"model_sha256\":";
  AppendJsonString(named.model_sha256, out);
  out += ",\"labels\":[";
  for (size_t i = 0; i < named.labels.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(named.labels[i], out);
  }
  out += "],\"bias\":";
  AppendNumbers(named.head.bias, out);
  out += ",\"weights\":[";
  for (size_t label = 0; label < named.head.num_labels; ++label) {
    if (label > 0) out += ',';
    out += '\n';
    AppendNumbers(std::span(named.head.weights).subspan(label * named.head.dim, named.head.dim),
                  out);
  }
  out += "]}\n";
  return out;
}

NamedHead ParseHead(std::string_view text, const std::string& name) {
  const auto fail = [&](const char* what) {
    throw UsageError("--head " + name + ": " + what +
                     "; give a file that --save-head has written.");
  };
  // Deeper nesting than a head has is refused before it can cost stack.
  const auto depth_at_most = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > 4) throw UsageError("nested too deeply");
    return true;
  };
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(text, depth_at_most);
  } catch (const std::exception&) {
    fail("it is not JSON");
  }
  if (!json.is_object() || json.value("rowmill_head", nlohmann::json()) != 1) {
    fail("it is not a head");
  }
  NamedHead named;
  const auto list = [&](const nlohmann::json& object, const char* key) -> const nlohmann::json& {
    if (!object.contains(key) || !object[key].is_array()) fail("a list in it is missing");
    return object[key];
  };
  const auto numbers = [&](const nlohmann::json& values, std::vector<double>& out) {
    for (const nlohmann::json& value : values) {
      if (!value.is_number() || !std::isfinite(value.get<double>())) {
        fail("it has something in place of a number");
      }
      out.push_back(value.get<double>());
    }
  };
  for (const nlohmann::json& label : list(json, "labels")) {
    if (!label.is_string() || label.get_ref<const std::string&>().empty()) {
      fail("a label is not a text");
    }
    named.labels.push_back(label.get<std::string>());
  }
  LinearHead& head = named.head;
  head.num_labels = named.labels.size();
  numbers(list(json, "bias"), head.bias);
  const nlohmann::json& rows = list(json, "weights");
  if (head.num_labels < 2 || head.num_labels > kMaxLabels || head.bias.size() != head.num_labels ||
      rows.size() != head.num_labels) {
    fail("its labels, biases and weights differ in number");
  }
  for (const nlohmann::json& row : rows) {
    if (!row.is_array() || row.size() != rows[0].size() || row.empty() || row.size() > kMaxDim) {
      fail("its rows of weights differ in length");
    }
    numbers(row, head.weights);
  }
  head.dim = rows[0].size();
  if (json.contains("model_sha256") && json["model_sha256"].is_string()) {
    named.model_sha256 = json["model_sha256"].get<std::string>();
  }
  return named;
}

}  // namespace rowmill
