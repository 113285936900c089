#include "data/input_stream.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"

namespace rowmill {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr size_t kMaxPeek = 4096;

// The first bytes of a stream, and the stream as it was before they were read.
std::string ReadAhead(std::unique_ptr<ByteSource>& source, size_t count) {
  std::string bytes(count, '\0');
  size_t done = 0;
  while (done < count) {
    const size_t got =
        source->Read({reinterpret_cast<std::byte*>(bytes.data()) + done, count - done});
    if (got == 0) break;
    done += got;
  }
  bytes.resize(done);
  source = std::make_unique<PrefixByteSource>(bytes, std::move(source));
  return bytes;
}

std::string_view CompressionWord(Compression compression) {
  return compression == Compression::kGzip ? "gzip" : "zstd";
}

// A suffix that promises compression must be right: half a download or an error page with that name
// is better refused than read. A compressed stream without the suffix is simply decompressed.
Compression DecideCompression(const std::string& path, const std::string& name,
                              std::string_view first_bytes) {
  const Compression by_magic = CompressionFromMagic(first_bytes);
  const Compression by_suffix = CompressionFromPath(path);
  if (by_suffix == Compression::kNone || by_suffix == by_magic) return by_magic;
  if (first_bytes.empty()) return by_suffix;  // Its reader says that it ends early.
  throw DataError(name + " is named as " + std::string(CompressionWord(by_suffix)) +
                  " but its first bytes are not; " +
                  (by_magic == Compression::kNone
                       ? "rename it where it is plain, or fetch it again"
                       : "it is " + std::string(CompressionWord(by_magic)) + ": rename it"));
}

struct Magic {
  std::string_view bytes;
  std::string_view what;
};

bool IsTextControl(char c) { return c == '\t' || c == '\n' || c == '\r'; }

// Files that people hand over by mistake, told by their first bytes.
void RefuseForeignFormats(std::string_view first, const std::string& name) {
  constexpr std::string_view kUtf16Hint =
      "; convert it:  iconv -f UTF-16 -t UTF-8 in > out  (or save it as UTF-8 or CSV UTF-8)";
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(first[i]); };
  if (first.starts_with("\xff\xfe") || first.starts_with("\xfe\xff")) {
    throw DataError(name + " is UTF-16 or UTF-32 (it starts with that byte order mark)" +
                    std::string(kUtf16Hint));
  }
  if (first.size() >= 4) {
    const bool little = byte(0) != 0 && byte(1) == 0 && byte(2) != 0 && byte(3) == 0;
    const bool big = byte(0) == 0 && byte(1) != 0 && byte(2) == 0 && byte(3) != 0;
    if (little || big) {
      throw DataError(name + " looks like UTF-16 without a byte order mark" +
                      std::string(kUtf16Hint));
    }
  }
  constexpr std::array<Magic, 8> kForeign = {{{"PAR1", "a Parquet file"},
                                              {"ARROW1", "an Arrow file"},
                                              {"PK\x03\x04", "a ZIP archive (.xlsx is one)"},
                                              {"\xd0\xcf\x11\xe0", "an old Office file (.xls)"},
                                              {"%PDF-", "a PDF document"},
                                              {"SQLite format 3", "an SQLite database"},
                                              {"BZh", "a bzip2 stream"},
                                              {"\xfd"
                                               "7zXZ",
                                               "an xz stream"}}};
  // "PAR1" may be the name of a column; all of these formats go on with bytes that no text has.
  const bool is_binary = std::any_of(first.begin(), first.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || (c >= 0 && c < 0x20 && !IsTextControl(c));
  });
  if (!is_binary) return;
  for (const Magic& magic : kForeign) {
    if (!first.starts_with(magic.bytes)) continue;
    throw DataError(
        name + " is " + std::string(magic.what) +
        "; Rowmill reads JSONL, CSV, TSV and text lines, plain or with gzip or zstd, and "
        "Parquet under the name of .parquet: convert or rename it first");
  }
}

}  // namespace

