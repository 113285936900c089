// Small files, read and written as one text.
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"

namespace rowmill {

// All that an open file holds. The caller checks the size first where a stranger may have made it.
std::string ReadWhole(File& file);

// Whole or not at all: PATH.part, sync, rename, sync of the folder. A reader never sees half of the
// text under the name.
void WriteWhole(FileSystem& file_system, const std::string& path, std::string_view text);

}  // namespace rowmill
