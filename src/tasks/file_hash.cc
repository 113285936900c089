#include "tasks/file_hash.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/hash.h"
#include "base/whole_file.h"

namespace rowmill {
namespace {

constexpr size_t kHashLetters = 64;
constexpr size_t kMaxEntryBytes = 1 << 16;

// What a remembered hash is good for; the first part of the entry's text.
std::string IdentityText(const std::string& path, const FileInfo& info) {
  return "rowmill sha256 1\n" + path + "\n" + std::to_string(info.size) + " " +
         std::to_string(info.device) + " " + std::to_string(info.inode) + " " +
         std::to_string(info.mtime_ns) + "\n";
}

bool IsHash(std::string_view text) {
  return text.size() == kHashLetters &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::string> ReadEntry(const std::string& entry, const std::string& identity,
                                     FileSystem& file_system) {
  if (!file_system.Exists(entry)) return {};
  const std::unique_ptr<File> file = file_system.Open(entry, OpenMode::kRead);
  if (file->Info().size > kMaxEntryBytes) return {};
  const std::string text = ReadWhole(*file);
  // identity, 64 letters, a line break: anything else is an entry of another file or a torn one.
  if (text.size() != identity.size() + kHashLetters + 1 || !text.starts_with(identity)) return {};
  const std::string hash = text.substr(identity.size(), kHashLetters);
  if (!IsHash(hash) || text.back() != '\n') return {};
  return hash;
}

void WriteEntry(const std::string& entry, const std::string& text, FileSystem& file_system) {
  std::filesystem::create_directories(ParentFolder(entry));
  // Renamed into place, so that two processes never mix their texts.
  const std::string part = entry + "." + std::to_string(getpid()) + ".part";
  const std::unique_ptr<File> file = file_system.Open(part, OpenMode::kTruncate);
  file->WriteAt(0, AsBytes(text));
  file->Close();
  file_system.Rename(part, entry);
}

std::string HashInPieces(std::span<const std::byte> bytes) {
  constexpr size_t kPiece = size_t{1} << 20;
  Sha256 sha256;
  while (!bytes.empty()) {
    const size_t size = std::min(kPiece, bytes.size());
    sha256.Update(bytes.first(size));
    bytes = bytes.subspan(size);
  }
  return Hex(sha256.Finish());
}

}  // namespace

std::string CacheFolder(std::string_view name) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::string(home) + "/.cache/rowmill/" + std::string(name);
}

std::string FileSha256(const std::string& path, std::span<const std::byte> bytes,
                       FileSystem& file_system, const std::string& hash_folder) {
  if (hash_folder.empty()) return HashInPieces(bytes);
  const std::string full_path = std::filesystem::absolute(path).lexically_normal().string();
  const std::string entry = hash_folder + "/" + Sha256Hex(AsBytes(full_path));
  std::string identity;
  try {
    const FileInfo info = file_system.Info(path);
    identity = IdentityText(full_path, info);
    if (info.size == bytes.size()) {
      if (auto hash = ReadEntry(entry, identity, file_system)) return *hash;
    }
  } catch (const IoError&) {  // Not readable, not allowed: then it is computed.
  }
  const std::string hash = HashInPieces(bytes);
  try {
    // Only where the file is still the one whose identity was taken before it was read.
    const FileInfo after = file_system.Info(path);
    if (after.size == bytes.size() && IdentityText(full_path, after) == identity) {
      WriteEntry(entry, identity + hash + "\n", file_system);
    }
  } catch (const IoError&) {
  } catch (const std::filesystem::filesystem_error&) {
  }
  return hash;
}

}  // namespace rowmill
