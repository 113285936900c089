#include "engine/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/little_endian.h"
#include "base/testing/crashing_file_system.h"
#include "base/testing/faulting_file_system.h"

namespace rowmill {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr uint64_t kIdentity = 0x1122334455667788;
const std::string kPath = "job/journal";

std::string Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Writes down what replay hands out: "started 1 2", "row 1 result", "note text".
class Recorder : public JournalVisitor {
 public:
  void OnStarted(std::span<const uint64_t> rows) override {
    std::string event = "started";
    for (const uint64_t row : rows) event += " " + std::to_string(row);
    events.push_back(event);
  }
  void OnRow(uint64_t row, uint64_t offset, std::span<const std::byte> result) override {
    events.push_back("row " + std::to_string(row) + " " + Text(result));
    offsets[row] = offset;
  }
  void OnNote(std::span<const std::byte> bytes) override {
    events.push_back("note " + Text(bytes));
  }

  std::vector<std::string> events;
  std::map<uint64_t, uint64_t> offsets;
};

class JournalTest : public testing::Test {
 protected:
  JournalTest() { disk_.PutFolder("job"); }

  static std::unique_ptr<Journal> Open(FileSystem& files, Recorder& recorder) {
    return Journal::Open(files, kPath, kIdentity, recorder);
  }
  static std::vector<std::string> Replay(FileSystem& files) {
    Recorder recorder;
    Open(files, recorder);
    return recorder.events;
  }
  static uint64_t AppendRow(Journal& journal, uint64_t row, const std::string& result) {
    const JournalRecord record[] = {JournalRecord::Row(row, AsBytes(result))};
    return journal.Append(record).at(0);
  }
  // Three batches of two rows with a sync after each of the first two.
  std::vector<std::string> WriteSixRows() {
    Recorder recorder;
    const auto journal = Open(disk_, recorder);
    std::vector<std::string> events;
    for (uint64_t row = 0; row < 6; row += 2) {
      const uint64_t rows[] = {row, row + 1};
      const std::string first = "result " + std::to_string(row);
      const JournalRecord records[] = {JournalRecord::Started(rows),
                                       JournalRecord::Row(row, AsBytes(first)),
                                       JournalRecord::Row(row + 1, AsBytes("x"))};
      journal->Append(records);
      events.push_back("started " + std::to_string(row) + " " + std::to_string(row + 1));
      events.push_back("row " + std::to_string(row) + " " + first);
      events.push_back("row " + std::to_string(row + 1) + " x");
      if (row < 4) journal->Sync();
    }
    return events;
  }

