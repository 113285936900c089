#include "engine/answer_store.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/little_endian.h"

namespace rowmill {
namespace {

constexpr std::string_view kMagic("rowmill answers\x01", 16);
constexpr std::string_view kSuffix = ".answers";
constexpr std::string_view kPartSuffix = ".part";
// A file that nobody has finished for so long is nobody's: finishing takes seconds.
constexpr std::chrono::hours kAbandoned{24};
constexpr size_t kHeaderBytes = 48;  // of a record
constexpr size_t kKeyOffset = 4;
constexpr size_t kValueCrcOffset = 36;
constexpr size_t kHeaderCrcOffset = 40;
// 4 bytes of the header are not covered by its own sum: the sum itself. The last 4 are zero, so
// that headers are a multiple of 16.
constexpr size_t kSummedHeaderBytes = 40;
constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kWriteBytes = size_t{1} << 20;

bool IsWholeHeader(std::span<const std::byte> header) {
  return Crc32c(header.first(kSummedHeaderBytes)) ==
             LoadLittle32(header.subspan(kHeaderCrcOffset)) &&
         LoadLittle32(header.subspan(kHeaderCrcOffset + 4)) == 0;
}

// Where a key's probe sequence begins; a SHA-256 is as good as random.
uint64_t HashOf(std::span<const uint8_t> key) {
  uint64_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof(hash));
  return hash;
}

}  // namespace

AnswerStore::AnswerStore(FileSystem& file_system, std::string folder,
                         const std::string& scratch_folder)
    : file_system_(file_system),
      folder_(std::move(folder)),
      entries_(MappedArray<Entry>::InFolder(scratch_folder)),
      table_(MappedArray<uint64_t>::InFolder(scratch_folder)) {
  file_system_.CreateFolder(folder_);
  for (const std::string& name : file_system_.List(folder_)) {
    if (name.ends_with(kPartSuffix)) RemoveAbandoned(folder_ + "/" + name);
    if (!name.ends_with(kSuffix)) continue;
    try {
      files_.push_back(file_system_.Open(folder_ + "/" + name, OpenMode::kRead));
    } catch (const IoError&) {
      continue;  // another process has just made one file of many
    }
    names_.push_back(name);
    try {
      ReadKeys(static_cast<uint32_t>(files_.size() - 1));
    } catch (const IoError&) {
      ++num_damaged_;
    }
  }
  BuildTable();
}

void AnswerStore::RemoveAbandoned(const std::string& path) const {
  try {
    const auto age = std::chrono::system_clock::now().time_since_epoch() -
                     std::chrono::nanoseconds(file_system_.Info(path).mtime_ns);
    if (age > kAbandoned) file_system_.Remove(path);
  } catch (const IoError&) {
    // Finished or removed by another process.
  }
}

void AnswerStore::ReadKeys(uint32_t file) {
  const uint64_t size = files_[file]->Info().size;
  std::vector<std::byte> buffer(std::min<uint64_t>(kReadBytes, size));
  uint64_t buffer_begin = 0;
  size_t buffered = files_[file]->ReadAt(0, buffer);
  if (buffered < kMagic.size() || std::memcmp(buffer.data(), kMagic.data(), kMagic.size()) != 0) {
    ++num_damaged_;
    return;
  }
  for (uint64_t offset = kMagic.size(); offset < size;) {
    if (offset + kHeaderBytes > buffer_begin + buffered) {
      buffer_begin = offset;
      buffered = files_[file]->ReadAt(offset, buffer);
    }
    const auto header =
        std::span<const std::byte>(buffer).subspan(static_cast<size_t>(offset - buffer_begin));
    const bool is_whole = offset + kHeaderBytes <= buffer_begin + buffered &&
                          IsWholeHeader(header.first(kHeaderBytes));
    if (!is_whole || LoadLittle32(header) > size - offset - kHeaderBytes) {
      ++num_damaged_;
      return;
    }
    Entry entry;
    std::memcpy(entry.key_begin.data(), header.data() + kKeyOffset, entry.key_begin.size());
    entry.offset = offset;
    entry.file = file;
    entry.value_bytes = LoadLittle32(header);
    entries_.push_back(entry);
    offset += kHeaderBytes + entry.value_bytes;
  }
}

// At most half full, as the table of engine/deduplication.cc. Entries of one key are all in it.
void AnswerStore::BuildTable() {
  table_.Resize(std::bit_ceil(2 * entries_.size() + 2));
  const size_t mask = table_.size() - 1;
  for (uint64_t number = 0; number < entries_.size(); ++number) {
    size_t slot = HashOf(entries_[number].key_begin) & mask;
    while (table_[slot] != 0) slot = (slot + 1) & mask;
    table_[slot] = number + 1;
  }
}

