#include "data/byte_sink.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <system_error>
#include <vector>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

constexpr size_t kPieceBytes = size_t{128} << 10;

// Holds SIGPIPE back in this thread, and swallows the one that a write in between has raised. A
// signal that was pending before belongs to somebody else and stays.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    if (!was_pending_) pthread_sigmask(SIG_BLOCK, &sigpipe_, &saved_);
  }
  ~SigpipeGuard() {
    if (was_pending_) return;
#ifdef __APPLE__
    sigset_t pending;
    sigpending(&pending);
    int signal_number = 0;
    if (sigismember(&pending, SIGPIPE) == 1) sigwait(&sigpipe_, &signal_number);
#else
    const struct timespec no_wait = {0, 0};
    while (sigtimedwait(&sigpipe_, nullptr, &no_wait) == -1 && errno == EINTR) {
    }
#endif
    pthread_sigmask(SIG_SETMASK, &saved_, nullptr);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t saved_;
  bool was_pending_ = false;
};

class GzipSink final : public ByteSink {
 public:
  explicit GzipSink(ByteSink& target) : target_(target), buffer_(kPieceBytes) {
    // Level 6, the largest window, gzip framing (+16) with an empty header: no name, time 0.
    const int result = deflateInit2(&stream_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    if (result != Z_OK) throw ResourceError("no memory for zlib");
  }
  ~GzipSink() override { deflateEnd(&stream_); }
  GzipSink(const GzipSink&) = delete;
  GzipSink& operator=(const GzipSink&) = delete;

  void Write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const size_t count = std::min(bytes.size(), kPieceBytes);
      Deflate(bytes.first(count), Z_NO_FLUSH);
      bytes = bytes.subspan(count);
    }
  }
  void Finish() override {
    Deflate({}, Z_FINISH);
    target_.Finish();
  }

 private:
  void Deflate(std::span<const std::byte> bytes, int flush) {
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      CHECK(deflate(&stream_, flush) != Z_STREAM_ERROR);
      target_.Write(std::span<const std::byte>(buffer_).first(buffer_.size() - stream_.avail_out));
    } while (stream_.avail_out == 0);
    CHECK(stream_.avail_in == 0);
  }

  ByteSink& target_;
  std::vector<std::byte> buffer_;
  z_stream stream_ = {};
};

class ZstdSink final : public ByteSink {
 public:
  explicit ZstdSink(ByteSink& target)
      : target_(target), buffer_(kPieceBytes), stream_(ZSTD_createCStream()) {
    if (stream_ == nullptr) throw ResourceError("no memory for zstd");
    ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, 3);
    ZSTD_CCtx_setParameter(stream_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdSink() override { ZSTD_freeCStream(stream_); }
  ZstdSink(const ZstdSink&) = delete;
  ZstdSink& operator=(const ZstdSink&) = delete;

  void Write(std::span<const std::byte> bytes) override { Compress(bytes, ZSTD_e_continue); }
  void Finish() override {
    Compress({}, ZSTD_e_end);
    target_.Finish();
  }

 private:
  void Compress(std::span<const std::byte> bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer out = {buffer_.data(), buffer_.size(), 0};
      const size_t left = ZSTD_compressStream2(stream_, &out, &in, directive);
      CHECK(ZSTD_isError(left) == 0);
      target_.Write(std::span<const std::byte>(buffer_).first(out.pos));
      const bool done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
      if (done) return;
    }
  }

  ByteSink& target_;
  std::vector<std::byte> buffer_;
  ZSTD_CStream* stream_;
};

}  // namespace

void FileByteSink::Write(std::span<const std::byte> bytes) {
  file_.WriteAt(offset_, bytes);
  offset_ += bytes.size();
}

void DescriptorByteSink::Write(std::span<const std::byte> bytes) {
  const SigpipeGuard guard;
  while (!bytes.empty()) {
    const ssize_t count = write(fd_, bytes.data(), bytes.size());
    if (count > 0) {
      num_written_ += static_cast<uint64_t>(count);
      bytes = bytes.subspan(static_cast<size_t>(count));
      continue;
    }
    const int error = count == 0 ? EIO : errno;
    if (error == EAGAIN) {
      // A reader that shares the pipe has made it non-blocking; wait until there is room.
      struct pollfd request = {fd_, POLLOUT, 0};
      poll(&request, 1, -1);
    } else if (error != EINTR) {
      throw IoError("cannot write " + name_ + " at byte " + std::to_string(num_written_) + ": " +
                    std::generic_category().message(error));
    }
  }
}

void StringByteSink::Write(std::span<const std::byte> bytes) {
  out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::unique_ptr<ByteSink> MakeCompressor(Compression compression, ByteSink& target) {
  CHECK(compression != Compression::kNone);
  if (compression == Compression::kGzip) return std::make_unique<GzipSink>(target);
  return std::make_unique<ZstdSink>(target);
}

BufferedWriter::BufferedWriter(ByteSink& sink, size_t buffer_bytes)
    : sink_(sink), flush_bytes_(buffer_bytes) {}

void BufferedWriter::Flush() {
  if (buffer_.empty()) return;
  sink_.Write({reinterpret_cast<const std::byte*>(buffer_.data()), buffer_.size()});
  num_flushed_ += buffer_.size();
  buffer_.clear();
}

}  // namespace rowmill
