#include "formats/gguf_parser.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/checked.h"
#include "formats/byte_cursor.h"
#include "formats/error_text.h"
#include "formats/file_kind.h"
#include "formats/gguf_value_reader.h"

namespace rowmill {
namespace {

constexpr uint64_t kMaxKeyBytes = 65'535;
constexpr uint64_t kMaxKeys = 65'536;
constexpr uint64_t kMaxTensors = 65'536;
constexpr uint64_t kMaxMetadataBytes = uint64_t{512} << 20;
constexpr uint32_t kMaxDimensions = 4;
constexpr uint64_t kMaxTensorNameBytes = 64;
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kMaxAlignment = uint64_t{1} << 20;
// The fewest bytes that a key with its value, or a tensor's description, takes in a file.
constexpr uint64_t kMinKeyValueBytes = 8 + 1 + 4 + 1;
constexpr uint64_t kMinTensorInfoBytes = 8 + 1 + 4 + 8 + 4 + 8;

// GGUF type ids that exist but are not supported, so that the error can name them.
std::string_view UnsupportedTypeName(uint32_t id) {
  switch (id) {
    case 9:
      return "Q8_1";
    case 15:
      return "Q8_K";
    case 16:
      return "IQ2_XXS";
    case 17:
      return "IQ2_XS";
    case 18:
      return "IQ3_XXS";
    case 19:
      return "IQ1_S";
    case 20:
      return "IQ4_NL";
    case 21:
      return "IQ3_S";
    case 22:
      return "IQ2_S";
    case 23:
      return "IQ4_XS";
    case 24:
      return "I8";
    case 25:
      return "I16";
    case 27:
      return "I64";
    case 28:
      return "F64";
    case 29:
      return "IQ1_M";
    case 34:
      return "TQ1_0";
    case 35:
      return "TQ2_0";
    case 39:
      return "MXFP4";
    case 40:
      return "NVFP4";
    default:
      return "";
  }
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// Where a tensor's bytes lie, relative to the start of the data.
struct Extent {
  uint64_t begin;
  uint64_t size;
};

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, std::string_view file_name)
      : bytes_(bytes), cursor_(bytes, file_name) {}

  GgufContents Run() {
    ReadMagicAndVersion();
    const uint64_t num_tensors = ReadCount("tensor count", kMaxTensors, kMinTensorInfoBytes);
    const uint64_t num_keys = ReadCount("metadata count", kMaxKeys, kMinKeyValueBytes);
    ReadMetadata(num_keys);
    RefuseShards();
    ReadTensorInfos(num_tensors);
    PlaceTensors();
    return std::move(out_);
  }

 private:
  void ReadMagicAndVersion();
  uint64_t ReadCount(std::string_view what, uint64_t limit, uint64_t min_bytes_each);
  void ReadMetadata(uint64_t num_keys);
  void CheckAlignment(uint32_t value_type, const GgufValue& value, uint64_t at);
  void RefuseShards() const;
  void ReadTensorInfos(uint64_t num_tensors);
  void ReadTensorInfo();
  void ReadShape(TensorView& tensor);
  uint64_t TensorBytes(const TensorView& tensor) const;
  void PlaceTensors();
  void CheckOverlaps() const;

