// Fuzzes tables in Arrow's C data interface: any types and values whose buffers are as large as a
// producer vouches for become rows that are JSON, with the columns that were announced, or the
// table is refused.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/arrow_table.h"

namespace {

using namespace rowmill;  // NOLINT(google-build-using-namespace)

void Require(bool condition) {
  if (!condition) std::abort();
}

constexpr int kMaxDepth = 4;

// Formats that have a meaning, and some that have none.
constexpr std::array<const char*, 58> kFormats = {"n",
                                                  "b",
                                                  "c",
                                                  "C",
                                                  "s",
                                                  "S",
                                                  "i",
                                                  "I",
                                                  "l",
                                                  "L",
                                                  "e",
                                                  "f",
                                                  "g",
                                                  "u",
                                                  "U",
                                                  "z",
                                                  "tdD",
                                                  "tdm",
                                                  "tts",
                                                  "ttm",
                                                  "ttu",
                                                  "ttn",
                                                  "tDs",
                                                  "tDm",
                                                  "tDu",
                                                  "tDn",
                                                  "tss:",
                                                  "tsm:UTC",
                                                  "tsu:",
                                                  "tsn:+01:00",
                                                  "d:9,2,32",
                                                  "d:18,0,64",
                                                  "d:38,9",
                                                  "d:38,-76",
                                                  "d:76,76,256",
                                                  "d:3",
                                                  "d:0,0",
                                                  "w:3",
                                                  "tiM",
                                                  "+l",
                                                  "+L",
                                                  "+w:2",
                                                  "+w:0",
                                                  "+s",
                                                  "+m",
                                                  "+r",
                                                  "",
                                                  "+w:99999999999999999999",
                                                  "ts",
                                                  "d:1,",
                                                  "vu",
                                                  "+w:1",
                                                  "+l",
                                                  "+s",
                                                  "+m",
                                                  "u",
                                                  "i",
                                                  "d:38,76,128"};

// Bytes of the input, and zeros behind them.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t Next() { return position_ < size_ ? data_[position_++] : 0; }
  std::string Text(size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += static_cast<char>(Next());
    return text;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t position_ = 0;
};

// Keeps all that the structs point to; they themselves own nothing.
class Maker {
 public:
  explicit Maker(Bytes& bytes) : bytes_(bytes) {}

  // An array of `length` values behind its offset, and its type.
  void Make(int depth, int64_t length, ArrowSchema& schema, ArrowArray& array) {
    schema = {};
    array = {};
    schema.release = [](ArrowSchema* released) { released->release = nullptr; };
    array.release = [](ArrowArray* released) { released->release = nullptr; };
    const char* format = kFormats[bytes_.Next() % kFormats.size()];
    const bool is_nested = format[0] == '+';
    if (is_nested && depth == kMaxDepth) format = "i";
    schema.format = format;
    schema.name = Keep(bytes_.Text(bytes_.Next() % 4)).c_str();
    array.length = length;
    array.offset = bytes_.Next() % 3;
    array.null_count = bytes_.Next() % 2 == 0 ? -1 : 0;
    MakeValues(depth, format, schema, array);
    array.n_buffers = static_cast<int64_t>(buffers_.back().size());
    array.buffers = buffers_.back().data();
  }

 private:
  const std::string& Keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  // As many values, behind their offset, as the array has, of `size` bytes each.
  const void* Values(const ArrowArray& array, size_t size) {
    return Keep(bytes_.Text(static_cast<size_t>(array.offset + array.length) * size)).data();
  }

  // Ascending, from 0 up to `end`, which they reach where they can.
  template <typename Offset>
  const void* Offsets(const ArrowArray& array, int64_t end) {
    std::string text;
    int64_t at = 0;
    for (int64_t i = 0; i <= array.offset + array.length; ++i) {
      const auto offset = static_cast<Offset>(at);
      text.append(reinterpret_cast<const char*>(&offset), sizeof offset);
      at = std::min(end, at + bytes_.Next() % 3);
    }
    return Keep(std::move(text)).data();
  }

  void AddChildren(int depth, std::vector<int64_t> lengths, ArrowSchema& schema,
                   ArrowArray& array) {
    auto& schemas = schema_pointers_.emplace_back();
    auto& arrays = array_pointers_.emplace_back();
    for (const int64_t length : lengths) {
      ArrowSchema& child_schema = schemas_.emplace_back();
      ArrowArray& child = arrays_.emplace_back();
      Make(depth + 1, length, child_schema, child);
      schemas.push_back(&child_schema);
      arrays.push_back(&child);
    }
    schema.n_children = array.n_children = static_cast<int64_t>(lengths.size());
    schema.children = schemas.data();
    array.children = arrays.data();
  }