namespace {

// The list of files, which is kept in the spool file where there is one: a data set of millions of
// files does not stay in memory.
std::unique_ptr<InputStream> OpenFileList(FileSystem& fs, const InputOptions& options) {
  const std::string name = "'" + options.path + "'";
  std::string list = ListFilesAsJsonl(fs, options.files);
  if (options.spool_path.empty()) {
    return std::make_unique<InputStream>(std::make_unique<TextByteSource>(std::move(list)), name);
  }
  fs.Open(options.spool_path, OpenMode::kTruncate)->WriteAt(0, AsBytes(list));
  return std::make_unique<InputStream>(std::make_unique<FileByteSource>(fs, options.spool_path),
                                       name);
}

}  // namespace

std::unique_ptr<InputStream> InputStream::Open(FileSystem& fs, const InputOptions& options) {
  if (!options.files.patterns.empty()) return OpenFileList(fs, options);
  if (options.open_bytes) {
    return std::make_unique<InputStream>(options.open_bytes(), options.path == "-"
                                                                   ? std::string("the table")
                                                                   : "'" + options.path + "'");
  }
  std::unique_ptr<ByteSource> source;
  std::optional<FileInfo> info;
  const std::string name = options.path == "-" ? "standard input" : "'" + options.path + "'";
  if (options.path == "-") {
    source = std::make_unique<DescriptorByteSource>(
        STDIN_FILENO, DescriptorByteSource::Ownership::kBorrowed, name, options.stop_requested);
  } else {
    if (!fs.Exists(options.path)) throw UsageError("there is no file " + name);
    const FileInfo::Kind kind = fs.Info(options.path).kind;
    if (kind == FileInfo::Kind::kFolder) {
      throw UsageError(name + " is a folder; give a file of rows");
    }
    if (kind == FileInfo::Kind::kRegular) {
      auto file = std::make_unique<FileByteSource>(fs, options.path);
      info = file->info();
      source = std::move(file);
    } else {
      source = DescriptorByteSource::Open(options.path, options.stop_requested);
    }
  }
  const std::string first_bytes = ReadAhead(source, 4);
  const Compression compression = DecideCompression(options.path, name, first_bytes);
  if (compression != Compression::kNone) {
    source = MakeDecompressor(compression, std::move(source), name, options.decompress);
  }
  const bool repeatable = info.has_value();
  const bool spooled =
      !options.spool_path.empty() && (!repeatable || compression != Compression::kNone);
  if (spooled) {
    source = std::make_unique<SpoolingByteSource>(std::move(source),
                                                  fs.Open(options.spool_path, OpenMode::kTruncate));
  }
  auto stream = std::make_unique<InputStream>(std::move(source), name);
  stream->file_info_ = info;
  stream->can_rewind_ = repeatable || spooled;
  stream->spooled_ = spooled;
  return stream;
}

InputStream::InputStream(std::unique_ptr<ByteSource> source, std::string name)
    : source_(std::move(source)),
      name_(std::move(name)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {
  SkipByteOrderMark();
}

void InputStream::SkipByteOrderMark() {
  // No more than these bytes: how many lie behind them depends on how the stream came in pieces.
  constexpr size_t kLookAt = 32;
  const std::string_view first = PeekAtLeast(kLookAt).substr(0, kLookAt);
  RefuseForeignFormats(first, name_);
  if (first.starts_with("\xef\xbb\xbf")) Consume(3);
}

void InputStream::Fill() {
  if (at_end_) return;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  try {
    const size_t count =
        source_->Read({reinterpret_cast<std::byte*>(buffer_.get()) + end_, kBufferBytes - end_});
    at_end_ = count == 0;
    end_ += count;
  } catch (const DataError& error) {
    at_end_ = true;
    damage_ = error.what();
  }
}

std::string_view InputStream::Peek() {
  if (begin_ == end_) Fill();
  return {buffer_.get() + begin_, end_ - begin_};
}

std::string_view InputStream::PeekAtLeast(size_t count) {
  CHECK(count <= kMaxPeek);
  while (end_ - begin_ < count && !at_end_) Fill();
  return {buffer_.get() + begin_, end_ - begin_};
}

void InputStream::Consume(size_t count) {
  DCHECK(count <= end_ - begin_);
  begin_ += count;
  offset_ += count;
}

void InputStream::Rewind() {
  CHECK(can_rewind_);
  CHECK(source_->Rewind());
  begin_ = end_ = 0;
  offset_ = 0;
  at_end_ = false;
  damage_.reset();
  SkipByteOrderMark();
}

}  // namespace rowmill
