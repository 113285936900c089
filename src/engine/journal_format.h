// The bytes of a journal (engine/journal.h): a header, then records one after the other, all
// numbers little-endian.
//
//   header   "RMJOURNL"  u32 version  u64 identity  u32 crc32c            24 bytes
//   record   u32 length  u8 type  u64 sequence  payload[length]  u32 crc32c
//
//   kStarted   u64 row, again and again      rows that a unit has taken up
//   kRow       u64 row, result bytes
//   kNote      bytes
//   kSynced    u64 end                       every byte before `end` had been synced when this was
//   written
//
// Sequence numbers start at 1 and grow by 1, over all types. A record's checksum covers everything
// before it and is seeded with the identity of the job, so that neither a record of another job nor
// bytes in a row's result that look like a record are ever taken for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace rowmill {

enum class JournalRecordType : uint8_t { kStarted = 1, kRow = 2, kNote = 3, kSynced = 4 };

inline constexpr uint64_t kJournalHeaderBytes = 24;
inline constexpr uint64_t kJournalFrameBytes = 13;  // of a record, before its payload
inline constexpr uint64_t kJournalCrcBytes = 4;
inline constexpr uint64_t kJournalOverheadBytes = kJournalFrameBytes + kJournalCrcBytes;
// Far above any result (token limits bound it), far below what a damaged length could ask for.
inline constexpr uint64_t kMaxJournalPayloadBytes = uint64_t{1} << 28;
inline constexpr uint64_t kSyncedRecordBytes = kJournalOverheadBytes + 8;

struct JournalFrame {
  uint32_t length = 0;  // of the payload
  uint8_t type = 0;     // may be none of JournalRecordType
  uint64_t sequence = 0;

  // Of the whole record.
  uint64_t size() const { return kJournalOverheadBytes + length; }
};

std::vector<std::byte> EncodeJournalHeader(uint64_t identity);

struct JournalHeader {
  uint32_t version = 0;
  uint64_t identity = 0;
};
inline constexpr uint32_t kJournalVersion = 1;
// Nothing where the magic or the checksum is wrong.
std::optional<JournalHeader> DecodeJournalHeader(std::span<const std::byte> bytes);

// What the checksums of a job's records start from.
uint32_t JournalCrcSeed(uint64_t identity);

// Reads a frame from its kJournalFrameBytes bytes. Any bytes give some frame; nothing is checked.
JournalFrame DecodeJournalFrame(std::span<const std::byte> bytes);

// Writes one record to the end of a buffer: Begin, then the payload by the caller, then End, which
// fills in the length and adds the checksum.
class JournalRecordWriter {
 public:
  JournalRecordWriter(std::vector<std::byte>& out, JournalRecordType type, uint64_t sequence);
  // CHECKs that the payload is at most kMaxJournalPayloadBytes.
  void End(uint32_t crc_seed);

 private:
  std::vector<std::byte>& out_;
  size_t begin_;
};

}  // namespace rowmill
