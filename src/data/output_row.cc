#include "data/output_row.h"

#include <array>
#include <charconv>
#include <cmath>

#include "data/json_text.h"
#include "data/utf8.h"

namespace rowmill {
namespace {

void AppendInteger(int64_t value, std::string& out) {
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

struct JsonVisitor {
  std::string& out;

  void operator()(std::monostate) const { out += "null"; }
  void operator()(const std::string& text) const { AppendJsonString(text, out); }
  void operator()(int64_t value) const { AppendInteger(value, out); }
  void operator()(double value) const { AppendJsonNumber(value, out); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(const std::vector<float>& values) const {
    out.push_back('[');
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out.push_back(',');
      AppendJsonNumber(values[i], out);
    }
    out.push_back(']');
  }
  void operator()(const JsonText& json) const { out += json.text; }
};

}  // namespace

std::string_view RowStatusName(RowStatus status) {
  switch (status) {
    case RowStatus::kOk:
      return "ok";
    case RowStatus::kTruncated:
      return "truncated";
    case RowStatus::kInvalid:
      return "invalid";
    case RowStatus::kError:
      return "error";
    case RowStatus::kSkipped:
      return "skipped";
  }
  return "";
}

void AppendCellAsJson(const Cell& cell, std::string& out) { std::visit(JsonVisitor{out}, cell); }

void AppendCellAsText(const Cell& cell, std::string& out) {
  if (std::holds_alternative<std::monostate>(cell)) return;
  if (const auto* text = std::get_if<std::string>(&cell)) {
    AppendRepairedUtf8(*text, out);
    return;
  }
  const auto* number = std::get_if<double>(&cell);
  if (number != nullptr && !std::isfinite(*number)) return;
  AppendCellAsJson(cell, out);
}

}  // namespace rowmill
