#include "text/jinja_print.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "text/jinja_string.h"
#include "text/jinja_unicode.h"

namespace rowmill {
namespace {

using Origin = JinjaText::Origin;

std::string FormatInt(int64_t value) { return std::to_string(value); }

// `digits` hexadecimal digits after `prefix`.
std::string HexEscape(std::string_view prefix, uint32_t code, int digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out(prefix);
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[(code >> shift) & 0xF];
  return out;
}

// Appends to one text with the limits of a rendering.
class Printer {
 public:
  explicit Printer(JinjaBudget& budget) : budget_(budget) {}

  JinjaText Take() { return std::move(out_); }

 protected:
  void Put(std::string_view text, Origin origin = Origin::kTemplate) {
    out_.Append(text, origin);
    uncharged_ += text.size();
    if (uncharged_ < kChargedAtOnce) return;
    budget_.ChargeBytes(uncharged_);
    uncharged_ = 0;
    CheckJinjaTextSize(out_.size());
  }

  JinjaBudget& budget_;

 private:
  static constexpr size_t kChargedAtOnce = 4096;

  JinjaText out_;
  size_t uncharged_ = 0;
};

class ReprPrinter : public Printer {
 public:
  using Printer::Printer;

  void Print(const JinjaValue& value) {
    budget_.Charge(1);
    if (value.IsUndefined()) return Put("Undefined");
    if (value.IsNone()) return Put("None");
    if (const bool* boolean = value.AsBool()) return Put(*boolean ? "True" : "False");
    if (const int64_t* integer = value.AsInt()) return Put(FormatInt(*integer));
    if (const double* real = value.AsFloat()) return Put(FormatJinjaFloat(*real));
    if (const JinjaText* text = value.AsText()) return PrintText(*text);
    if (const JinjaList* list = value.AsList()) return PrintList(*list);
    if (const JinjaDict* dict = value.AsDict()) return PrintDict(*dict);
    FailJinja("a " + std::string(value.TypeName()) + " cannot be printed");
  }

 private:
  void PrintList(const JinjaList& list) {
    Put(list.is_tuple ? "(" : "[");
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) Put(", ");
      Print(list.items[i]);
    }
    if (list.is_tuple && list.items.size() == 1) Put(",");
    Put(list.is_tuple ? ")" : "]");
  }

  void PrintDict(const JinjaDict& dict) {
    Put("{");
    for (size_t i = 0; i < dict.items.size(); ++i) {
      if (i > 0) Put(", ");
      Print(dict.items[i].first);
      Put(": ");
      Print(dict.items[i].second);
    }
    Put("}");
  }

  void PrintText(const JinjaText& text) {
    const std::string_view view = text.view();
    const bool has_single = view.find('\'') != std::string_view::npos;
    const bool has_double = view.find('"') != std::string_view::npos;
    const char quote = has_single && !has_double ? '"' : '\'';
    Put(std::string_view(&quote, 1));
    for (size_t at = 0; at < view.size();) {
      const JinjaCharacter next = DecodeJinjaCharacter(view, at);
      Put(Escape(view.substr(at, next.length), next.code, quote), text.OriginAt(at));
      at += next.length;
    }
    Put(std::string_view(&quote, 1));
  }

  static std::string Escape(std::string_view bytes, char32_t code, char quote) {
    if (code == '\\') return "\\\\";
    if (code == static_cast<char32_t>(quote)) return std::string("\\") + quote;
    if (code == '\n') return "\\n";
    if (code == '\r') return "\\r";
    if (code == '\t') return "\\t";
    if (IsJinjaPrintable(code)) return std::string(bytes);
    if (code < 0x100) return HexEscape("\\x", code, 2);
    if (code < 0x10000) return HexEscape("\\u", code, 4);
    return HexEscape("\\U", code, 8);
  }
};

class JsonPrinter : public Printer {
 public:
  JsonPrinter(const JinjaJsonOptions& options, JinjaBudget& budget)
      : Printer(budget), options_(options) {}

  void Print(const JinjaValue& value) {
    budget_.Charge(1);
    if (const JinjaText* text = value.AsText()) return PrintText(*text);
    if (const JinjaList* list = value.AsList()) return PrintList(*list);
    if (const JinjaDict* dict = value.AsDict()) return PrintDict(*dict);
    Put(Scalar(value));
  }

 private:
  static std::string Scalar(const JinjaValue& value) {
    if (value.IsNone()) return "null";
    if (const bool* boolean = value.AsBool()) return *boolean ? "true" : "false";
    if (const int64_t* integer = value.AsInt()) return FormatInt(*integer);
    if (const double* real = value.AsFloat()) {
      if (std::isnan(*real)) return "NaN";
      if (std::isinf(*real)) return *real > 0 ? "Infinity" : "-Infinity";
      return FormatJinjaFloat(*real);
    }
    RequireDefined(value);
    FailJinja("a " + std::string(value.TypeName()) + " cannot be written as JSON");
  }