  CrashingFileSystem disk_;
};

TEST_F(JournalTest, ReplaysWhatWasAppendedAndReadsRowsBack) {
  std::vector<uint64_t> offsets;
  const uint64_t started[] = {5, 3, uint64_t{1} << 63};
  {
    Recorder recorder;
    const auto journal = Open(disk_, recorder);
    EXPECT_THAT(recorder.events, IsEmpty());
    const JournalRecord records[] = {
        JournalRecord::Started(started), JournalRecord::Row(3, AsBytes("three")),
        JournalRecord::Note(AsBytes("hello")), JournalRecord::Row(5, AsBytes(""))};
    offsets = journal->Append(records);
    ASSERT_EQ(offsets.size(), 4U);
    EXPECT_TRUE(journal->Append({}).empty());
    std::vector<std::byte> buffer;
    const JournalRow row = journal->ReadRow(offsets[1], buffer);
    EXPECT_EQ(row.row, 3U);
    EXPECT_EQ(Text(row.result), "three");
  }
  Recorder recorder;
  const auto journal = Open(disk_, recorder);
  EXPECT_THAT(recorder.events, ElementsAre("started 5 3 9223372036854775808", "row 3 three",
                                           "note hello", "row 5 "));
  EXPECT_EQ(recorder.offsets[3], offsets[1]);
  EXPECT_EQ(recorder.offsets[5], offsets[3]);
  EXPECT_EQ(journal->replay().num_records, 4U);
  EXPECT_EQ(journal->replay().num_rows, 2U);
  EXPECT_EQ(journal->replay().num_dropped_bytes, 0U);
  std::vector<std::byte> buffer;
  EXPECT_EQ(Text(journal->ReadRow(offsets[3], buffer).result), "");
  EXPECT_THROW(journal->ReadRow(offsets[0], buffer), DataError);
  EXPECT_THROW(journal->ReadRow(offsets[3] + 1, buffer), DataError);
  EXPECT_THROW(journal->ReadRow(uint64_t{1} << 40, buffer), DataError);
}

TEST_F(JournalTest, TheBytesAreThoseOfTheFormat) {
  {
    Recorder recorder;
    const auto journal = Open(disk_, recorder);
    AppendRow(*journal, 258, "ab");
  }
  const std::string bytes = disk_.Contents(kPath).value();
  ASSERT_EQ(bytes.size(), 24U + 25U + 27U);
  EXPECT_EQ(bytes.substr(0, 12), std::string("RMJOURNL\1\0\0\0", 12));
  EXPECT_EQ(bytes.substr(12, 8), "\x88\x77\x66\x55\x44\x33\x22\x11");
  // The first append proves the sync of the header, then comes the row.
  EXPECT_EQ(bytes.substr(24, 21),
            std::string("\x08\0\0\0\4\1\0\0\0\0\0\0\0\x18\0\0\0\0\0\0\0", 21));
  EXPECT_EQ(bytes.substr(49, 23),
            std::string("\x0a\0\0\0\2\2\0\0\0\0\0\0\0\2\1\0\0\0\0\0\0ab", 23));
  // CRC-32C of RFC 3720: over the identity's bytes, then over the record.
  const uint32_t crc = Crc32c(AsBytes(bytes.substr(12, 8) + bytes.substr(49, 23)));
  EXPECT_EQ(LoadLittle32(AsBytes(bytes).subspan(72)), crc);
  EXPECT_EQ(crc, Crc32c(AsBytes(bytes).subspan(49, 23), JournalCrcSeed(kIdentity)));
}

TEST_F(JournalTest, LongResultsPassThroughTheWindow) {
  std::string longest;
  for (size_t i = 0; longest.size() < (size_t{3} << 20) + 17; ++i) longest += std::to_string(i);
  uint64_t offset = 0;
  {
    Recorder recorder;
    const auto journal = Open(disk_, recorder);
    AppendRow(*journal, 0, "short");
    offset = AppendRow(*journal, 1, longest);
    AppendRow(*journal, 2, "short");
    AppendRow(*journal, 3, longest.substr(0, (size_t{1} << 16) - 25));
    journal->Sync();
    AppendRow(*journal, 4, "end");
  }
  const std::vector<std::string> events = Replay(disk_);
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[1], "row 1 " + longest);
  EXPECT_EQ(events[4], "row 4 end");
  Recorder recorder;
  const auto journal = Open(disk_, recorder);
  std::vector<std::byte> buffer;
  EXPECT_EQ(Text(journal->ReadRow(offset, buffer).result), longest);
  // Damage inside the long record is found, too.
  std::string bytes = disk_.Contents(kPath).value();
  bytes[offset + (size_t{2} << 20)] ^= 1;
  disk_.Put(kPath, bytes);
  EXPECT_THROW(Replay(disk_), DataError);
}

TEST_F(JournalTest, GoesOnAfterEveryReopening) {
  std::vector<std::string> expected;
  for (uint64_t round = 0; round < 20; ++round) {
    Recorder recorder;
    const auto journal = Open(disk_, recorder);
    EXPECT_EQ(recorder.events, expected);
    AppendRow(*journal, round, "r");
    expected.push_back("row " + std::to_string(round) + " r");
    if (round % 3 == 0) journal->Sync();
    if (round % 5 == 0) journal->Close();
  }
  EXPECT_EQ(Replay(disk_), expected);
}

