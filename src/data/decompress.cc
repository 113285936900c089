#include "data/decompress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

constexpr size_t kInputBytes = size_t{128} << 10;

// What both formats share: the compressed bytes at hand, the count of both sides, the limits.
class Decompressor : public ByteSource {
 public:
  Decompressor(std::unique_ptr<ByteSource> compressed, std::string name,
               const DecompressLimits& limits)
      : compressed_(std::move(compressed)),
        name_(std::move(name)),
        limits_(limits),
        input_(kInputBytes) {}

  size_t Read(std::span<std::byte> out) final {
    CHECK(!out.empty());
    while (!done_) {
      const size_t count = Step(out);
      num_out_ += count;
      if (count > 0) {
        CheckExpansion();
        return count;
      }
    }
    return 0;
  }

  bool Rewind() final {
    if (!compressed_->Rewind()) return false;
    input_begin_ = input_end_ = 0;
    num_in_ = num_out_ = 0;
    done_ = false;
    Reset();
    return true;
  }

  ReadProgress progress() const final { return compressed_->progress(); }

 protected:
  // Decompresses some; 0 where nothing came out yet. Calls set_done() at the end of the stream.
  virtual size_t Step(std::span<std::byte> out) = 0;
  virtual void Reset() = 0;

  void set_done() { done_ = true; }
  std::span<const std::byte> input() const {
    return std::span<const std::byte>(input_).subspan(input_begin_, input_end_ - input_begin_);
  }
  void Consume(size_t count) {
    input_begin_ += count;
    num_in_ += count;
  }
  // Makes input() non-empty; false at the end of the compressed stream.
  bool Fill() {
    if (input_begin_ < input_end_) return true;
    input_begin_ = 0;
    input_end_ = compressed_->Read(input_);
    return input_end_ > 0;
  }
  [[noreturn]] void Fail(const std::string& why) const {
    throw DataError(name_ + " is damaged at compressed byte " + std::to_string(num_in_) + ": " +
                    why);
  }

 private:
  void CheckExpansion() const {
    if (num_out_ <= limits_.free_bytes || num_in_ == 0) return;
    if (num_out_ / num_in_ < limits_.max_ratio) return;
    throw DataError(name_ + " expands to more than " + std::to_string(limits_.max_ratio) +
                    " times its size (" + std::to_string(num_in_) + " compressed bytes gave " +
                    std::to_string(num_out_) +
                    " so far), which looks like a decompression bomb; if it is sound, decompress "
                    "it first and give Rowmill the plain file");
  }

  std::unique_ptr<ByteSource> compressed_;
  std::string name_;
  DecompressLimits limits_;
  std::vector<std::byte> input_;
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  uint64_t num_in_ = 0;
  uint64_t num_out_ = 0;
  bool done_ = false;
};

