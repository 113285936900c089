#include "engine/output_part.h"

namespace rowmill {
namespace {

std::string PartPath(const std::string& output) { return output + ".part"; }

}  // namespace

OutputPart::OutputPart(FileSystem& file_system, const std::string& output)
    : file_system_(file_system),
      output_(output),
      file_(file_system.Open(PartPath(output), OpenMode::kTruncate)),
      bytes_(*file_) {
  const Compression compression = CompressionFromPath(output);
  if (compression != Compression::kNone) compressor_ = MakeCompressor(compression, bytes_);
}

OutputPart::~OutputPart() {
  if (is_committed_) return;
  try {
    file_system_.Remove(PartPath(output_));
  } catch (...) {
    // What stopped the writing is being reported already, and is worth more.
  }
}

uint64_t OutputPart::Commit() {
  if (compressor_ != nullptr) compressor_->Finish();
  const uint64_t size = file_->Info().size;
  file_->Sync();
  file_->Close();
  file_system_.Rename(PartPath(output_), output_);
  is_committed_ = true;
  file_system_.SyncFolder(ParentFolder(output_));
  return size;
}

}  // namespace rowmill
