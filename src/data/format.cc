#include "data/format.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "data/suggestion.h"

namespace rowmill {
namespace {

std::string Lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The file's own name in lower case, without .gz or .zst.
std::string PlainName(std::string_view path) {
  const size_t slash = path.rfind('/');
  std::string name = Lowered(slash == std::string_view::npos ? path : path.substr(slash + 1));
  if (name.ends_with(".gz")) {
    name.resize(name.size() - 3);
  } else if (name.ends_with(".zst")) {
    name.resize(name.size() - 4);
  }
  return name;
}

}  // namespace

std::string_view FormatName(Format format) {
  switch (format) {
    case Format::kJsonl:
      return "jsonl";
    case Format::kCsv:
      return "csv";
    case Format::kTsv:
      return "tsv";
    case Format::kText:
      return "text";
    case Format::kParquet:
      return "parquet";
  }
  return "";
}

Format ParseFormat(std::string_view word) {
  for (const Format format :
       {Format::kJsonl, Format::kCsv, Format::kTsv, Format::kText, Format::kParquet}) {
    if (word == FormatName(format)) return format;
  }
  const std::array<std::string, 5> words = {"jsonl", "csv", "tsv", "text", "parquet"};
  throw UsageError("unknown format '" + std::string(word) + "'" + DidYouMean(word, words) +
                   "; known are jsonl, csv, tsv, text and parquet");
}

Compression CompressionFromPath(std::string_view path) {
  const std::string name = Lowered(path);
  if (name.ends_with(".gz")) return Compression::kGzip;
  if (name.ends_with(".zst")) return Compression::kZstd;
  return Compression::kNone;
}

std::optional<Format> FormatFromPath(std::string_view path) {
  const std::string name = PlainName(path);
  constexpr std::array<std::pair<std::string_view, Format>, 8> kSuffixes = {{
      {".jsonl", Format::kJsonl},
      {".ndjson", Format::kJsonl},
      {".json-lines", Format::kJsonl},
      {".csv", Format::kCsv},
      {".tsv", Format::kTsv},
      {".tab", Format::kTsv},
      {".txt", Format::kText},
      {".parquet", Format::kParquet},
  }};
  for (const auto& [suffix, format] : kSuffixes) {
    if (!name.ends_with(suffix)) continue;
    if (format == Format::kParquet && CompressionFromPath(path) != Compression::kNone) {
      throw UsageError("'" + std::string(path) +
                       "': a Parquet file is compressed within; name it without .gz or .zst");
    }
    return format;
  }
  if (name.ends_with(".json")) {
    throw UsageError("'" + std::string(path) +
                     "' is named as one JSON document; Rowmill takes one object per line: turn an "
                     "array into that with  jq -c '.[]' in.json > out.jsonl  or, where the file "
                     "has one object per line already, say --format jsonl");
  }
  return std::nullopt;
}

Format RequireFormat(std::string_view path) {
  const std::optional<Format> format = FormatFromPath(path);
  if (format.has_value()) return *format;
  throw UsageError((path == "-" ? std::string("standard input and output have no name that tells")
                                : "the name '" + std::string(path) + "' does not tell") +
                   " the format; say --format jsonl, csv, tsv, text or parquet");
}

}  // namespace rowmill
