#include "formats/safetensors.h"

#include <algorithm>
#include <optional>

#include "base/checked.h"
#include "base/error.h"
#include "formats/byte_cursor.h"
#include "formats/error_text.h"
#include "formats/file_kind.h"
#include "formats/safetensors_header.h"

namespace rowmill {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;

struct ElementType {
  std::string_view name;
  uint32_t bytes;
  std::optional<DType> dtype;  // nullopt: no model here computes with it
};
constexpr ElementType kElementTypes[] = {
    {"F32", 4, DType::kF32},      {"F16", 2, DType::kF16},      {"BF16", 2, DType::kBF16},
    {"I32", 4, DType::kI32},      {"F64", 8, std::nullopt},     {"I64", 8, std::nullopt},
    {"U64", 8, std::nullopt},     {"U32", 4, std::nullopt},     {"I16", 2, std::nullopt},
    {"U16", 2, std::nullopt},     {"I8", 1, std::nullopt},      {"U8", 1, std::nullopt},
    {"BOOL", 1, std::nullopt},    {"F8_E5M2", 1, std::nullopt}, {"F8_E4M3", 1, std::nullopt},
    {"F8_E8M0", 1, std::nullopt},
};

const ElementType* FindElementType(std::string_view name) {
  const auto* const it = std::find_if(std::begin(kElementTypes), std::end(kElementTypes),
                                      [&](const ElementType& type) { return type.name == name; });
  return it == std::end(kElementTypes) ? nullptr : it;
}

[[noreturn]] void Fail(const std::string& file, const std::string& message) {
  throw ModelError("model file '" + file + "': " + message);
}

// The JSON of the header. Throws where the length before it cannot be right.
std::string_view FindHeader(std::span<const std::byte> bytes, const std::string& file) {
  ByteCursor cursor(bytes, file);
  const std::string_view kind = DescribeFileKind(bytes);
  const std::string looks_like = kind.empty() || kind.starts_with("a safetensors")
                                     ? ""
                                     : "; it looks like " + std::string(kind);
  if (bytes.empty()) cursor.Fail("truncated header: the file is empty");
  const auto size = cursor.Read<uint64_t>("length of the header");
  if (size < 2 || size > kMaxHeaderBytes) {
    cursor.Fail("not a safetensors file: the length of the header is " + std::to_string(size) +
                    ", expected 2 to " + std::to_string(kMaxHeaderBytes) + looks_like,
                0);
  }
  if (size > cursor.remaining()) {
    cursor.Fail("the header claims " + std::to_string(size) + " bytes, but only " +
                    std::to_string(cursor.remaining()) +
                    " are left; the file is cut short, download it again" + looks_like,
                0);
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data() + cursor.offset()), size);
  if (text.front() != '{') cursor.Fail("the header does not begin with '{'" + looks_like);
  return text;
}

// The bytes that the tensor takes. Throws where they are not what its offsets say.
uint64_t CheckedBytes(const SafetensorsEntry& entry, const ElementType& type,
                      const std::string& file) {
  Checked size = type.bytes;
  // The product without the zeros, so that 2^32 x 2^32 x 0 is refused as the others are.
  bool is_empty = false;
  for (const uint64_t length : entry.shape) {
    is_empty |= length == 0;
    size = size * std::max<uint64_t>(length, 1);
  }
  if (!size.value() || *size.value() > INT64_MAX) {
    Fail(file, "the size of tensor " + Quoted(entry.name) + " is beyond 63 bits");
  }
  const uint64_t num_bytes = is_empty ? 0 : *size.value();
  if (entry.begin > entry.end || entry.end - entry.begin != num_bytes) {
    Fail(file, "tensor " + Quoted(entry.name) + " needs " + std::to_string(num_bytes) +
                   " bytes, but its data_offsets are " + std::to_string(entry.begin) + " and " +
                   std::to_string(entry.end));
  }
  return num_bytes;
}

}  // namespace

SafetensorsFile SafetensorsFile::Open(const std::string& path) {
  SafetensorsFile file;
  file.name_ = path;
  file.file_ = std::make_unique<MappedFile>(path);
  file.bytes_ = file.file_->bytes();
  file.ParseBytes();
  return file;
}

SafetensorsFile SafetensorsFile::Parse(std::span<const std::byte> bytes, const std::string& name) {
  SafetensorsFile file;
  file.name_ = name;
  file.bytes_ = bytes;
  file.ParseBytes();
  return file;
}

void SafetensorsFile::ParseBytes() {
  const std::string_view json = FindHeader(bytes_, name_);
  std::string problem;
  SafetensorsHeader header = ParseSafetensorsHeader(json, problem);
  if (!problem.empty()) Fail(name_, problem);
  metadata_ = std::move(header.metadata);
  std::sort(metadata_.begin(), metadata_.end());

  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
            });
  const std::span<const std::byte> data = bytes_.subspan(sizeof(uint64_t) + json.size());
  uint64_t covered = 0;
  for (SafetensorsEntry& entry : header.tensors) {
    const ElementType* const type = FindElementType(entry.dtype);
    if (type == nullptr) {
      Fail(name_, "tensor " + Quoted(entry.name) + " has the unknown type " + Quoted(entry.dtype));
    }
    const uint64_t num_bytes = CheckedBytes(entry, *type, name_);
    if (entry.begin != covered) {
      Fail(name_, "the data of tensor " + Quoted(entry.name) + " begin at " +
                      std::to_string(entry.begin) + ", but those before it end at " +
                      std::to_string(covered) + ": tensors overlap or leave a gap");
    }
    covered = entry.end;
    if (covered > data.size()) {
      Fail(name_, "tensor " + Quoted(entry.name) + " ends at " + std::to_string(covered) +
                      " of the data, which have only " + std::to_string(data.size()) +
                      " bytes; the file is cut short, download it again");
    }
    if (!type->dtype) {
      unusable_.emplace_back(std::move(entry.name), "has type " + entry.dtype);
    } else if (num_bytes == 0) {
      unusable_.emplace_back(std::move(entry.name), "is empty");
    } else {
      tensors_.push_back({std::move(entry.name), *type->dtype, std::move(entry.shape),
                          data.subspan(entry.begin, num_bytes)});
    }
  }
  if (covered != data.size()) {
    Fail(name_, "the tensors end at " + std::to_string(covered) + " of the data, which have " +
                    std::to_string(data.size()) + " bytes");
  }
  std::sort(unusable_.begin(), unusable_.end());
  std::vector<std::string_view> names;
  names.reserve(tensors_.size());
  for (const TensorView& tensor : tensors_) names.emplace_back(tensor.name);
  index_ = NameIndex(names);
}

const TensorView* SafetensorsFile::FindTensor(std::string_view tensor_name) const {
  const std::optional<size_t> position = index_.Find(tensor_name);
  return position ? &tensors_[*position] : nullptr;
}

std::string_view SafetensorsFile::WhyUnusable(std::string_view tensor_name) const {
  const auto it =
      std::lower_bound(unusable_.begin(), unusable_.end(), tensor_name,
                       [](const auto& entry, std::string_view name) { return entry.first < name; });
  return it != unusable_.end() && it->first == tensor_name ? it->second : std::string_view();
}

}  // namespace rowmill