  void PrintList(const JinjaList& list) {
    if (list.items.empty()) return Put("[]");
    Put("[");
    ++depth_;
    for (size_t i = 0; i < list.items.size(); ++i) {
      BeginItem(i);
      Print(list.items[i]);
    }
    --depth_;
    NewLine();
    Put("]");
  }

  void PrintDict(const JinjaDict& dict) {
    if (dict.items.empty()) return Put("{}");
    std::vector<const std::pair<JinjaValue, JinjaValue>*> items;
    for (const auto& item : dict.items) items.push_back(&item);
    if (options_.sort_keys) SortByKey(items);
    Put("{");
    ++depth_;
    for (size_t i = 0; i < items.size(); ++i) {
      BeginItem(i);
      PrintKey(items[i]->first);
      Put(options_.key_separator.value_or(": "));
      Print(items[i]->second);
    }
    --depth_;
    NewLine();
    Put("}");
  }

  static void SortByKey(std::vector<const std::pair<JinjaValue, JinjaValue>*>& items) {
    for (const auto* item : items) {
      if (item->first.AsText() == nullptr)
        FailJinja("tojson(sort_keys=true) needs keys that are str");
    }
    std::sort(items.begin(), items.end(), [](const auto* a, const auto* b) {
      return a->first.AsText()->view() < b->first.AsText()->view();
    });
  }

  void PrintKey(const JinjaValue& key) {
    if (const JinjaText* text = key.AsText()) return PrintText(*text);
    Put("\"");
    Put(Scalar(key));
    Put("\"");
  }

  void BeginItem(size_t i) {
    if (i > 0) Put(options_.item_separator.value_or(options_.indent ? "," : ", "));
    NewLine();
  }

  void NewLine() {
    if (!options_.indent) return;
    Put("\n");
    const auto width = static_cast<uint64_t>(std::max<int64_t>(0, *options_.indent));
    CheckJinjaTextSize(width);
    for (size_t i = 0; i < depth_; ++i) Put(std::string(width, ' '));
  }

  void PrintText(const JinjaText& text) {
    Put("\"");
    const std::string_view view = text.view();
    for (size_t at = 0; at < view.size();) {
      const JinjaCharacter next = DecodeJinjaCharacter(view, at);
      Put(Escape(view.substr(at, next.length), next.code), text.OriginAt(at));
      at += next.length;
    }
    Put("\"");
  }

  std::string Escape(std::string_view bytes, char32_t code) const {
    switch (code) {
      case '"':
        return "\\\"";
      case '\\':
        return "\\\\";
      case '\n':
        return "\\n";
      case '\r':
        return "\\r";
      case '\t':
        return "\\t";
      case '\b':
        return "\\b";
      case '\f':
        return "\\f";
      default:
        break;
    }
    if (code < 0x20) return HexEscape("\\u", code, 4);
    if (code < 0x7F || !options_.ensure_ascii) return std::string(bytes);
    if (code < 0x10000) return HexEscape("\\u", code, 4);
    const uint32_t above = code - 0x10000;
    return HexEscape("\\u", 0xD800 + (above >> 10), 4) +
           HexEscape("\\u", 0xDC00 + (above & 0x3FF), 4);
  }

  JinjaJsonOptions options_;
  size_t depth_ = 0;
};

}  // namespace

std::string FormatJinjaFloat(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 40> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::scientific);
  // "-d.ddde+XX"
  const std::string_view scientific(buffer.data(), static_cast<size_t>(result.ptr - buffer.data()));
  const size_t exponent_at = scientific.find('e');
  std::string out(scientific.starts_with('-') ? 1 : 0, '-');
  std::string digits;
  for (const char c : scientific.substr(0, exponent_at)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const std::string_view exponent_text = scientific.substr(exponent_at + 2);
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (scientific[exponent_at + 1] == '-') exponent = -exponent;
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out.append(1, '.').append(digits, 1);
    const std::string magnitude = std::to_string(std::abs(exponent));
    out.append(exponent < 0 ? "e-" : "e+").append(magnitude.size() < 2 ? 1 : 0, '0');
    return out.append(magnitude);
  }
  if (exponent < 0) {
    out.append("0.").append(static_cast<size_t>(-exponent - 1), '0');
    return out.append(digits);
  }
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) digits.append(whole + 1 - digits.size(), '0');
  return out.append(digits, 0, whole).append(1, '.').append(digits, whole);
}

JinjaText ToText(const JinjaValue& value, JinjaBudget& budget) {
  if (value.IsUndefined()) return {};
  if (const JinjaText* text = value.AsText()) {
    budget.ChargeBytes(text->size());
    return *text;
  }
  ReprPrinter printer(budget);
  printer.Print(value);
  return printer.Take();
}

JinjaText ToJson(const JinjaValue& value, const JinjaJsonOptions& options, JinjaBudget& budget) {
  JsonPrinter printer(options, budget);
  printer.Print(value);
  return printer.Take();
}

}  // namespace rowmill
