#include "engine/journal_format.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "base/little_endian.h"

namespace rowmill {
namespace {

constexpr std::string_view kMagic = "RMJOURNL";

}  // namespace

std::vector<std::byte> EncodeJournalHeader(uint64_t identity) {
  std::vector<std::byte> header;
  for (const char c : kMagic) header.push_back(static_cast<std::byte>(c));
  AppendLittle32(header, kJournalVersion);
  AppendLittle64(header, identity);
  AppendLittle32(header, Crc32c(header));
  return header;
}

std::optional<JournalHeader> DecodeJournalHeader(std::span<const std::byte> bytes) {
  if (bytes.size() < kJournalHeaderBytes) return std::nullopt;
  const std::span<const std::byte> magic = AsBytes(kMagic);
  if (!std::equal(magic.begin(), magic.end(), bytes.begin())) return std::nullopt;
  if (LoadLittle32(bytes.subspan(20)) != Crc32c(bytes.first(20))) return std::nullopt;
  return JournalHeader{LoadLittle32(bytes.subspan(8)), LoadLittle64(bytes.subspan(12))};
}

uint32_t JournalCrcSeed(uint64_t identity) {
  std::vector<std::byte> bytes;
  AppendLittle64(bytes, identity);
  return Crc32c(bytes);
}

JournalFrame DecodeJournalFrame(std::span<const std::byte> bytes) {
  return {LoadLittle32(bytes), static_cast<uint8_t>(bytes[4]), LoadLittle64(bytes.subspan(5))};
}

JournalRecordWriter::JournalRecordWriter(std::vector<std::byte>& out, JournalRecordType type,
                                         uint64_t sequence)
    : out_(out), begin_(out.size()) {
  AppendLittle32(out_, 0);  // End fills it in.
  out_.push_back(static_cast<std::byte>(type));
  AppendLittle64(out_, sequence);
}

void JournalRecordWriter::End(uint32_t crc_seed) {
  const size_t length = out_.size() - begin_ - kJournalFrameBytes;
  CHECK(length <= kMaxJournalPayloadBytes);
  for (size_t i = 0; i < 4; ++i) out_[begin_ + i] = static_cast<std::byte>(length >> (8 * i));
  AppendLittle32(out_, Crc32c(std::span<const std::byte>(out_).subspan(begin_), crc_seed));
}

}  // namespace rowmill
