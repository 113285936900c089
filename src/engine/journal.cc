#include "engine/journal.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/little_endian.h"

namespace rowmill {
namespace {

constexpr size_t kWindowBytes = size_t{1} << 16;
// The first read of ReadRow: most results fit, so most rows cost one call.
constexpr size_t kFirstReadBytes = 512;

std::string AtByte(const std::string& path, uint64_t offset) {
  return "'" + path + "', byte " + std::to_string(offset);
}

bool HasGoodCrc(std::span<const std::byte> record, uint32_t crc_seed) {
  const size_t covered = record.size() - kJournalCrcBytes;
  return LoadLittle32(record.subspan(covered)) == Crc32c(record.first(covered), crc_seed);
}

}  // namespace

// Walks over a journal's bytes through one window, so that memory does not depend on its size.
class JournalReader {
 public:
  struct Record {
    JournalFrame frame;
    std::span<const std::byte> payload;  // valid until the next call
  };

  JournalReader(File& file, uint64_t file_size, uint32_t crc_seed)
      : file_(file),
        file_size_(file_size),
        crc_seed_(crc_seed),
        window_(static_cast<size_t>(std::min<uint64_t>(kWindowBytes, file_size))) {}

  uint64_t file_size() const { return file_size_; }

  // `size` bytes at `offset`, fewer at the end of the file; valid until the next call.
  std::span<const std::byte> View(uint64_t offset, size_t size) {
    if (offset >= file_size_) return {};
    size = static_cast<size_t>(std::min<uint64_t>(size, file_size_ - offset));
    if (offset < begin_ || offset - begin_ > filled_ || filled_ - (offset - begin_) < size) {
      if (window_.size() < size) window_.resize(size);
      begin_ = offset;
      filled_ = file_.ReadAt(offset, window_);
    }
    const auto start = static_cast<size_t>(offset - begin_);
    return std::span<const std::byte>(window_).subspan(start, std::min(size, filled_ - start));
  }

  // The record at `offset`, or nothing where its checksum is wrong or the file ends before it does.
  std::optional<Record> ReadRecord(uint64_t offset) {
    if (offset > file_size_ || file_size_ - offset < kJournalOverheadBytes) return std::nullopt;
    const std::span<const std::byte> head = View(offset, kJournalFrameBytes);
    if (head.size() < kJournalFrameBytes) return std::nullopt;
    const JournalFrame frame = DecodeJournalFrame(head);
    if (frame.length > kMaxJournalPayloadBytes || frame.size() > file_size_ - offset) {
      return std::nullopt;
    }
    // A damaged length must not make the window large, so long records are proven in pieces first.
    if (frame.size() > kWindowBytes && !LongRecordIsGood(offset, frame)) return std::nullopt;
    const std::span<const std::byte> record = View(offset, frame.size());
    if (record.size() < frame.size() || !HasGoodCrc(record, crc_seed_)) return std::nullopt;
    return Record{frame, record.subspan(kJournalFrameBytes, frame.length)};
  }

  // The largest end that a good kSynced record after `offset` proves, 0 where there is none. One
  // pass over the rest of the file at every byte, as the damage may have hidden where records
  // begin.
  uint64_t FindSyncProof(uint64_t offset, uint64_t last_sequence) {
    std::vector<std::byte> prefix;
    AppendLittle32(prefix, kSyncedRecordBytes - kJournalOverheadBytes);
    prefix.push_back(static_cast<std::byte>(JournalRecordType::kSynced));
    uint64_t proven = 0;
    while (true) {
      const std::span<const std::byte> view = View(offset, kWindowBytes);
      if (view.size() < kSyncedRecordBytes) return proven;
      auto found = view.begin();
      while (true) {
        found = std::search(found, view.end(), prefix.begin(), prefix.end());
        const auto start = static_cast<size_t>(found - view.begin());
        if (view.size() - start < kSyncedRecordBytes) break;
        proven = std::max(proven, ProvenEnd(view.subspan(start, kSyncedRecordBytes), offset + start,
                                            last_sequence));
        ++found;
      }
      // The last bytes of the window may begin a record that ends after it.
      offset += view.size() - kSyncedRecordBytes + 1;
    }
  }

