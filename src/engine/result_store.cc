#include "engine/result_store.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/little_endian.h"

namespace rowmill {
namespace {

constexpr size_t kDigestBytes = 16;

void AppendLittleEndian(std::vector<std::byte>& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

uint64_t ReadLittleEndian(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  return value;
}

}  // namespace

// Fills the map while the journal is replayed, and tells rows that were begun from rows that were
// finished.
class ResultStore::Replay final : public JournalVisitor {
 public:
  Replay(ResultStore& store, const std::string& folder)
      : store_(store), begun_(MappedArray<uint8_t>::InFolder(folder)) {}

  void OnStarted(std::span<const uint64_t> rows) override {
    for (uint64_t row : rows) {
      const uint64_t index = row - store_.first_row_;
      if (index >= begun_.size()) begun_.Resize(index + 1);
      begun_[index] = 1;
    }
  }
  void OnRow(uint64_t row, uint64_t offset, std::span<const std::byte>) override {
    if (!store_.Has(row)) ++store_.resumed_rows_;
    store_.SetOffset(row, offset);
  }
  void Finish() {
    for (uint64_t index = 0; index < begun_.size(); ++index) {
      if (begun_[index] != 0 && !store_.Has(store_.first_row_ + index)) ++store_.interrupted_rows_;
    }
  }

 private:
  ResultStore& store_;
  MappedArray<uint8_t> begun_;
};

ResultStore::ResultStore(FileSystem& file_system, const std::string& journal_path,
                         const std::string& folder, uint64_t identity, uint64_t first_row)
    : first_row_(first_row), offsets_(MappedArray<uint64_t>::InFolder(folder)) {
  Replay replay(*this, folder);
  journal_ = Journal::Open(file_system, journal_path, identity, replay);
  replay.Finish();
}

void ResultStore::SetOffset(uint64_t row, uint64_t offset) {
  CHECK(row >= first_row_ && offset != 0);
  const uint64_t index = row - first_row_;
  if (index >= offsets_.size()) offsets_.Resize(index + 1);
  offsets_[index] = offset;
}

ResultStore::Stored ResultStore::Get(uint64_t row) {
  CHECK(Has(row));
  const JournalRow stored = journal_->ReadRow(offsets_[row - first_row_], read_buffer_);
  CHECK(stored.row == row);
  if (stored.result.size() < kDigestBytes)
    throw DataError("the journal's result of a row is too short");
  return {{ReadLittleEndian(stored.result), ReadLittleEndian(stored.result.subspan(8))},
          ParseRowResult(stored.result.subspan(kDigestBytes))};
}

void ResultStore::Put(uint64_t row, const Digest128& prompt, const RowResult& result) {
  std::vector<std::byte> payload;
  AppendLittleEndian(payload, prompt.lo);
  AppendLittleEndian(payload, prompt.hi);
  const std::vector<std::byte> serialized = Serialize(result);
  payload.insert(payload.end(), serialized.begin(), serialized.end());
  queued_.push_back({row, std::move(payload)});
}

void ResultStore::Flush(std::chrono::steady_clock::time_point now) {
  if (!started_.empty() || !queued_.empty()) {
    std::vector<JournalRecord> records;
    if (!started_.empty()) records.push_back(JournalRecord::Started(started_));
    const size_t first = records.size();
    for (const Queued& queued : queued_) {
      records.push_back(JournalRecord::Row(queued.row, queued.payload));
    }
    const std::vector<uint64_t> offsets = journal_->Append(records);
    for (size_t i = 0; i < queued_.size(); ++i) SetOffset(queued_[i].row, offsets[first + i]);
    started_.clear();
    queued_.clear();
  }
  journal_->MaybeSync(now);
}

void ResultStore::Close() { journal_->Close(); }

}  // namespace rowmill