  void MakeValues(int depth, std::string_view format, ArrowSchema& schema, ArrowArray& array) {
    std::vector<const void*> buffers = {bytes_.Next() % 2 == 0 ? nullptr : Values(array, 1)};
    const int64_t end = array.offset + array.length;
    constexpr int64_t kTextBytes = 16;
    constexpr int64_t kItems = 4;
    if (format == "n") {
      buffers.clear();
    } else if (format == "u" || format == "z") {
      buffers.push_back(Offsets<int32_t>(array, kTextBytes));
      buffers.push_back(Keep(bytes_.Text(kTextBytes)).data());
    } else if (format == "U") {
      buffers.push_back(Offsets<int64_t>(array, kTextBytes));
      buffers.push_back(Keep(bytes_.Text(kTextBytes)).data());
    } else if (format == "vu") {
      // Short ones alone: a long one is a place in another buffer.
      std::string views;
      for (int64_t i = 0; i < end; ++i) {
        const int32_t size = bytes_.Next() % 13;
        views.append(reinterpret_cast<const char*>(&size), sizeof size);
        views += bytes_.Text(12);
      }
      buffers.push_back(Keep(std::move(views)).data());
      buffers.push_back(nullptr);
    } else if (format == "+l") {
      buffers.push_back(Offsets<int32_t>(array, kItems));
      AddChildren(depth, {kItems}, schema, array);
    } else if (format == "+L") {
      buffers.push_back(Offsets<int64_t>(array, kItems));
      AddChildren(depth, {kItems}, schema, array);
    } else if (format == "+m") {
      buffers.push_back(Offsets<int32_t>(array, kItems));
      AddMapEntries(depth, kItems, schema, array);
    } else if (format.starts_with("+w:")) {
      const int64_t size = format.size() > 4 ? 0 : format[3] - '0';
      AddChildren(depth, {end * size}, schema, array);
    } else if (format == "+s") {
      AddChildren(depth, std::vector<int64_t>(bytes_.Next() % 3, end), schema, array);
    } else {
      buffers.push_back(Values(array, 32));
    }
    buffers_.push_back(std::move(buffers));
  }

  // Mostly as the specification has them.
  void AddMapEntries(int depth, int64_t count, ArrowSchema& schema, ArrowArray& array) {
    if (bytes_.Next() % 8 == 0) return AddChildren(depth, {count}, schema, array);
    ArrowSchema& entries_schema = schemas_.emplace_back();
    ArrowArray& entries = arrays_.emplace_back();
    entries_schema.format = "+s";
    entries_schema.release = [](ArrowSchema* released) { released->release = nullptr; };
    entries.release = [](ArrowArray* released) { released->release = nullptr; };
    entries.length = count;
    entries.offset = bytes_.Next() % 2;
    entries.null_count = 0;
    entries.n_buffers = 1;
    entries.buffers = no_buffers_.data();
    AddChildren(depth + 1, {count + entries.offset, count + entries.offset}, entries_schema,
                entries);
    schema_pointers_.push_back({&entries_schema});
    array_pointers_.push_back({&entries});
    schema.n_children = array.n_children = 1;
    schema.children = schema_pointers_.back().data();
    array.children = array_pointers_.back().data();
  }

  Bytes& bytes_;
  std::array<const void*, 1> no_buffers_ = {nullptr};
  std::deque<std::string> texts_;
  std::deque<ArrowSchema> schemas_;
  std::deque<ArrowArray> arrays_;
  std::deque<std::vector<ArrowSchema*>> schema_pointers_;
  std::deque<std::vector<ArrowArray*>> array_pointers_;
  std::deque<std::vector<const void*>> buffers_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, size);
  Maker maker(bytes);
  constexpr int64_t kRows = 3;
  const size_t num_columns = bytes.Next() % 4;
  std::deque<ArrowSchema> schemas(num_columns);
  std::deque<ArrowArray> arrays(num_columns);
  std::vector<ArrowSchema*> schema_pointers;
  std::vector<ArrowArray*> array_pointers;
  for (size_t i = 0; i < num_columns; ++i) {
    maker.Make(0, kRows, schemas[i], arrays[i]);
    schema_pointers.push_back(&schemas[i]);
    array_pointers.push_back(&arrays[i]);
  }
  ArrowSchema schema{};
  schema.format = "+s";
  schema.release = [](ArrowSchema* released) { released->release = nullptr; };
  schema.n_children = static_cast<int64_t>(num_columns);
  schema.children = schema_pointers.data();
  ArrowArray array{};
  const void* no_validity = nullptr;
  array.length = kRows;
  array.n_buffers = 1;
  array.buffers = &no_validity;
  array.n_children = schema.n_children;
  array.children = array_pointers.data();
  array.release = [](ArrowArray* released) { released->release = nullptr; };

  auto table = std::make_shared<ArrowTable>();
  try {
    table->AddBatch(&schema, &array);
  } catch (const DataError&) {
    return 0;
  }
  const std::vector<std::string> columns = table->WritableColumns();
  Require(columns.size() + table->UnwritableColumns().size() == num_columns);
  for (int64_t row = 0; row < kRows; ++row) {
    std::string text;
    table->AppendRow(table->batches().front(), row, text);
    // The other parser refuses numbers beyond a double, which decimals may be.
    size_t num_members = 0;
    const nlohmann::json parsed = nlohmann::json::parse(
        text,
        [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json&) {
          num_members += depth == 1 && event == nlohmann::json::parse_event_t::key;
          return true;
        },
        /*allow_exceptions=*/false);
    Require(!parsed.is_discarded() && parsed.is_object());
    Require(num_members == columns.size());
  }
  return 0;
}