// Property: whatever is cut off, the rest is a prefix, and rows can be added to it.
TEST_F(JournalTest, CutAtEveryByte) {
  const std::vector<std::string> expected = WriteSixRows();
  const std::string bytes = disk_.Contents(kPath).value();
  size_t num_before = 0;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    CrashingFileSystem disk;
    disk.PutFolder("job");
    disk.Put(kPath, bytes.substr(0, size));
    Recorder recorder;
    {
      const auto journal = Open(disk, recorder);
      AppendRow(*journal, 99, "after");
    }
    const size_t num_kept = recorder.events.size();
    ASSERT_LE(num_kept, expected.size());
    ASSERT_GE(num_kept, num_before) << size;
    num_before = num_kept;
    std::vector<std::string> prefix(expected.begin(),
                                    expected.begin() + static_cast<ptrdiff_t>(num_kept));
    ASSERT_EQ(recorder.events, prefix) << size;
    prefix.emplace_back("row 99 after");
    ASSERT_EQ(Replay(disk), prefix) << size;
  }
  EXPECT_EQ(num_before, expected.size());
}

// Offsets of the records by walking over a good journal, and the newest proven end.
struct Layout {
  std::vector<uint64_t> offsets;
  std::vector<uint64_t> sizes;
  uint64_t last_proof = 0;
  uint64_t proven_end = 0;
};
Layout WalkOver(const std::string& bytes) {
  Layout layout;
  uint64_t offset = kJournalHeaderBytes;
  while (offset < bytes.size()) {
    const JournalFrame frame = DecodeJournalFrame(AsBytes(bytes).subspan(offset));
    layout.offsets.push_back(offset);
    layout.sizes.push_back(frame.size());
    if (frame.type == static_cast<uint8_t>(JournalRecordType::kSynced)) {
      layout.last_proof = offset;
      layout.proven_end = LoadLittle64(AsBytes(bytes).subspan(offset + kJournalFrameBytes));
    }
    offset += frame.size();
  }
  return layout;
}

// Property: one bit flipped anywhere. Before the newest proven end: refused. After it: the record
// and all that follow are cut off. A changed event is never handed out as good.
void ExpectEveryFlipIsFound(const std::string& bytes, const std::vector<std::string>& expected) {
  const Layout layout = WalkOver(bytes);
  size_t num_refused = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const size_t place = bit / 8;
    std::string damaged = bytes;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << (bit % 8)));
    CrashingFileSystem disk;
    disk.PutFolder("job");
    disk.Put(kPath, damaged);
    Recorder recorder;
    bool refused = false;
    std::string message;
    try {
      Journal::Open(disk, kPath, kIdentity, recorder);
    } catch (const DataError& error) {
      refused = true;
      message = error.what();
    }
    ASSERT_LE(recorder.events.size(), expected.size());
    ASSERT_TRUE(std::equal(recorder.events.begin(), recorder.events.end(), expected.begin()))
        << "bit " << bit;
    ASSERT_EQ(refused, place < layout.proven_end) << "bit " << bit << ": " << message;
    if (refused) {
      ++num_refused;
      ASSERT_EQ(disk.Contents(kPath), damaged) << "a refused journal was changed";
      ASSERT_THAT(message, HasSubstr("--force-new"));
      ASSERT_THAT(message, HasSubstr(kPath));
    } else {
      // Cut at the record that holds the bit.
      const auto next = std::upper_bound(layout.offsets.begin(), layout.offsets.end(), place);
      ASSERT_EQ(disk.Contents(kPath)->size(), *(next - 1)) << "bit " << bit;
    }
  }
  EXPECT_EQ(num_refused, layout.proven_end * 8);
}

TEST_F(JournalTest, OneBitFlippedAnywhere) {
  const std::vector<std::string> expected = WriteSixRows();
  const std::string bytes = disk_.Contents(kPath).value();
  const Layout layout = WalkOver(bytes);
  EXPECT_EQ(layout.proven_end, layout.last_proof);
  EXPECT_GT(layout.proven_end, bytes.size() / 2);
  ExpectEveryFlipIsFound(bytes, expected);
}

