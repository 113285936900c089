// The formats of data files and how a file name tells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowmill {

enum class Format : uint8_t {
  kJsonl,  // one JSON object per line (RFC 8259 texts, LF or CRLF)
  kCsv,    // RFC 4180, comma
  kTsv,    // RFC 4180 with a tab for the comma
  kText,   // each line is a row with one column, `text` or what the source calls it
  // Apache Parquet. Its rows are read as JSON Lines, so that no record has this format.
  kParquet,
};

enum class Compression : uint8_t { kNone, kGzip, kZstd };

// "jsonl", "csv", "tsv", "text", "parquet".
std::string_view FormatName(Format format);

// What the name of a file in the format ends with: ".jsonl"; ".txt" for text.
std::string FormatSuffix(Format format);

// The value of a --format option. Throws UsageError for words it does not know.
Format ParseFormat(std::string_view word);

// What the last suffix says: .gz and .zst.
Compression CompressionFromPath(std::string_view path);

// What the suffix says, behind .gz or .zst: .jsonl .ndjson .json-lines .csv .tsv .tab .txt
// .parquet; nothing for "-". Throws UsageError with the way out for suffixes of formats that are
// not read here.
std::optional<Format> FormatFromPath(std::string_view path);

// Whether the name of a file is that of a data file: FormatFromPath knows its suffix.
bool HasDataSuffix(std::string_view path);

// The file's name without its folder, .gz or .zst, and without what says the format.
std::string StemOf(std::string_view path);

// FormatFromPath, or a UsageError that asks for the option.
Format RequireFormat(std::string_view path);

}  // namespace rowmill