  std::span<const std::byte> bytes_;
  ByteCursor cursor_;
  GgufContents out_;
  std::vector<Extent> extents_;                 // of out_.tensors
  std::vector<std::string_view> tensor_names_;  // as they lie in the file
};

void Parser::ReadMagicAndVersion() {
  if (bytes_.empty()) cursor_.Fail("truncated header: the file is empty");
  constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
  if (cursor_.Read<uint32_t>("magic") != kMagic) {
    const std::string_view kind = DescribeFileKind(bytes_);
    cursor_.Fail(
        "not a GGUF file" + (kind.empty() ? std::string() : "; it looks like " + std::string(kind)),
        0);
  }
  out_.version = cursor_.Read<uint32_t>("version");
  if (out_.version == 2 || out_.version == 3) return;
  if (out_.version != 0 && (out_.version & 0xffff) == 0) {
    cursor_.Fail("the file is in the other byte order (big-endian); convert it to little-endian",
                 4);
  }
  cursor_.Fail("unsupported GGUF version " + std::to_string(out_.version) +
                   "; versions 2 and 3 can be read, convert the model again",
               4);
}

uint64_t Parser::ReadCount(std::string_view what, uint64_t limit, uint64_t min_bytes_each) {
  const uint64_t at = cursor_.offset();
  const auto count = cursor_.Read<uint64_t>(what);
  if (count > limit) {
    cursor_.Fail("the " + std::string(what) + " is " + std::to_string(count) + ", the limit is " +
                     std::to_string(limit),
                 at);
  }
  if (count > cursor_.remaining() / min_bytes_each) {
    cursor_.Fail("the " + std::string(what) + " is " + std::to_string(count) +
                     ", more than the rest of the file can hold",
                 at);
  }
  return count;
}

void Parser::ReadMetadata(uint64_t num_keys) {
  out_.alignment = kDefaultAlignment;
  GgufValueReader values(cursor_);
  std::vector<std::string_view> keys;
  keys.reserve(num_keys);
  out_.metadata.reserve(num_keys);
  for (uint64_t i = 0; i < num_keys; ++i) {
    const uint64_t at = cursor_.offset();
    const std::string_view key = cursor_.ReadString("metadata key");
    if (key.empty() || key.size() > kMaxKeyBytes) {
      cursor_.Fail("a metadata key has " + std::to_string(key.size()) +
                       " bytes, allowed are 1 to " + std::to_string(kMaxKeyBytes),
                   at);
    }
    if (!IsPrintableAscii(key)) {
      cursor_.Fail("metadata key " + Quoted(key) + " is not printable ASCII", at);
    }
    const uint64_t type_at = cursor_.offset();
    const auto value_type = cursor_.Read<uint32_t>("metadata value type");
    GgufValue value = values.Read(key, value_type);
    if (key == "general.alignment") CheckAlignment(value_type, value, type_at);
    if (cursor_.offset() > kMaxMetadataBytes) {
      cursor_.Fail("the metadata is longer than " + std::to_string(kMaxMetadataBytes) + " bytes");
    }
    keys.push_back(key);
    out_.metadata.emplace_back(key, std::move(value));
  }
  out_.metadata_index = NameIndex(keys);
  if (const auto key = out_.metadata_index.FindDuplicate()) {
    cursor_.Fail("metadata key " + Quoted(*key) + " occurs twice");
  }
}

void Parser::CheckAlignment(uint32_t value_type, const GgufValue& value, uint64_t at) {
  if (value_type != kGgufUint32) {
    cursor_.Fail("general.alignment has another type than u32", at);
  }
  const auto alignment = static_cast<uint64_t>(std::get<int64_t>(value));
  if (!std::has_single_bit(alignment) || alignment > kMaxAlignment) {
    cursor_.Fail("general.alignment is " + std::to_string(alignment) +
                     ", it has to be a power of two of at most " + std::to_string(kMaxAlignment),
                 at);
  }
  out_.alignment = alignment;
}

void Parser::RefuseShards() const {
  const auto position = out_.metadata_index.Find("split.count");
  if (!position) return;
  const auto* count = std::get_if<int64_t>(&out_.metadata[*position].second);
  if (count == nullptr || *count > 1) {
    cursor_.Fail(
        "the model is split into several files, which is not supported; join them first "
        "with 'llama-gguf-split --merge'");
  }
}

void Parser::ReadTensorInfos(uint64_t num_tensors) {
  out_.tensors.reserve(num_tensors);
  extents_.reserve(num_tensors);
  tensor_names_.reserve(num_tensors);
  for (uint64_t i = 0; i < num_tensors; ++i) ReadTensorInfo();
  out_.tensor_index = NameIndex(tensor_names_);
  if (const auto name = out_.tensor_index.FindDuplicate()) {
    cursor_.Fail("tensor " + Quoted(*name) + " occurs twice");
  }
}

void Parser::ReadTensorInfo() {
  const uint64_t at = cursor_.offset();
  const std::string_view name = cursor_.ReadString("tensor name");
  if (name.empty() || name.size() > kMaxTensorNameBytes) {
    cursor_.Fail("a tensor's name has " + std::to_string(name.size()) +
                     " bytes, allowed are 1 to " + std::to_string(kMaxTensorNameBytes),
                 at);
  }
  if (HasControlCharacter(name)) {
    cursor_.Fail("the tensor name " + Quoted(name) + " has control characters", at);
  }
  TensorView tensor;
  tensor.name = name;
  ReadShape(tensor);
  const uint64_t type_at = cursor_.offset();
  const auto type_id = cursor_.Read<uint32_t>("tensor type");
  const std::optional<DType> dtype = DTypeFromId(type_id);
  if (!dtype) {
    const std::string_view type_name = UnsupportedTypeName(type_id);
    cursor_.Fail("tensor " + Quoted(name) + " has type " + std::to_string(type_id) +
                     (type_name.empty() ? " (unknown or removed from GGUF)"
                                        : " (" + std::string(type_name) + ")") +
                     ", which is not supported; use a file in F16, BF16, Q8_0, Q4_1 or Q4_K_M",
                 type_at);
  }
  tensor.dtype = *dtype;
  const uint64_t offset_at = cursor_.offset();
  const auto offset = cursor_.Read<uint64_t>("tensor offset");
  if (offset % out_.alignment != 0) {
    cursor_.Fail("tensor " + Quoted(name) + " starts at offset " + std::to_string(offset) +
                     ", which is not a multiple of the alignment " + std::to_string(out_.alignment),
                 offset_at);
  }
  extents_.push_back({offset, TensorBytes(tensor)});
  tensor_names_.push_back(name);
  out_.tensors.push_back(std::move(tensor));
}

void Parser::ReadShape(TensorView& tensor) {
  const uint64_t at = cursor_.offset();
  const auto num_dimensions = cursor_.Read<uint32_t>("number of dimensions");
  if (num_dimensions < 1 || num_dimensions > kMaxDimensions) {
    cursor_.Fail("tensor " + Quoted(tensor.name) + " has " + std::to_string(num_dimensions) +
                     " dimensions, allowed are 1 to " + std::to_string(kMaxDimensions),
                 at);
  }
  for (uint32_t i = 0; i < num_dimensions; ++i) {
    const auto length = cursor_.Read<uint64_t>("tensor dimensions");
    // No supported architecture has an empty tensor, and refusing them here spares every later
    // division by a length.
    if (length == 0 || length > INT64_MAX) {
      cursor_.Fail("tensor " + Quoted(tensor.name) + " has a dimension of length " +
                       std::to_string(static_cast<int64_t>(length)),
                   at);
    }
    tensor.shape.push_back(length);
  }
  std::reverse(tensor.shape.begin(), tensor.shape.end());
}

uint64_t Parser::TensorBytes(const TensorView& tensor) const {
  const DTypeInfo& info = GetDTypeInfo(tensor.dtype);
  if (tensor.cols() % info.block_elements != 0) {
    cursor_.Fail("tensor " + Quoted(tensor.name) + " has rows of " + std::to_string(tensor.cols()) +
                 " elements, which is not a multiple of " + std::to_string(info.block_elements) +
                 " as " + std::string(info.name) + " needs");
  }
  Checked num_elements = 1;
  for (const uint64_t length : tensor.shape) num_elements = num_elements * length;
  const Checked num_blocks = num_elements.value().value_or(0) / info.block_elements;
  const std::optional<uint64_t> num_bytes = (num_blocks * info.block_bytes).value();
  if (!num_elements.value() || *num_elements.value() > INT64_MAX || !num_bytes) {
    cursor_.Fail("the size of tensor " + Quoted(tensor.name) + " is beyond 63 bits");
  }
  return *num_bytes;
}

void Parser::PlaceTensors() {
  if (out_.tensors.empty()) return;  // A file with nothing but a tokeniser has no data section.
  const std::optional<uint64_t> data_begin =
      Checked(cursor_.offset()).RoundUp(out_.alignment).value();
  const uint64_t data_size =
      data_begin && *data_begin <= bytes_.size() ? bytes_.size() - *data_begin : 0;
  uint64_t used = 0;
  for (size_t i = 0; i < out_.tensors.size(); ++i) {
    const Extent extent = extents_[i];
    const std::optional<uint64_t> end = (Checked(extent.begin) + extent.size).value();
    if (!end || *end > data_size) {
      cursor_.Fail("tensor " + Quoted(out_.tensors[i].name) + " needs " +
                   std::to_string(extent.size) + " bytes from offset " +
                   std::to_string(extent.begin) + ", but the data has only " +
                   std::to_string(data_size) + " bytes; the file is cut short, download it again");
    }
    out_.tensors[i].bytes = bytes_.subspan(*data_begin + extent.begin, extent.size);
    used = std::max(used, *end);
  }
  CheckOverlaps();
  const uint64_t padded =
      std::min(Checked(used).RoundUp(out_.alignment).value().value_or(data_size), data_size);
  out_.trailing_bytes = data_size - padded;
}

void Parser::CheckOverlaps() const {
  std::vector<size_t> order(extents_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [this](size_t a, size_t b) { return extents_[a].begin < extents_[b].begin; });
  for (size_t i = 1; i < order.size(); ++i) {
    const size_t before = order[i - 1];
    const size_t after = order[i];
    if (extents_[before].begin + extents_[before].size > extents_[after].begin) {
      cursor_.Fail("tensors " + Quoted(out_.tensors[before].name) + " and " +
                   Quoted(out_.tensors[after].name) + " overlap at offset " +
                   std::to_string(extents_[after].begin) + " of the data");
    }
  }
}

}  // namespace

GgufContents ParseGguf(std::span<const std::byte> bytes, std::string_view file_name) {
  return Parser(bytes, file_name).Run();
}

}  // namespace rowmill