TEST_F(JournalTest, OneBitFlippedAnywhereAfterAnOrderlyEnd) {
  const std::vector<std::string> expected = WriteSixRows();
  Recorder recorder;
  Open(disk_, recorder)->Close();
  const std::string bytes = disk_.Contents(kPath).value();
  const Layout layout = WalkOver(bytes);
  // Only the last proof itself, which holds no row, is not covered by a proof.
  EXPECT_EQ(layout.last_proof, layout.proven_end);
  EXPECT_EQ(layout.last_proof + kSyncedRecordBytes, bytes.size());
  ExpectEveryFlipIsFound(bytes, expected);
}

TEST_F(JournalTest, DamageSaysWhereItIs) {
  WriteSixRows();
  std::string bytes = disk_.Contents(kPath).value();
  const uint64_t offset = WalkOver(bytes).offsets[2];
  bytes[offset + 15] ^= 4;
  disk_.Put(kPath, bytes);
  try {
    Replay(disk_);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("byte " + std::to_string(offset) + ")"));
    EXPECT_THAT(error.what(), HasSubstr("in the middle"));
  }
}

TEST_F(JournalTest, ZerosAndGarbageAtTheEndAreATornTail) {
  const std::vector<std::string> expected = WriteSixRows();
  const std::string bytes = disk_.Contents(kPath).value();
  for (const std::string& tail :
       {std::string(5000, '\0'), std::string(3, '\xff'), std::string(100'000, 'x'),
        std::string("\x08\0\0\0\4", 5), bytes, bytes.substr(24)}) {
    disk_.Put(kPath, bytes + tail);
    Recorder recorder;
    EXPECT_EQ(Open(disk_, recorder)->replay().num_dropped_bytes, tail.size());
    EXPECT_EQ(recorder.events, expected);
    EXPECT_EQ(disk_.Contents(kPath), bytes);
  }
}

TEST_F(JournalTest, ABeginningThatWasNeverSyncedIsMadeAnew) {
  WriteSixRows();
  const std::string bytes = disk_.Contents(kPath).value();
  for (const std::string& start : {std::string(), std::string(23, 'x'), std::string(24, '\0'),
                                   std::string(5000, '\0'), bytes.substr(0, 20)}) {
    disk_.Put(kPath, start);
    EXPECT_THAT(Replay(disk_), IsEmpty());
    EXPECT_EQ(disk_.Contents(kPath), bytes.substr(0, kJournalHeaderBytes));
  }
}

TEST_F(JournalTest, AHoleInUnsyncedWritesIsNoDamage) {
  // Power loss may keep the second of two unsynced writes and lose the first.
  Recorder recorder;
  uint64_t second = 0;
  uint64_t third = 0;
  {
    const auto journal = Open(disk_, recorder);
    AppendRow(*journal, 0, "first");
    journal->Sync();
    second = AppendRow(*journal, 1, "second");
    third = AppendRow(*journal, 2, "third");
  }
  std::string bytes = disk_.Contents(kPath).value();
  for (uint64_t i = second; i < third; ++i) bytes[i] = 0;
  disk_.Put(kPath, bytes);
  EXPECT_THAT(Replay(disk_), ElementsAre("row 0 first"));
}

TEST_F(JournalTest, RowsThatLookLikeRecordsAreNotTakenForThem) {
  // A result that holds a whole good journal of another job, with a proof that would cover the
  // damage.
  CrashingFileSystem other;
  other.PutFolder("job");
  Recorder recorder;
  {
    const auto journal = Journal::Open(other, kPath, kIdentity + 1, recorder);
    AppendRow(*journal, 0, std::string(500, 'x'));
    journal->Sync();
    AppendRow(*journal, 1, "y");
  }
  {
    const auto journal = Open(disk_, recorder);
    AppendRow(*journal, 7, other.Contents(kPath).value());
  }
  std::string bytes = disk_.Contents(kPath).value();
  bytes[50] ^= 1;
  disk_.Put(kPath, bytes);
  EXPECT_THAT(Replay(disk_), IsEmpty());
}

TEST_F(JournalTest, AnotherJobVersionOrKindOfFileIsRefused) {
  WriteSixRows();
  const std::string bytes = disk_.Contents(kPath).value();
  Recorder recorder;
  try {
    Journal::Open(disk_, kPath, kIdentity + 1, recorder);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("another job"));
  }
  std::vector<std::byte> header = EncodeJournalHeader(kIdentity);
  header[8] = std::byte{2};
  header.resize(20);
  AppendLittle32(header, Crc32c(header));
  disk_.Put(kPath, Text(header) + bytes.substr(24));
  try {
    Replay(disk_);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("journal version 2"));
  }
  EXPECT_THAT(recorder.events, IsEmpty());
}

