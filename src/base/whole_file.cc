#include "base/whole_file.h"

#include <memory>
#include <span>

#include "base/hash.h"

namespace rowmill {

std::string ReadWhole(File& file) {
  std::string text(file.Info().size, '\0');
  text.resize(file.ReadAt(0, std::as_writable_bytes(std::span(text))));
  return text;
}

void WriteWhole(FileSystem& file_system, const std::string& path, std::string_view text) {
  const std::string part = path + ".part";
  const std::unique_ptr<File> file = file_system.Open(part, OpenMode::kTruncate);
  file->WriteAt(0, AsBytes(text));
  file->Sync();
  file->Close();
  file_system.Rename(part, path);
  file_system.SyncFolder(ParentFolder(path));
}

}  // namespace rowmill
