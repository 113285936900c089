// Decompression of a stream, member after member: gzip (RFC 1952) through zlib, Zstandard frames
// (RFC 8878) through libzstd. A stream that is cut, does not match its checksum, goes on with
// something else or expands beyond the limits ends with DataError that names the compressed byte;
// what was sound before that is delivered first.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "data/byte_source.h"
#include "data/format.h"

namespace rowmill {

// Deflate can reach 1,032 bytes out of one, Zstandard far more. Text that people have compresses to
// a fifth or a twentieth; a stream beyond `max_ratio` holds nothing worth a model's time and would
// fill the disk with its copy.
struct DecompressLimits {
  uint64_t max_ratio = 250;
  // Expansion is looked at beyond this many bytes, so that small repetitive files are welcome.
  uint64_t free_bytes = uint64_t{64} << 20;
};

// What the first bytes of a stream say; four bytes are enough.
Compression CompressionFromMagic(std::string_view first_bytes);

// `name` is the file's name as messages give it. `compression` is not kNone.
std::unique_ptr<ByteSource> MakeDecompressor(Compression compression,
                                             std::unique_ptr<ByteSource> compressed,
                                             const std::string& name,
                                             const DecompressLimits& limits);

}  // namespace rowmill
