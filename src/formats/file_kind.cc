#include "formats/file_kind.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace rowmill {
namespace {

struct Signature {
  std::string_view prefix;
  std::string_view description;
};

constexpr std::string_view kOldGgml =
    "a llama.cpp file from before GGUF (GGML, GGMF, GGLA or GGJT); convert the model to GGUF again";

// Both byte orders of the old magics: they were written as u32 numbers.
constexpr Signature kSignatures[] = {
    {"GGUF", "a GGUF file"},
    {"FUGG", "a GGUF file whose magic is in the other byte order"},
    {"tjgg", kOldGgml},
    {"ggjt", kOldGgml},
    {"lmgg", kOldGgml},
    {"ggml", kOldGgml},
    {"fmgg", kOldGgml},
    {"ggmf", kOldGgml},
    {"algg", kOldGgml},
    {"ggla", kOldGgml},
    {"version https://git-lfs",
     "a Git LFS pointer, not the weights themselves; run 'git lfs pull'"},
    {std::string_view("PK\x03\x04", 4),
     "a ZIP archive, probably a PyTorch checkpoint; pickle is never loaded, convert it to "
     "safetensors or GGUF"},
    {"\x80\x02", "a Python pickle, which is never loaded; convert it to safetensors or GGUF"},
    {"\x80\x03", "a Python pickle, which is never loaded; convert it to safetensors or GGUF"},
    {"\x80\x04", "a Python pickle, which is never loaded; convert it to safetensors or GGUF"},
    {"\x80\x05", "a Python pickle, which is never loaded; convert it to safetensors or GGUF"},
    {"\x1f\x8b", "a gzip file; unpack it first"},
    {"\x28\xb5\x2f\xfd", "a Zstandard file; unpack it first"},
    {"\xfd"
     "7zXZ",
     "an xz file; unpack it first"},
    {"\x89HDF", "an HDF5 file; convert it to safetensors or GGUF"},
    {"PAR1", "a Parquet file, which is data and not a model"},
};

// safetensors: a u64 header length of a sane size, then the JSON object.
bool LooksLikeSafetensors(std::string_view head) {
  if (head.size() < 9 || head[8] != '{') return false;
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, head.data(), sizeof(header_bytes));
  return header_bytes >= 2 && header_bytes <= 100'000'000;
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  return std::equal(lower_prefix.begin(), lower_prefix.end(), text.begin(), [](char want, char c) {
    return want == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  });
}

}  // namespace

std::string_view DescribeFileKind(std::span<const std::byte> bytes) {
  constexpr size_t kHeadBytes = 512;
  std::string_view head(reinterpret_cast<const char*>(bytes.data()),
                        std::min(bytes.size(), kHeadBytes));
  for (const Signature& signature : kSignatures) {
    if (head.starts_with(signature.prefix)) return signature.description;
  }
  if (LooksLikeSafetensors(head)) return "a safetensors file; name it *.safetensors";
  if (!head.empty() && std::all_of(head.begin(), head.end(), [](char c) { return c == '\0'; })) {
    return "a file of zero bytes, probably a download that was never finished";
  }
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  for (const std::string_view tag : {"<!doctype html", "<html", "<head", "<?xml"}) {
    if (StartsWithIgnoringCase(head, tag)) {
      return "a web page, probably an error or log-in page that was saved in place of the model";
    }
  }
  if (head.starts_with('{') || head.starts_with('[')) return "a JSON text";
  const bool is_text = !head.empty() && std::all_of(head.begin(), head.end(), [](char c) {
    return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
  });
  return is_text ? "a text file" : "";
}

}  // namespace rowmill
