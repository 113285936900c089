// The journal of a job: an append-only file of finished rows. It is what makes a job survive kill
// -9, power loss and a full disk. The output is rendered from it in row order at the end.
//
// What it is not: it knows nothing of columns (a result is opaque bytes), decides nothing about
// rows, and holds no results in memory; replay and rendering stream. The bytes are in
// journal_format.h.
//
// What survives what:
// - Every Append is one write at once, so kill -9 loses nothing that was appended. A write that was
//   cut is a torn tail and is cut back at the next Open.
// - Power loss loses at most what came after the last sync: one second or 1,024 rows.
// - Damage to bytes that had been synced is refused (DataError), never repaired in silence.
//
// How a torn tail is told from damage. Good records after a bad one are not enough: unsynced writes
// reach the disk in any order, so power loss alone can leave a hole with good records behind it. So
// the first append after each sync carries a kSynced record, "everything before byte E was synced".
// A bad record at byte B with a good kSynced of E > B after it is damage. Without one it lies after
// the last proven sync, where damage and power loss look the same: it is cut off, and its rows are
// done again, which gives the same bytes. Close() proves the last sync too, so after an orderly
// stop only that last proof itself (25 bytes that hold no row) can be lost without a refusal.
//
// Not thread-safe: one thread owns a journal.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "engine/journal_format.h"

namespace rowmill {

// One record to append. The spans must live until Append returns.
struct JournalRecord {
  JournalRecordType type = JournalRecordType::kNote;
  uint64_t row = 0;                  // kRow
  std::span<const uint64_t> rows;    // kStarted
  std::span<const std::byte> bytes;  // kRow: the result; kNote: anything

  static JournalRecord Started(std::span<const uint64_t> rows) {
    return {JournalRecordType::kStarted, 0, rows, {}};
  }
  static JournalRecord Row(uint64_t row, std::span<const std::byte> result) {
    return {JournalRecordType::kRow, row, {}, result};
  }
  static JournalRecord Note(std::span<const std::byte> bytes) {
    return {JournalRecordType::kNote, 0, {}, bytes};
  }
};

// Receives the good records of a journal in the order in which they were appended. Spans are valid
// during the call only.
class JournalVisitor {
 public:
  virtual ~JournalVisitor() = default;
  virtual void OnStarted(std::span<const uint64_t> /*rows*/) {}
  // `offset` is what ReadRow takes.
  virtual void OnRow(uint64_t row, uint64_t offset, std::span<const std::byte> result) = 0;
  virtual void OnNote(std::span<const std::byte> /*bytes*/) {}
};

struct JournalReplay {
  uint64_t num_records = 0;        // handed to the visitor
  uint64_t num_rows = 0;           // kRow records among them
  uint64_t num_dropped_bytes = 0;  // of a torn tail
};

struct JournalRow {
  uint64_t row = 0;
  std::span<const std::byte> result;
};

class JournalReader;

class Journal {
 public:
  static constexpr std::chrono::seconds kSyncInterval{1};
  static constexpr uint64_t kSyncRows = 1024;

  // Opens the journal of the job `identity`, creating it (name and header synced) where it is
  // missing, replays it into the visitor, cuts a torn tail off and syncs what is left. Memory does
  // not depend on the number of records. Throws DataError where synced bytes are damaged (the file
  // is left as it is; what the visitor has got by then must be thrown away), where the journal is
  // that of another job or of another version; IoError.
  static std::unique_ptr<Journal> Open(FileSystem& file_system, const std::string& path,
                                       uint64_t identity, JournalVisitor& visitor);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const JournalReplay& replay() const { return replay_; }

  // Appends the records by one write and returns the offset of each, which ReadRow takes. Throws
  // IoError; after that, and after a failed sync, the journal takes no further record.
  std::vector<uint64_t> Append(std::span<const JournalRecord> records);

  // Syncs where the last sync is kSyncInterval old or kSyncRows rows were appended since; true
  // where it did. `now` is passed in so that a test needs no waiting; the first call starts the
  // clock.
  bool MaybeSync(std::chrono::steady_clock::time_point now);

  // Makes everything appended durable. A failed sync is never tried again, since the kernel may
  // have dropped the pages and would report success (wiki.postgresql.org/wiki/Fsync_Errors):
  // IoError, the journal is closed to further records, and what was not synced is cut off, so that
  // the next run does not trust bytes that the page cache still shows but the disk may not have.
  void Sync();

  // Reads one row again, for rendering. The result lies in `buffer`, which grows as needed. Throws
  // DataError where the bytes at `offset` have changed since they were written.
  JournalRow ReadRow(uint64_t offset, std::vector<std::byte>& buffer) const;

  // Orderly end: syncs, proves the sync, closes. After a failure it only closes.
  void Close();

  // The size of the file.
  uint64_t num_bytes() const { return end_; }
  // Bytes that a power loss cannot take.
  uint64_t num_synced_bytes() const { return synced_end_; }

 private:
  Journal(std::unique_ptr<File> file, const std::string& path, uint64_t identity);

  void CreateHeader(FileSystem& file_system, uint64_t identity);
  void ReplayRecords(JournalReader& reader, JournalVisitor& visitor);
  void Visit(const JournalFrame& frame, std::span<const std::byte> payload,
             JournalVisitor& visitor);
  void CutTail();
  void EncodeSyncProof();
  void EncodeRecord(const JournalRecord& record);
  void WriteBuffer();

  std::unique_ptr<File> file_;
  std::string path_;
  uint32_t crc_seed_;
  uint64_t end_ = 0;         // where the next record goes
  uint64_t synced_end_ = 0;  // bytes before it are durable
  uint64_t proven_end_ = 0;  // the newest kSynced record says so of bytes before it
  uint64_t next_sequence_ = 1;
  uint64_t num_unsynced_rows_ = 0;
  std::optional<std::chrono::steady_clock::time_point> last_sync_;
  bool failed_ = false;
  JournalReplay replay_;
  std::vector<std::byte> buffer_;  // of Append, kept for its capacity
  std::vector<uint64_t> rows_;     // of Visit, kept for its capacity
};

}  // namespace rowmill