 private:
  bool LongRecordIsGood(uint64_t offset, const JournalFrame& frame) {
    uint64_t left = frame.size() - kJournalCrcBytes;
    uint32_t crc = crc_seed_;
    while (left > 0) {
      const std::span<const std::byte> piece =
          View(offset, static_cast<size_t>(std::min<uint64_t>(left, kWindowBytes)));
      if (piece.empty()) return false;
      crc = Crc32c(piece, crc);
      offset += piece.size();
      left -= piece.size();
    }
    const std::span<const std::byte> stored = View(offset, kJournalCrcBytes);
    return stored.size() == kJournalCrcBytes && LoadLittle32(stored) == crc;
  }

  uint64_t ProvenEnd(std::span<const std::byte> bytes, uint64_t offset,
                     uint64_t last_sequence) const {
    const JournalFrame frame = DecodeJournalFrame(bytes);
    if (frame.sequence <= last_sequence || !HasGoodCrc(bytes, crc_seed_)) return 0;
    const uint64_t end = LoadLittle64(bytes.subspan(kJournalFrameBytes));
    return end <= offset ? end : 0;
  }

  File& file_;
  uint64_t file_size_;
  uint32_t crc_seed_;
  std::vector<std::byte> window_;
  uint64_t begin_ = 0;  // file offset of the window
  size_t filled_ = 0;
};

Journal::Journal(std::unique_ptr<File> file, const std::string& path, uint64_t identity)
    : file_(std::move(file)), path_(path), crc_seed_(JournalCrcSeed(identity)) {}

Journal::~Journal() = default;

std::unique_ptr<Journal> Journal::Open(FileSystem& file_system, const std::string& path,
                                       uint64_t identity, JournalVisitor& visitor) {
  std::unique_ptr<Journal> journal(
      new Journal(file_system.Open(path, OpenMode::kReadWrite), path, identity));
  JournalReader reader(*journal->file_, journal->file_->Info().size, journal->crc_seed_);
  const std::optional<JournalHeader> header =
      DecodeJournalHeader(reader.View(0, kJournalHeaderBytes));
  if (!header.has_value()) {
    // The header is synced before the first record, so a bad one without proof of a sync is that of
    // a journal whose creation was cut.
    if (reader.FindSyncProof(0, 0) > 0) {
      throw DataError("the journal of this job is damaged at its beginning (" + AtByte(path, 0) +
                      "); its finished rows cannot be trusted: start over with --force-new");
    }
    journal->replay_.num_dropped_bytes = reader.file_size();
    journal->CreateHeader(file_system, identity);
    return journal;
  }
  if (header->version != kJournalVersion) {
    throw DataError("'" + path + "' was written by another version of Rowmill (journal version " +
                    std::to_string(header->version) + ", this one reads " +
                    std::to_string(kJournalVersion) +
                    "): finish the job with that version or start over with --force-new");
  }
  if (header->identity != identity) {
    throw DataError("'" + path +
                    "' is the journal of another job: start over with --force-new, or put the "
                    "folder back as it was");
  }
  journal->ReplayRecords(reader, visitor);
  journal->CutTail();
  // What a failing sync here must not cut off: bytes that an earlier run has proven to be stored.
  journal->synced_end_ = std::max(journal->proven_end_, kJournalHeaderBytes);
  // kill -9 leaves records in the page cache only. Without this sync the next proof would cover
  // bytes that no sync had covered. The folder too: the journal's own name may be as young.
  file_system.SyncFolder(ParentFolder(path));
  journal->Sync();
  return journal;
}

void Journal::CreateHeader(FileSystem& file_system, uint64_t identity) {
  file_->Truncate(0);
  const std::vector<std::byte> header = EncodeJournalHeader(identity);
  file_->WriteAt(0, header);
  end_ = header.size();
  Sync();
  file_system.SyncFolder(ParentFolder(path_));
}

void Journal::ReplayRecords(JournalReader& reader, JournalVisitor& visitor) {
  end_ = kJournalHeaderBytes;
  while (end_ < reader.file_size()) {
    const std::optional<JournalReader::Record> record = reader.ReadRecord(end_);
    if (!record.has_value() || record->frame.sequence != next_sequence_) {
      if (reader.FindSyncProof(end_, next_sequence_ - 1) > end_) {
        throw DataError("the journal of this job is damaged in the middle (" + AtByte(path_, end_) +
                        "): these bytes had been stored safely and have changed since, and rows "
                        "after them cannot be trusted; restore the file, or start over with "
                        "--force-new");
      }
      replay_.num_dropped_bytes = reader.file_size() - end_;
      return;
    }
    Visit(record->frame, record->payload, visitor);
    const auto type = static_cast<JournalRecordType>(record->frame.type);
    if (type == JournalRecordType::kSynced) proven_end_ = LoadLittle64(record->payload);
    if (type != JournalRecordType::kSynced) ++replay_.num_records;
    if (type == JournalRecordType::kRow) ++replay_.num_rows;
    ++next_sequence_;
    end_ += record->frame.size();
  }
}

// The checksum is right, so a payload that makes no sense was written so, by another version.
void Journal::Visit(const JournalFrame& frame, std::span<const std::byte> payload,
                    JournalVisitor& visitor) {
  switch (static_cast<JournalRecordType>(frame.type)) {
    case JournalRecordType::kStarted:
      if (payload.size() % 8 != 0) break;
      rows_.clear();
      for (size_t i = 0; i < payload.size(); i += 8) {
        rows_.push_back(LoadLittle64(payload.subspan(i)));
      }
      visitor.OnStarted(rows_);
      return;
    case JournalRecordType::kRow:
      if (payload.size() < 8) break;
      visitor.OnRow(LoadLittle64(payload), end_, payload.subspan(8));
      return;
    case JournalRecordType::kNote:
      visitor.OnNote(payload);
      return;
    case JournalRecordType::kSynced:
      if (payload.size() != 8 || LoadLittle64(payload) > end_) break;
      return;
  }
  throw DataError(
      "the journal holds a record that this version of Rowmill does not know (" +
      AtByte(path_, end_) + ", type " + std::to_string(frame.type) +
      "): finish the job with the version that wrote it or start over with --force-new");
}

void Journal::CutTail() {
  if (replay_.num_dropped_bytes > 0) file_->Truncate(end_);
}

void Journal::EncodeSyncProof() {
  JournalRecordWriter writer(buffer_, JournalRecordType::kSynced, next_sequence_++);
  AppendLittle64(buffer_, synced_end_);
  writer.End(crc_seed_);
}

void Journal::EncodeRecord(const JournalRecord& record) {
  CHECK(record.type != JournalRecordType::kSynced);  // A proof is the journal's own.
  JournalRecordWriter writer(buffer_, record.type, next_sequence_++);
  switch (record.type) {
    case JournalRecordType::kStarted:
      for (const uint64_t row : record.rows) AppendLittle64(buffer_, row);
      break;
    case JournalRecordType::kRow:
      AppendLittle64(buffer_, record.row);
      buffer_.insert(buffer_.end(), record.bytes.begin(), record.bytes.end());
      ++num_unsynced_rows_;
      break;
    case JournalRecordType::kNote:
      buffer_.insert(buffer_.end(), record.bytes.begin(), record.bytes.end());
      break;
    case JournalRecordType::kSynced:
      break;
  }
  writer.End(crc_seed_);
}

std::vector<uint64_t> Journal::Append(std::span<const JournalRecord> records) {
  CHECK(file_ != nullptr);
  if (failed_) {
    throw IoError("'" + path_ +
                  "' takes no further rows, as writing or syncing it has failed before: run the "
                  "same command again to go on from what is stored");
  }
  std::vector<uint64_t> offsets;
  if (records.empty()) return offsets;
  offsets.reserve(records.size());
  // From here on a failure, of memory too, leaves sequence numbers used up that are not in the
  // file.
  failed_ = true;
  buffer_.clear();
  if (synced_end_ > proven_end_) EncodeSyncProof();
  for (const JournalRecord& record : records) {
    offsets.push_back(end_ + buffer_.size());
    EncodeRecord(record);
  }
  WriteBuffer();
  proven_end_ = synced_end_;
  failed_ = false;
  return offsets;
}

void Journal::WriteBuffer() {
  file_->WriteAt(end_, buffer_);
  end_ += buffer_.size();
}

bool Journal::MaybeSync(std::chrono::steady_clock::time_point now) {
  if (!last_sync_.has_value()) last_sync_ = now;
  const bool has_unsynced = end_ > synced_end_;
  if (!has_unsynced) return false;
  if (num_unsynced_rows_ < kSyncRows && now - *last_sync_ < kSyncInterval) return false;
  Sync();
  last_sync_ = now;
  return true;
}

void Journal::Sync() {
  CHECK(file_ != nullptr);
  if (failed_) {
    throw IoError("'" + path_ +
                  "' is not synced again, as writing or syncing it has failed before");
  }
  failed_ = true;
  try {
    file_->Sync();
  } catch (const IoError& error) {
    try {
      file_->Truncate(synced_end_);
    } catch (const IoError&) {
      // The failed sync is what the user has to know.
    }
    throw IoError(std::string(error.what()) +
                  "; rows finished since the last sync will be done again: run the same command "
                  "again to go on");
  }
  failed_ = false;
  synced_end_ = end_;
  num_unsynced_rows_ = 0;
}

JournalRow Journal::ReadRow(uint64_t offset, std::vector<std::byte>& buffer) const {
  CHECK(file_ != nullptr);
  if (buffer.size() < kFirstReadBytes) buffer.resize(kFirstReadBytes);
  size_t count = file_->ReadAt(offset, buffer);
  std::span<const std::byte> bytes = std::span<const std::byte>(buffer).first(count);
  if (count >= kJournalOverheadBytes) {
    const JournalFrame frame = DecodeJournalFrame(bytes);
    const bool in_file =
        frame.length <= kMaxJournalPayloadBytes && offset <= end_ && frame.size() <= end_ - offset;
    if (in_file && frame.size() > count) {
      buffer.resize(frame.size());
      count += file_->ReadAt(offset + count, std::span<std::byte>(buffer).subspan(count));
      bytes = std::span<const std::byte>(buffer).first(count);
    }
    if (in_file && count >= frame.size() && frame.length >= 8 &&
        frame.type == static_cast<uint8_t>(JournalRecordType::kRow) &&
        HasGoodCrc(bytes.first(frame.size()), crc_seed_)) {
      const std::span<const std::byte> payload = bytes.subspan(kJournalFrameBytes, frame.length);
      return {LoadLittle64(payload), payload.subspan(8)};
    }
  }
  throw DataError("the journal of this job has changed since it was written (" +
                  AtByte(path_, offset) + "): check the disk; start over with --force-new");
}

void Journal::Close() {
  CHECK(file_ != nullptr);
  if (!failed_) {
    if (end_ > synced_end_) Sync();
    if (synced_end_ > proven_end_) {
      failed_ = true;
      buffer_.clear();
      EncodeSyncProof();
      WriteBuffer();
      proven_end_ = synced_end_;
    }
  }
  failed_ = true;
  file_->Close();
  file_.reset();
}

}  // namespace rowmill
