#include "data/format.h"

#include <algorithm>
#include <array>

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

// The file's own name, without .gz or .zst.
std::string_view PlainName(std::string_view path) {
  const size_t slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  switch (CompressionFromPath(name)) {
    case Compression::kGzip:
      name.remove_suffix(3);
      break;
    case Compression::kZstd:
      name.remove_suffix(4);
      break;
    case Compression::kNone:
      break;
  }
  return name;
}

struct Suffix {
  std::string_view text;
  Format format;
};
constexpr std::array<Suffix, 8> kSuffixes = {{
    {".jsonl", Format::kJsonl},
    {".ndjson", Format::kJsonl},
    {".json-lines", Format::kJsonl},
    {".csv", Format::kCsv},
    {".tsv", Format::kTsv},
    {".tab", Format::kTsv},
    {".txt", Format::kText},
    {".parquet", Format::kParquet},
}};

const Suffix* FindSuffix(std::string_view path) {
  const std::string name = Lowered(PlainName(path));
  const auto* found = std::find_if(kSuffixes.begin(), kSuffixes.end(), [&](const Suffix& suffix) {
    return name.ends_with(suffix.text);
  });
  return found == kSuffixes.end() ? nullptr : found;
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

std::string FormatSuffix(Format format) {
  return format == Format::kText ? ".txt" : "." + std::string(FormatName(format));
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
  if (const Suffix* suffix = FindSuffix(path)) {
    if (suffix->format == Format::kParquet && CompressionFromPath(path) != Compression::kNone) {
      throw UsageError("'" + std::string(path) +
                       "': a Parquet file is compressed within; name it without .gz or .zst");
    }
    return suffix->format;
  }
  if (Lowered(PlainName(path)).ends_with(".json")) {
    throw UsageError("'" + std::string(path) +
                     "' is named as one JSON document; Rowmill takes one object per line: turn an "
                     "array into that with  jq -c '.[]' in.json > out.jsonl  or, where the file "
                     "has one object per line already, say --format jsonl");
  }
  return std::nullopt;
}

bool HasDataSuffix(std::string_view path) { return FindSuffix(path) != nullptr; }

std::string StemOf(std::string_view path) {
  std::string_view name = PlainName(path);
  if (const Suffix* suffix = FindSuffix(path)) name.remove_suffix(suffix->text.size());
  return std::string(name);
}

Format RequireFormat(std::string_view path) {
  const std::optional<Format> format = FormatFromPath(path);
  if (format.has_value()) return *format;
  throw UsageError((path == "-" ? std::string("standard input and output have no name that tells")
                                : "the name '" + std::string(path) + "' does not tell") +
                   " the format; say --format jsonl, csv, tsv, text or parquet");
}

}  // namespace rowmill
