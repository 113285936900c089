// Reads the header of a GGUF file: metadata, then tensor descriptions, then the layout of the data.
//
// Rules, all of them checked before anything of the claimed size is allocated:
//   - version 2 or 3, little-endian; version 1 (32-bit counts) and big-endian files are refused by
//   name;
//   - at most 65,536 metadata keys and 65,536 tensors, and no more than the bytes left can hold;
//   - keys: 1..65,535 bytes of printable ASCII, unique; the metadata ends within 512 MiB;
//   - arrays: at most 4 Mi elements each, and 4 Mi in all of types of one or two bytes, because
//   those
//     grow to eight in memory; arrays of arrays are refused, as ggml does; a bool is 0 or 1;
//   - general.alignment is a u32 power of two up to 1 MiB, by default 32;
//   - tensor names: 1..64 bytes without control characters, unique; 1..4 dimensions, each positive;
//   the
//     product and the byte count fit 63 bits; rows are whole blocks;
//   - offsets are multiples of the alignment; tensors lie inside the file and do not overlap, in
//   any
//     order and with any gaps. ggml wants them exactly consecutive; nothing here depends on that.
// The last tensor's padding may be missing. A file of several shards (split.count) is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/gguf.h"
#include "formats/name_index.h"
#include "tensor/tensor_view.h"

namespace rowmill {

struct GgufContents {
  uint32_t version = 0;
  uint64_t alignment = 0;
  uint64_t trailing_bytes = 0;
  std::vector<std::pair<std::string_view, GgufValue>> metadata;
  std::vector<TensorView> tensors;
  NameIndex metadata_index;
  NameIndex tensor_index;
};

// Throws ModelError. The result points into `bytes`; `file_name` is for error texts.
GgufContents ParseGguf(std::span<const std::byte> bytes, std::string_view file_name);

}  // namespace rowmill