TEST_F(JournalTest, RecordsOfALaterVersionAreRefusedNotSkipped) {
  struct Case {
    uint8_t type;
    size_t payload;
  };
  for (const Case& one :
       {Case{0, 8}, Case{5, 8}, Case{255, 0}, Case{1, 7}, Case{2, 7}, Case{4, 7}, Case{4, 8}}) {
    std::vector<std::byte> bytes = EncodeJournalHeader(kIdentity);
    JournalRecordWriter writer(bytes, static_cast<JournalRecordType>(one.type), 1);
    bytes.insert(bytes.end(), one.payload, std::byte{1});
    writer.End(JournalCrcSeed(kIdentity));
    disk_.Put(kPath, Text(bytes));
    EXPECT_THROW(Replay(disk_), DataError) << int{one.type};
  }
}

TEST_F(JournalTest, SyncsEverySecondOrEveryThousandRows) {
  Recorder recorder;
  const auto journal = Open(disk_, recorder);
  TimePoint now{std::chrono::hours(5)};
  EXPECT_FALSE(journal->MaybeSync(now));
  AppendRow(*journal, 0, "x");
  EXPECT_FALSE(journal->MaybeSync(now + milliseconds(999)));
  EXPECT_LT(journal->num_synced_bytes(), journal->num_bytes());
  now += milliseconds(1000);
  EXPECT_TRUE(journal->MaybeSync(now));
  EXPECT_EQ(journal->num_synced_bytes(), journal->num_bytes());
  EXPECT_FALSE(journal->MaybeSync(now + milliseconds(5000))) << "nothing to sync";
  for (uint64_t row = 0; row < 1023; ++row) AppendRow(*journal, row, "x");
  EXPECT_FALSE(journal->MaybeSync(now));
  AppendRow(*journal, 1023, "x");
  EXPECT_TRUE(journal->MaybeSync(now));
  EXPECT_FALSE(journal->MaybeSync(now));
}

TEST_F(JournalTest, AFailedSyncIsNeverRetriedAndClosesTheJournal) {
  FaultPlan plan;
  plan.operations = static_cast<uint32_t>(FileOperation::kSync);
  plan.nth = 3;  // After that of the header and one of ours. Only this one fails.
  FaultingFileSystem files(disk_, plan);
  Recorder recorder;
  {
    const auto journal = Open(files, recorder);
    AppendRow(*journal, 0, "kept");
    journal->Sync();
    AppendRow(*journal, 1, "lost");
    EXPECT_THROW(journal->Sync(), IoError);
    EXPECT_THROW(AppendRow(*journal, 2, "never"), IoError);
    EXPECT_THROW(journal->Sync(), IoError);
    EXPECT_FALSE(journal->MaybeSync(TimePoint{}));  // Starts the clock.
    EXPECT_THROW(journal->MaybeSync(TimePoint{} + milliseconds(1000)), IoError);
    EXPECT_NO_THROW(journal->Close());
  }
  const auto num_syncs = std::count_if(files.calls().begin(), files.calls().end(), [](auto& call) {
    return call.operation == FileOperation::kSync;
  });
  EXPECT_EQ(num_syncs, 3);
  // The page cache still shows the row, the disk may not have it: it must not be trusted.
  EXPECT_THAT(Replay(disk_), ElementsAre("row 0 kept"));
}

