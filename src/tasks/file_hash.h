// The SHA-256 of a large file, remembered from run to run: reading 100 MB takes as long as a small
// job.
//
// A remembered hash counts only for the same path with the same size, inode, device and time of
// change. It is a convenience, never needed: whatever is wrong with the memory, the file is read.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace rowmill {

// $HOME/.cache/rowmill/NAME; empty where there is no home.
std::string CacheFolder(std::string_view name);

// In hexadecimal, of `bytes`, the content of the file at `path`. Looks in `hash_folder` first and
// writes there afterwards; empty: does neither.
std::string FileSha256(const std::string& path, std::span<const std::byte> bytes,
                       FileSystem& file_system, const std::string& hash_folder);

}  // namespace rowmill
