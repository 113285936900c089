#include "data/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

[[noreturn]] void FailRead(const std::string& name, uint64_t offset, int error) {
  throw IoError("cannot read " + name + " at byte " + std::to_string(offset) + ": " +
                std::generic_category().message(error));
}

}  // namespace

FileByteSource::FileByteSource(FileSystem& fs, const std::string& path)
    : fs_(fs), path_(path), file_(fs.Open(path, OpenMode::kRead)), info_(file_->Info()) {}

size_t FileByteSource::Read(std::span<std::byte> out) {
  CHECK(!out.empty());
  const uint64_t left = info_.size - position_;
  if (left == 0) {
    CheckUnchanged();
    return 0;
  }
  const auto want = static_cast<size_t>(std::min<uint64_t>(out.size(), left));
  const size_t count = file_->ReadAt(position_, out.first(want));
  position_ += count;
  if (count == 0) {
    throw DataError("'" + path_ + "' became shorter while it was read: it had " +
                    std::to_string(info_.size) + " bytes at the start and ends at byte " +
                    std::to_string(position_) + " now; run again on a file that stays as it is");
  }
  return count;
}

bool FileByteSource::Rewind() {
  position_ = 0;
  return true;
}

void FileByteSource::CheckUnchanged() {
  const FileInfo now = file_->Info();
  std::string change;
  if (now.size != info_.size) {
    change = "its size went from " + std::to_string(info_.size) + " to " +
             std::to_string(now.size) + " bytes";
  } else if (now.mtime_ns != info_.mtime_ns) {
    change = "it was written to";
  } else if (!fs_.Exists(path_)) {
    change = "it was removed";
  } else {
    const FileInfo named = fs_.Info(path_);
    if (named.device != info_.device || named.inode != info_.inode) {
      change = "another file was put in its place";
    }
  }
  if (change.empty()) return;
  throw DataError("'" + path_ + "' changed while it was read: " + change +
                  "; run again on a file that stays as it is");
}

DescriptorByteSource::DescriptorByteSource(int fd, Ownership ownership, std::string name,
                                           StopRequest stop_requested)
    : fd_(fd),
      ownership_(ownership),
      name_(std::move(name)),
      stop_requested_(std::move(stop_requested)) {}

std::unique_ptr<DescriptorByteSource> DescriptorByteSource::Open(const std::string& path,
                                                                 StopRequest stop_requested) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  while (fd < 0 && errno == EINTR && !(stop_requested && stop_requested())) {
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  }
  if (fd < 0 && errno == EINTR) throw StoppedError("stopped while waiting for '" + path + "'");
  if (fd < 0) {
    throw IoError("cannot open '" + path + "': " + std::generic_category().message(errno));
  }
  return std::make_unique<DescriptorByteSource>(fd, Ownership::kOwned, "'" + path + "'",
                                                std::move(stop_requested));
}

DescriptorByteSource::~DescriptorByteSource() {
  if (ownership_ == Ownership::kOwned) close(fd_);
}

void DescriptorByteSource::WaitForData() {
  constexpr int kPollMilliseconds = 200;
  while (true) {
    if (stop_requested_ && stop_requested_()) {
      throw StoppedError("stopped while waiting for " + name_);
    }
    struct pollfd request = {fd_, POLLIN, 0};
    const int ready = poll(&request, 1, kPollMilliseconds);
    if (ready > 0) return;  // Data, the end or an error: read() tells which.
    if (ready < 0 && errno != EINTR && errno != EAGAIN) FailRead(name_, num_read_, errno);
  }
}

size_t DescriptorByteSource::Read(std::span<std::byte> out) {
  CHECK(!out.empty());
  while (true) {
    WaitForData();
    const ssize_t count = read(fd_, out.data(), out.size());
    if (count >= 0) {
      num_read_ += static_cast<uint64_t>(count);
      return static_cast<size_t>(count);
    }
    // EAGAIN: another process has made the shared descriptor non-blocking.
    if (errno != EINTR && errno != EAGAIN) FailRead(name_, num_read_, errno);
  }
}

size_t MemoryByteSource::Read(std::span<std::byte> out) {
  const size_t count = std::min({out.size(), chunk_, bytes_.size() - position_});
  if (count > 0) std::memcpy(out.data(), bytes_.data() + position_, count);
  position_ += count;
  return count;
}

bool MemoryByteSource::Rewind() {
  position_ = 0;
  return true;
}

size_t PrefixByteSource::Read(std::span<std::byte> out) {
  if (position_ == prefix_.size()) return rest_->Read(out);
  const size_t count = std::min(out.size(), prefix_.size() - position_);
  std::memcpy(out.data(), prefix_.data() + position_, count);
  position_ += count;
  return count;
}

bool PrefixByteSource::Rewind() {
  // The prefix came from the stream, so a stream that starts again brings it by itself.
  if (!rest_->Rewind()) return false;
  prefix_.clear();
  position_ = 0;
  return true;
}

SpoolingByteSource::SpoolingByteSource(std::unique_ptr<ByteSource> source,
                                       std::unique_ptr<File> spool)
    : source_(std::move(source)), spool_(std::move(spool)) {}

size_t SpoolingByteSource::Read(std::span<std::byte> out) {
  CHECK(!out.empty());
  if (position_ < spool_size_) {
    const auto want = static_cast<size_t>(std::min<uint64_t>(out.size(), spool_size_ - position_));
    const size_t count = spool_->ReadAt(position_, out.first(want));
    if (count == 0) throw IoError("the copy of the input in the job folder lost its end");
    position_ += count;
    return count;
  }
  if (damage_.has_value()) throw DataError(*damage_);
  if (ended_) return 0;
  size_t count = 0;
  try {
    count = source_->Read(out);
  } catch (const DataError& error) {
    damage_ = error.what();
    throw;
  }
  if (count == 0) {
    ended_ = true;
    return 0;
  }
  spool_->WriteAt(spool_size_, out.first(count));
  spool_size_ += count;
  position_ += count;
  return count;
}

bool SpoolingByteSource::Rewind() {
  position_ = 0;
  rewound_ = true;
  return true;
}

ReadProgress SpoolingByteSource::progress() const {
  if (!rewound_) return source_->progress();
  return {position_,
          ended_ || damage_.has_value() ? std::optional<uint64_t>(spool_size_) : std::nullopt};
}

}  // namespace rowmill
