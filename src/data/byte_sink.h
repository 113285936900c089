// Streams of bytes to write: a file behind the file system interface, a descriptor such as standard
// output, a compressor in front of another sink. Failures are IoError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "data/format.h"

namespace rowmill {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void Write(std::span<const std::byte> bytes) = 0;
  // Writes what a format still owes at its end (compressors). Does not sync or close anything.
  virtual void Finish() {}
};

// From the start of a file, which the caller keeps open and syncs.
class FileByteSink final : public ByteSink {
 public:
  explicit FileByteSink(File& file) : file_(file) {}
  void Write(std::span<const std::byte> bytes) override;

 private:
  File& file_;
  uint64_t offset_ = 0;
};

// A descriptor that the caller keeps open, such as standard output. A reader that has gone away is
// an IoError (EPIPE) for the caller, never a SIGPIPE for the process, whatever its handler.
class DescriptorByteSink final : public ByteSink {
 public:
  DescriptorByteSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  void Write(std::span<const std::byte> bytes) override;

 private:
  int fd_;
  std::string name_;
  uint64_t num_written_ = 0;
};

// Appends to a string.
class StringByteSink final : public ByteSink {
 public:
  explicit StringByteSink(std::string& out) : out_(out) {}
  void Write(std::span<const std::byte> bytes) override;

 private:
  std::string& out_;
};

// Compresses into `target`, which is kept alive by the caller. The bytes depend on the input and on
// the library's version alone: no name, no time, one thread. Cuts between writes do not matter.
std::unique_ptr<ByteSink> MakeCompressor(Compression compression, ByteSink& target);

// Collects small pieces into large writes.
class BufferedWriter {
 public:
  explicit BufferedWriter(ByteSink& sink, size_t buffer_bytes = size_t{256} << 10);
  // The place where text is appended; call EndPiece() after each piece.
  std::string& buffer() { return buffer_; }
  void EndPiece() {
    if (buffer_.size() >= flush_bytes_) Flush();
  }
  void Append(std::string_view text) {
    buffer_.append(text);
    EndPiece();
  }
  void Flush();
  uint64_t num_bytes() const { return num_flushed_ + buffer_.size(); }

 private:
  ByteSink& sink_;
  size_t flush_bytes_;
  std::string buffer_;
  uint64_t num_flushed_ = 0;
};

}  // namespace rowmill