// Fills record_; false where it is damaged or, with a key, another's.
bool AnswerStore::ReadValue(const Entry& entry, const AnswerKey* key) {
  record_.resize(kHeaderBytes + entry.value_bytes);
  try {
    if (files_[entry.file]->ReadAt(entry.offset, record_) < record_.size()) {
      ++num_damaged_;
      return false;
    }
  } catch (const IoError&) {
    ++num_damaged_;
    return false;
  }
  const std::span<const std::byte> record = record_;
  const bool is_whole =
      IsWholeHeader(record.first(kHeaderBytes)) && LoadLittle32(record) == entry.value_bytes &&
      Crc32c(record.subspan(kHeaderBytes)) == LoadLittle32(record.subspan(kValueCrcOffset));
  if (!is_whole) {
    ++num_damaged_;
    return false;
  }
  return key == nullptr || std::memcmp(record.data() + kKeyOffset, key->data(), key->size()) == 0;
}

void AnswerStore::Find(const AnswerKey& key, Visitor visit) {
  const size_t mask = table_.size() - 1;
  for (size_t slot = HashOf(key) & mask; table_[slot] != 0; slot = (slot + 1) & mask) {
    const Entry& entry = entries_[table_[slot] - 1];
    if (std::memcmp(entry.key_begin.data(), key.data(), entry.key_begin.size()) != 0) continue;
    if (!ReadValue(entry, &key)) continue;
    if (!visit(std::span<const std::byte>(record_).subspan(kHeaderBytes))) return;
  }
}

AnswerStore::Writer::~Writer() {
  if (file_ == nullptr) return;
  try {
    store_.file_system_.Remove(part_path_);
  } catch (...) {
    // A later job will remove it.
  }
}

void AnswerStore::Writer::Add(const AnswerKey& key, std::span<const std::byte> value) {
  AddRecord(key, value);
  ++num_added_;
}

void AnswerStore::Writer::AddRecord(const AnswerKey& key, std::span<const std::byte> value) {
  CHECK(value.size() <= UINT32_MAX);
  if (file_ == nullptr) {
    // No two processes may write one file, on whichever machines they run.
    std::random_device random;
    std::array<uint8_t, 16> name;
    for (uint8_t& byte : name) byte = static_cast<uint8_t>(random());
    part_path_ = store_.folder_ + "/" + Hex(name) + std::string(kPartSuffix);
    file_ = store_.file_system_.Open(part_path_, OpenMode::kCreateNew);
    Write(AsBytes(kMagic));
  }
  std::vector<std::byte> header;
  AppendLittle32(header, static_cast<uint32_t>(value.size()));
  const std::span<const std::byte> key_bytes = std::as_bytes(std::span(key));
  header.insert(header.end(), key_bytes.begin(), key_bytes.end());
  AppendLittle32(header, Crc32c(value));
  AppendLittle32(header, Crc32c(header));
  AppendLittle32(header, 0);
  Write(header);
  Write(value);
}

void AnswerStore::Writer::Write(std::span<const std::byte> bytes) {
  content_.Update(bytes);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (buffer_.size() >= kWriteBytes) WriteBuffer();
}

void AnswerStore::Writer::WriteBuffer() {
  file_->WriteAt(written_, buffer_);
  written_ += buffer_.size();
  buffer_.clear();
}

// All whole records of the store's files.
void AnswerStore::Writer::TakeOver() {
  for (const Entry& entry : store_.entries_) {
    if (!store_.ReadValue(entry, nullptr)) continue;
    AnswerKey key;
    std::memcpy(key.data(), store_.record_.data() + kKeyOffset, key.size());
    AddRecord(key, std::span<const std::byte>(store_.record_).subspan(kHeaderBytes));
  }
}

void AnswerStore::Writer::Publish() {
  if (file_ == nullptr) return;
  const bool takes_over = store_.files_.size() >= kMaxFiles;
  if (takes_over) TakeOver();
  WriteBuffer();
  file_->Sync();
  file_->Close();
  const std::string name = Hex(content_.Finish()) + std::string(kSuffix);
  store_.file_system_.Rename(part_path_, store_.folder_ + "/" + name);
  file_.reset();
  store_.file_system_.SyncFolder(store_.folder_);
  if (!takes_over) return;
  for (const std::string& old : store_.names_) {
    if (old == name) continue;
    try {
      store_.file_system_.Remove(store_.folder_ + "/" + old);
    } catch (const IoError&) {
      // Another process was faster.
    }
  }
}

}  // namespace rowmill
