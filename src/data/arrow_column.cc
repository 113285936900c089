#include "data/arrow_column.h"

#include <charconv>
#include <utility>

#include "base/error.h"
#include "data/utf8.h"

namespace rowmill {
namespace {

void AppendBit(std::vector<uint8_t>& bits, uint64_t index, int bit) {
  if (index % 8 == 0) bits.push_back(0);
  bits.back() = static_cast<uint8_t>(bits.back() | bit << (index % 8));
}

// Null where the text is no number.
Cell NumberOf(std::string_view json) {
  double value = 0.0;
  const char* end = json.data() + json.size();
  const auto [read, error] = std::from_chars(json.data(), end, value);
  if (error != std::errc() || read != end) return std::monostate();
  return value;
}

}  // namespace

// The places of the nulls before are filled in.
void ArrowColumn::Decide(Kind kind) {
  if (kind_ == kind) return;
  if (kind_ != Kind::kUndecided) {
    throw InternalError("the column '" + name_ + "' has cells of different kinds");
  }
  kind_ = kind;
  const size_t count = num_values_;
  if (kind == Kind::kInteger) integers_.resize(count);
  if (kind == Kind::kNumber) numbers_.resize(count);
  if (kind == Kind::kBool) bools_.resize((count + 7) / 8);
}

void ArrowColumn::AppendNull() {
  AppendBit(validity_, num_values_, 0);
  if (kind_ == Kind::kInteger) integers_.push_back(0);
  if (kind_ == Kind::kNumber) numbers_.push_back(0.0);
  if (kind_ == Kind::kBool) AppendBit(bools_, num_values_, 0);
  const bool has_offsets =
      kind_ == Kind::kUndecided || kind_ == Kind::kText || kind_ == Kind::kFloats;
  if (has_offsets) offsets_.push_back(offsets_.back());
  ++num_values_;
  ++num_nulls_;
}

void ArrowColumn::AppendValid() {
  AppendBit(validity_, num_values_, 1);
  ++num_values_;
}

void ArrowColumn::AppendText(std::string_view text) {
  Decide(Kind::kText);
  AppendRepairedUtf8(text, text_);
  offsets_.push_back(static_cast<int64_t>(text_.size()));
  AppendValid();
}

void ArrowColumn::Append(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return AppendText(*text);
  if (const auto* json = std::get_if<JsonText>(&cell)) {
    // Numbers of single precision are JSON too, so that they have no more digits than they know.
    if (kind_ == Kind::kNumber) return Append(NumberOf(json->text));
    return AppendText(json->text);
  }
  if (const auto* integer = std::get_if<int64_t>(&cell)) {
    Decide(Kind::kInteger);
    integers_.push_back(*integer);
    return AppendValid();
  }
  if (const auto* number = std::get_if<double>(&cell)) {
    Decide(Kind::kNumber);
    numbers_.push_back(*number);
    return AppendValid();
  }
  if (const auto* truth = std::get_if<bool>(&cell)) {
    Decide(Kind::kBool);
    AppendBit(bools_, num_values_, *truth ? 1 : 0);
    return AppendValid();
  }
  if (const auto* floats = std::get_if<std::vector<float>>(&cell)) {
    Decide(Kind::kFloats);
    floats_.insert(floats_.end(), floats->begin(), floats->end());
    offsets_.push_back(static_cast<int64_t>(floats_.size()));
    return AppendValid();
  }
  AppendNull();
}

const char* ArrowColumn::format() const {
  switch (kind_) {
    case Kind::kUndecided:
      return "n";
    case Kind::kText:
      return "U";
    case Kind::kInteger:
      return "l";
    case Kind::kNumber:
      return "g";
    case Kind::kBool:
      return "b";
    case Kind::kFloats:
      return "+L";
  }
  throw InternalError("a kind of column without a format");
}

std::vector<const void*> ArrowColumn::Buffers() const {
  const void* validity = num_nulls_ == 0 ? nullptr : validity_.data();
  switch (kind_) {
    case Kind::kUndecided:
      return {};
    case Kind::kText:
      return {validity, offsets_.data(), text_.data()};
    case Kind::kInteger:
      return {validity, integers_.data()};
    case Kind::kNumber:
      return {validity, numbers_.data()};
    case Kind::kBool:
      return {validity, bools_.data()};
    case Kind::kFloats:
      return {validity, offsets_.data()};
  }
  throw InternalError("a kind of column without buffers");
}

}  // namespace rowmill
