// A small file that appears whole or not at all: PATH.part, sync, rename, sync of the folder.
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"

namespace rowmill {

void WriteWhole(FileSystem& file_system, const std::string& path, std::string_view content);

}  // namespace rowmill
