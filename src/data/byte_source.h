// Streams of bytes to read: a file, a descriptor that cannot seek (standard input, a FIFO), memory,
// and a wrapper that keeps what it passes on in a spool file so that it can be read again.
//
// Two kinds of trouble: IoError where the system fails (exit 4), DataError where the bytes cannot
// be what they should be, such as a file that changes while it is read (exit 2). All bytes before
// the damage are delivered before the DataError is thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_system.h"

namespace rowmill {

// How far a reader is, in bytes of the file itself (compressed bytes where it is compressed).
struct ReadProgress {
  uint64_t bytes_read = 0;
  std::optional<uint64_t> total_bytes;  // unknown for pipes
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads at least one byte and at most out.size(); 0 only at the end. `out` is not empty.
  virtual size_t Read(std::span<std::byte> out) = 0;
  // Starts again from the first byte. False where that is not possible.
  virtual bool Rewind() = 0;
  virtual ReadProgress progress() const = 0;
};

// A regular file. Its size, inode and modification time are fixed when it is opened; where they are
// others at the end of a pass, that pass ends with DataError.
class FileByteSource final : public ByteSource {
 public:
  FileByteSource(FileSystem& fs, const std::string& path);
  size_t Read(std::span<std::byte> out) override;
  bool Rewind() override;
  ReadProgress progress() const override { return {position_, info_.size}; }
  const FileInfo& info() const { return info_; }

 private:
  void CheckUnchanged();

  FileSystem& fs_;
  std::string path_;
  std::unique_ptr<File> file_;
  FileInfo info_;
  uint64_t position_ = 0;
};

// Asked between waits; true means that the user has asked the run to stop.
using StopRequest = std::function<bool()>;

// A descriptor of a pipe, terminal or socket. While it waits for data it looks at `stop_requested`
// a few times a second and throws StoppedError, so that Ctrl-C works on a silent pipe.
class DescriptorByteSource final : public ByteSource {
 public:
  enum class Ownership : uint8_t { kBorrowed, kOwned };
  DescriptorByteSource(int fd, Ownership ownership, std::string name, StopRequest stop_requested);
  // Opens something that is not a regular file, for reading.
  static std::unique_ptr<DescriptorByteSource> Open(const std::string& path,
                                                    StopRequest stop_requested);
  ~DescriptorByteSource() override;
  DescriptorByteSource(const DescriptorByteSource&) = delete;
  DescriptorByteSource& operator=(const DescriptorByteSource&) = delete;

  size_t Read(std::span<std::byte> out) override;
  bool Rewind() override { return num_read_ == 0; }
  ReadProgress progress() const override { return {num_read_, std::nullopt}; }

 private:
  void WaitForData();

  int fd_;
  Ownership ownership_;
  std::string name_;
  StopRequest stop_requested_;
  uint64_t num_read_ = 0;
};

// Bytes that the caller keeps alive, handed out in pieces of at most `chunk` bytes.
class MemoryByteSource final : public ByteSource {
 public:
  explicit MemoryByteSource(std::string_view bytes, size_t chunk = SIZE_MAX)
      : bytes_(bytes), chunk_(chunk) {}
  size_t Read(std::span<std::byte> out) override;
  bool Rewind() override;
  ReadProgress progress() const override { return {position_, bytes_.size()}; }

 private:
  std::string_view bytes_;
  size_t chunk_;
  size_t position_ = 0;
};

// Text of its own.
class TextByteSource final : public ByteSource {
 public:
  explicit TextByteSource(std::string text) : text_(std::move(text)), bytes_(text_) {}
  TextByteSource(const TextByteSource&) = delete;
  TextByteSource& operator=(const TextByteSource&) = delete;
  size_t Read(std::span<std::byte> out) override { return bytes_.Read(out); }
  bool Rewind() override { return bytes_.Rewind(); }
  ReadProgress progress() const override { return bytes_.progress(); }

 private:
  std::string text_;
  MemoryByteSource bytes_;
};

// Puts bytes that were read ahead (to recognise a format) back in front of their stream.
class PrefixByteSource final : public ByteSource {
 public:
  PrefixByteSource(std::string prefix, std::unique_ptr<ByteSource> rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}
  size_t Read(std::span<std::byte> out) override;
  bool Rewind() override;
  ReadProgress progress() const override { return rest_->progress(); }

 private:
  std::string prefix_;
  size_t position_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

// Writes everything it reads into a file of the job folder; a rewound reader gets the same bytes
// from there, and goes on with the stream where they end. How the stream ended is kept as well: the
// damage that ended the first pass ends the second one at the same byte.
class SpoolingByteSource final : public ByteSource {
 public:
  SpoolingByteSource(std::unique_ptr<ByteSource> source, std::unique_ptr<File> spool);
  size_t Read(std::span<std::byte> out) override;
  bool Rewind() override;
  ReadProgress progress() const override;

 private:
  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<File> spool_;
  uint64_t position_ = 0;    // of the reader
  uint64_t spool_size_ = 0;  // what the stream has given so far
  bool ended_ = false;
  bool rewound_ = false;
  std::optional<std::string> damage_;
};

}  // namespace rowmill
