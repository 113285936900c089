// An output that is put together outside of a job (merge, --only failed): written as OUTPUT.part,
// compressed where its name says so, and there only when whole.
//
// What it is not: the output of a job, which a crash must not cost (engine/job_folder.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "data/byte_sink.h"

namespace rowmill {

class OutputPart {
 public:
  OutputPart(FileSystem& file_system, const std::string& output);
  // Removes a part that was not committed.
  ~OutputPart();
  OutputPart(const OutputPart&) = delete;
  OutputPart& operator=(const OutputPart&) = delete;

  ByteSink& sink() { return compressor_ != nullptr ? *compressor_ : bytes_; }
  // Makes the part the output. Returns its size in bytes.
  uint64_t Commit();

 private:
  FileSystem& file_system_;
  std::string output_;
  bool is_committed_ = false;
  std::unique_ptr<File> file_;
  FileByteSink bytes_;
  std::unique_ptr<ByteSink> compressor_;  // null: the bytes as they are
};

}  // namespace rowmill
