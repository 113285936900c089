#include "engine/write_whole.h"

#include <memory>

#include "base/hash.h"

namespace rowmill {

void WriteWhole(FileSystem& file_system, const std::string& path, std::string_view content) {
  const std::string part = path + ".part";
  const std::unique_ptr<File> file = file_system.Open(part, OpenMode::kTruncate);
  file->WriteAt(0, AsBytes(content));
  file->Sync();
  file->Close();
  file_system.Rename(part, path);
  file_system.SyncFolder(ParentFolder(path));
}

}  // namespace rowmill
