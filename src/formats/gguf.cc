#include "formats/gguf.h"

#include <algorithm>

#include "base/error.h"
#include "formats/error_text.h"
#include "formats/gguf_parser.h"

namespace rowmill {
namespace {

std::string_view TypeName(const GgufValue& value) {
  struct Visitor {
    std::string_view operator()(int64_t) const { return "an integer"; }
    std::string_view operator()(uint64_t) const { return "an integer of 2^63 or more"; }
    std::string_view operator()(double) const { return "a floating-point number"; }
    std::string_view operator()(bool) const { return "a bool"; }
    std::string_view operator()(std::string_view) const { return "a string"; }
    std::string_view operator()(const GgufArray& array) const {
      constexpr std::string_view kNames[] = {
          "an array of integers", "an array of floating-point numbers", "an array of strings"};
      return kNames[array.values.index()];
    }
  };
  return std::visit(Visitor(), value);
}

std::string WrongType(std::string_view key, const GgufValue& value, std::string_view wanted) {
  return "metadata key " + Quoted(key) + " is " + std::string(TypeName(value)) + ", expected " +
         std::string(wanted);
}

std::string ShapeText(std::span<const uint64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) out += ", ";
    out += std::to_string(shape[i]);
  }
  return out + "]";
}

std::span<const uint64_t> WithoutLeadingOnes(std::span<const uint64_t> shape) {
  while (shape.size() > 1 && shape.front() == 1) shape = shape.subspan(1);
  return shape;
}

// The vector of T in `value`, or nullptr where it holds something else.
template <typename T>
const std::vector<T>* ArrayOf(const GgufValue& value) {
  const auto* array = std::get_if<GgufArray>(&value);
  return array == nullptr ? nullptr : std::get_if<std::vector<T>>(&array->values);
}

}  // namespace

GgufFile GgufFile::Open(const std::string& path) {
  GgufFile file;
  file.name_ = path;
  file.file_ = std::make_unique<MappedFile>(path);
  file.bytes_ = file.file_->bytes();
  file.ParseBytes();
  return file;
}

GgufFile GgufFile::Parse(std::span<const std::byte> bytes, const std::string& name) {
  GgufFile file;
  file.name_ = name;
  file.bytes_ = bytes;
  file.ParseBytes();
  return file;
}

void GgufFile::ParseBytes() {
  GgufContents contents = ParseGguf(bytes_, name_);
  version_ = contents.version;
  alignment_ = contents.alignment;
  trailing_bytes_ = contents.trailing_bytes;
  metadata_ = std::move(contents.metadata);
  tensors_ = std::move(contents.tensors);
  metadata_index_ = std::move(contents.metadata_index);
  tensor_index_ = std::move(contents.tensor_index);
}

void GgufFile::Fail(const std::string& message) const {
  throw ModelError("model file '" + name_ + "': " + message);
}

const GgufValue* GgufFile::Find(std::string_view key) const {
  const std::optional<size_t> position = metadata_index_.Find(key);
  return position ? &metadata_[*position].second : nullptr;
}

std::optional<int64_t> GgufFile::FindInt(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<int64_t>(value)) return *number;
  Fail(WrongType(key, *value, "an integer below 2^63"));
}

std::optional<double> GgufFile::FindFloat(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<double>(value)) return *number;
  if (const auto* number = std::get_if<int64_t>(value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<uint64_t>(value)) return static_cast<double>(*number);
  Fail(WrongType(key, *value, "a number"));
}

std::optional<bool> GgufFile::FindBool(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(value)) return *flag;
  Fail(WrongType(key, *value, "a bool"));
}

std::optional<std::string_view> GgufFile::FindString(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string_view>(value)) return *text;
  Fail(WrongType(key, *value, "a string"));
}

const std::vector<std::string_view>* GgufFile::FindStrings(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return nullptr;
  if (const auto* strings = ArrayOf<std::string_view>(*value)) return strings;
  Fail(WrongType(key, *value, "an array of strings"));
}

const std::vector<int64_t>* GgufFile::FindInts(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return nullptr;
  if (const auto* ints = ArrayOf<int64_t>(*value)) return ints;
  Fail(WrongType(key, *value, "an array of integers"));
}

const std::vector<double>* GgufFile::FindFloats(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return nullptr;
  if (const auto* floats = ArrayOf<double>(*value)) return floats;
  Fail(WrongType(key, *value, "an array of floating-point numbers"));
}

int64_t GgufFile::GetInt(std::string_view key) const {
  if (const auto value = FindInt(key)) return *value;
  Fail("metadata key " + Quoted(key) + " is missing");
}

double GgufFile::GetFloat(std::string_view key) const {
  if (const auto value = FindFloat(key)) return *value;
  Fail("metadata key " + Quoted(key) + " is missing");
}

std::string_view GgufFile::GetString(std::string_view key) const {
  if (const auto value = FindString(key)) return *value;
  Fail("metadata key " + Quoted(key) + " is missing");
}

const TensorView* GgufFile::FindTensor(std::string_view tensor_name) const {
  const std::optional<size_t> position = tensor_index_.Find(tensor_name);
  return position ? &tensors_[*position] : nullptr;
}

const TensorView& GgufFile::GetTensor(std::string_view tensor_name,
                                      std::span<const uint64_t> shape) const {
  const TensorView* tensor = FindTensor(tensor_name);
  if (tensor == nullptr) {
    Fail("tensor " + Quoted(tensor_name) + " of shape " + ShapeText(shape) + " is missing");
  }
  if (!std::ranges::equal(WithoutLeadingOnes(shape), WithoutLeadingOnes(tensor->shape))) {
    Fail("tensor " + Quoted(tensor_name) + " has shape " + ShapeText(tensor->shape) +
         ", expected " + ShapeText(shape));
  }
  return *tensor;
}

}  // namespace rowmill