TEST_F(JournalTest, AFailedSyncWhileOpeningKeepsWhatWasProven) {
  const std::vector<std::string> expected = WriteSixRows();
  FaultPlan plan;
  plan.operations = static_cast<uint32_t>(FileOperation::kSync);
  plan.nth = 1;
  FaultingFileSystem files(disk_, plan);
  Recorder recorder;
  EXPECT_THROW(Open(files, recorder), IoError);
  EXPECT_EQ(Replay(disk_), std::vector<std::string>(expected.begin(), expected.begin() + 6));
}

TEST_F(JournalTest, AFullDiskKeepsWhatWasAppendedBefore) {
  FaultPlan plan;
  plan.operations = static_cast<uint32_t>(FileOperation::kWrite);
  plan.nth = 4;
  plan.error_number = ENOSPC;
  plan.duration = FaultPlan::Duration::kFromThenOn;
  plan.failed_write = FaultPlan::FailedWrite::kFirstHalf;
  FaultingFileSystem files(disk_, plan);
  Recorder recorder;
  const auto journal = Open(files, recorder);
  AppendRow(*journal, 0, "a");
  const uint64_t offset = AppendRow(*journal, 1, "b");
  EXPECT_THROW(AppendRow(*journal, 2, "c"), IoError);
  EXPECT_THROW(AppendRow(*journal, 3, "d"), IoError);
  EXPECT_EQ(files.num_faults(), 1U) << "wrote on after a failure";
  std::vector<std::byte> buffer;
  EXPECT_EQ(Text(journal->ReadRow(offset, buffer).result), "b");
  EXPECT_THAT(Replay(disk_), ElementsAre("row 0 a", "row 1 b"));
}

TEST_F(JournalTest, OneWritePerBatch) {
  FaultingFileSystem files(disk_, {});
  Recorder recorder;
  const auto journal = Open(files, recorder);
  const size_t num_before = files.calls().size();
  std::vector<JournalRecord> records;
  for (uint64_t row = 0; row < 100; ++row) {
    records.push_back(JournalRecord::Row(row, AsBytes("r")));
  }
  journal->Append(records);
  EXPECT_EQ(files.calls().size(), num_before + 1);
}

uint64_t AnonymousKilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    uint64_t value = 0;
    if (word == "RssAnon:" && status >> value) return value;
  }
  return 0;
}

class RowCounter : public JournalVisitor {
 public:
  void OnRow(uint64_t row, uint64_t /*offset*/, std::span<const std::byte> result) override {
    sum += row + result.size();
    ++count;
  }
  uint64_t count = 0;
  uint64_t sum = 0;
};

TEST(JournalOnDisk, ReplayNeedsNoMemoryPerRow) {
  const std::string folder = testing::TempDir() + "rowmill_journal_" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
  const std::string path = folder + "/journal";
  constexpr uint64_t kRows = 300'000;
  const std::string result(100, 'r');
  RowCounter counter;
  {
    const auto journal = Journal::Open(*files, path, 1, counter);
    std::vector<JournalRecord> records;
    for (uint64_t row = 0; row < kRows; ++row) {
      records.push_back(JournalRecord::Row(row, AsBytes(result)));
      if (records.size() < 1000) continue;
      journal->Append(records);
      records.clear();
    }
    journal->Close();
  }
  EXPECT_GT(std::filesystem::file_size(path), kRows * 125);
  const uint64_t before = AnonymousKilobytes();
  {
    const auto journal = Journal::Open(*files, path, 1, counter);
    EXPECT_LT(AnonymousKilobytes(), before + 8192);
  }
  EXPECT_EQ(counter.count, kRows);
  EXPECT_EQ(counter.sum, kRows * (kRows - 1) / 2 + kRows * result.size());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace rowmill
