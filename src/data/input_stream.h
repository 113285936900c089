// The bytes of one input as the readers of records see them: opened by name or standard input,
// decompressed, spooled where they could not be read a second time, without byte order mark.
//
// Damage is a value here: where bytes end because of it, Peek() says that they end and damage()
// says why, so that the rows before it are kept. IoError passes through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "data/byte_source.h"
#include "data/decompress.h"
#include "data/file_list.h"

namespace rowmill {

struct InputOptions {
  std::string path = "-";  // "-" is standard input
  // Where it has patterns the input is the list of the files that they name, as JSONL, and `path`
  // is only what messages call it.
  FilePatterns files;
  // Where the bytes of a pipe or of a compressed file are kept for the second pass. Empty: nowhere;
  // then compressed files are decompressed again and pipes cannot be read twice.
  std::string spool_path;
  DecompressLimits decompress;
  StopRequest stop_requested;
  // Rows that are in memory: these bytes are read in the place of what `path` names. They can be
  // rewound.
  std::function<std::unique_ptr<ByteSource>()> open_bytes;
};

class InputStream {
 public:
  // Throws UsageError (no such file, a folder), IoError, DataError (named .gz but not gzip; UTF-16;
  // a format that is not text, such as Parquet).
  static std::unique_ptr<InputStream> Open(FileSystem& fs, const InputOptions& options);
  // Over any bytes, for tests and for streams that are open already. `name` is for messages.
  InputStream(std::unique_ptr<ByteSource> source, std::string name);

  // The bytes that are read and not consumed; reads more where there are none. Empty at the end.
  // Valid until the next call.
  std::string_view Peek();
  // The same with at least `count` bytes where the stream has them; count <= 4096.
  std::string_view PeekAtLeast(size_t count);
  void Consume(size_t count);
  // Of the next byte, in the decompressed stream and with the byte order mark counted.
  uint64_t offset() const { return offset_; }
  // Set once Peek() has come to the end, where it is not the sound one.
  const std::optional<std::string>& damage() const { return damage_; }

  // Back to the first byte. CHECKs can_rewind().
  void Rewind();
  bool can_rewind() const { return can_rewind_; }
  bool spooled() const { return spooled_; }
  const std::string& name() const { return name_; }  // as messages give it, with quotes
  ReadProgress progress() const { return source_->progress(); }
  // Of a regular file at the time it was opened; to be put into fingerprints.
  const std::optional<FileInfo>& file_info() const { return file_info_; }

 private:
  void Fill();
  void SkipByteOrderMark();

  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::optional<FileInfo> file_info_;
  bool can_rewind_ = true;
  bool spooled_ = false;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t offset_ = 0;
  bool at_end_ = false;
  std::optional<std::string> damage_;
};

}  // namespace rowmill