class GzipSource final : public Decompressor {
 public:
  GzipSource(std::unique_ptr<ByteSource> compressed, std::string name,
             const DecompressLimits& limits)
      : Decompressor(std::move(compressed), std::move(name), limits) {
    // 15 + 16: the largest window, and gzip's header and checksum rather than zlib's.
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw ResourceError("no memory for zlib");
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

 protected:
  void Reset() override {
    CHECK(inflateReset(&stream_) == Z_OK);
    state_ = State::kInMember;
    failure_.reset();
  }

  size_t Step(std::span<std::byte> out) override {
    if (failure_.has_value()) Fail(*failure_);
    if (!Fill()) {
      if (state_ == State::kInMember) Fail("the gzip stream ends early");
      set_done();
      return 0;
    }
    if (state_ != State::kInMember && !StartMember()) return 0;
    const std::span<const std::byte> bytes = input();
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    const size_t room = std::min<size_t>(out.size(), std::numeric_limits<uInt>::max());
    stream_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    Consume(bytes.size() - stream_.avail_in);
    const size_t count = room - stream_.avail_out;
    if (result == Z_STREAM_END) {
      state_ = State::kBetweenMembers;
    } else if (result == Z_MEM_ERROR) {
      throw ResourceError("no memory for zlib");
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      // What came out of this call lies before the damage, so it is delivered first.
      failure_ = stream_.msg != nullptr ? stream_.msg : "it is not gzip";
      if (count == 0) Fail(*failure_);
    }
    return count;
  }

 private:
  enum class State : uint8_t { kInMember, kBetweenMembers, kPadding };

  // Behind a member comes the next one, zeros up to the end (tapes and block devices are padded
  // like that, and gzip ignores it), or something that does not belong there.
  bool StartMember() {
    if (input().front() == std::byte{0}) {
      state_ = State::kPadding;
      Consume(1);
      return false;
    }
    if (state_ == State::kPadding) Fail("data behind the padding of the gzip stream");
    if (input().front() != std::byte{0x1f}) Fail("something that is not gzip follows the stream");
    CHECK(inflateReset(&stream_) == Z_OK);
    state_ = State::kInMember;
    return true;
  }

  z_stream stream_ = {};
  State state_ = State::kInMember;
  std::optional<std::string> failure_;
};

class ZstdSource final : public Decompressor {
 public:
  ZstdSource(std::unique_ptr<ByteSource> compressed, std::string name,
             const DecompressLimits& limits)
      : Decompressor(std::move(compressed), std::move(name), limits),
        stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw ResourceError("no memory for zstd");
    Reset();
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;

 protected:
  void Reset() override {
    hint_ = ZSTD_initDStream(stream_);
    in_frame_ = true;  // An empty stream is no Zstandard stream.
    pending_output_ = false;
  }

  size_t Step(std::span<std::byte> out) override {
    // Output that did not fit the last time comes before more input is asked for.
    if (!pending_output_ && !Fill()) {
      if (in_frame_) Fail("the zstd stream ends early");
      set_done();
      return 0;
    }
    // libzstd asks for one block and the three bytes of the next block's header. It gets the block
    // alone: an error in the same call would take back the output of a sound block before it.
    constexpr size_t kBlockHeader = 3;
    const size_t wanted = hint_ > kBlockHeader ? hint_ - kBlockHeader : 1;
    const std::span<const std::byte> bytes = input().first(std::min(input().size(), wanted));
    ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer target = {out.data(), out.size(), 0};
    const size_t result = ZSTD_decompressStream(stream_, &target, &in);
    Consume(in.pos);
    if (ZSTD_isError(result) != 0) Fail(Explain(result));
    in_frame_ = result != 0;
    hint_ = in_frame_ ? result : kBlockHeader + 1;
    pending_output_ = in_frame_ && target.pos == target.size;
    return target.pos;
  }

 private:
  static std::string Explain(size_t result) {
    std::string why = ZSTD_getErrorName(result);
    if (why.find("too much memory") != std::string::npos) {
      why +=
          "; it was made with a window above 128 MiB (zstd --long=28 or more): decompress it "
          "first";
    }
    return why;
  }

  ZSTD_DStream* stream_;
  size_t hint_ = 0;
  bool in_frame_ = true;
  bool pending_output_ = false;
};

}  // namespace

Compression CompressionFromMagic(std::string_view first_bytes) {
  if (first_bytes.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  // A skippable frame may come first: 0x184D2A50 to 0x184D2A5F, little endian.
  if (first_bytes.size() >= 4 && (first_bytes[0] & 0xf0) == 0x50 &&
      first_bytes.substr(1, 3) == "\x2a\x4d\x18") {
    return Compression::kZstd;
  }
  return Compression::kNone;
}

std::unique_ptr<ByteSource> MakeDecompressor(Compression compression,
                                             std::unique_ptr<ByteSource> compressed,
                                             const std::string& name,
                                             const DecompressLimits& limits) {
  CHECK(compression != Compression::kNone);
  if (compression == Compression::kGzip) {
    return std::make_unique<GzipSource>(std::move(compressed), name, limits);
  }
  return std::make_unique<ZstdSource>(std::move(compressed), name, limits);
}

}  // namespace rowmill
