// Feeds hostile bytes to the replay of a journal. Two kinds of input, told apart by the first byte:
//
//   raw        the bytes are the file
//   mutated    the bytes are a script: it appends rows, syncs, closes and reopens a real journal,
//   and
//              then damages the file (flips, cuts, zeros, copies). Random bytes never pass a
//              checksum; this kind gets past it.
//
// Oracles: a typed error or a prefix of what was appended, never anything else; a refused file is
// left as it was; after a replay that was accepted, one more row can be appended and is there at
// the next opening, behind the same prefix.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/testing/crashing_file_system.h"
#include "engine/journal.h"

namespace rowmill {
namespace {

constexpr uint64_t kIdentity = 42;
const char kPath[] = "journal";

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "oracle failed: %s\n", what);
  std::abort();
}

class Recorder : public JournalVisitor {
 public:
  void OnStarted(std::span<const uint64_t> started) override {
    std::string event = "s";
    for (const uint64_t row : started) event += " " + std::to_string(row);
    events.push_back(event);
  }
  void OnRow(uint64_t row, uint64_t offset, std::span<const std::byte> result) override {
    events.push_back("r " + std::to_string(row) + " " + Text(result));
    rows.emplace_back(row, offset);
  }
  void OnNote(std::span<const std::byte> bytes) override { events.push_back("n " + Text(bytes)); }

  static std::string Text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::vector<std::string> events;
  std::vector<std::pair<uint64_t, uint64_t>> rows;
};

// Reads numbers off the script; zeros after its end.
class Script {
 public:
  Script(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool AtEnd() const { return used_ >= size_; }
  uint64_t Next(size_t num_bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < num_bytes; ++i) value = value << 8 | (AtEnd() ? 0 : data_[used_++]);
    return value;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t used_ = 0;
};

std::unique_ptr<Journal> Open(CrashingFileSystem& disk, Recorder& recorder) {
  return Journal::Open(disk, kPath, kIdentity, recorder);
}

// Opens a file that may be damaged and holds it against the oracles. True where it was accepted.
bool CheckReplay(CrashingFileSystem& disk, const std::vector<std::string>* expected) {
  const std::string before = disk.Contents(kPath).value_or("");
  Recorder recorder;
  try {
    const auto journal = Open(disk, recorder);
    Require(journal->replay().num_records == recorder.events.size(), "records are counted");
    std::vector<std::byte> buffer;
    for (const auto& [row, offset] : recorder.rows) {
      Require(journal->ReadRow(offset, buffer).row == row, "rows can be read again");
    }
    const JournalRecord more[] = {JournalRecord::Row(7, {})};
    journal->Append(more);
  } catch (const DataError&) {
    Require(disk.Contents(kPath).value_or("") == before, "a refused file is left alone");
    return false;
  }
  if (expected != nullptr) {
    Require(recorder.events.size() <= expected->size(), "no event is invented");
    for (size_t i = 0; i < recorder.events.size(); ++i) {
      Require(recorder.events[i] == (*expected)[i], "replay is a prefix");
    }
  }
  std::vector<std::string> longer = recorder.events;
  longer.push_back("r 7 ");
  Recorder again;
  Open(disk, again);
  Require(again.events == longer, "a row appended after recovery is there");
  return true;
}

// Builds a journal by the script and returns the events that its replay has to give.
std::vector<std::string> BuildJournal(CrashingFileSystem& disk, Script& script) {
  Recorder recorder;
  auto journal = Open(disk, recorder);
  std::vector<std::string> events;
  bool has_long = false;
  const uint64_t num_steps = script.Next(1) % 32;
  for (uint64_t step = 0; step < num_steps; ++step) {
    const uint64_t kind = script.Next(1);
    // At most one record longer than the reader's window; they cost a hundred times the others.
    const bool is_long = kind == 255 && !std::exchange(has_long, true);
    const std::string text(script.Next(1) * (is_long ? 300 : 1), static_cast<char>(kind));
    const auto bytes = std::as_bytes(std::span(text));
    const uint64_t rows[] = {kind, script.Next(1)};
    switch (kind % 6) {
      case 0:
        journal->Sync();
        break;
      case 1: {
        if (kind % 4 == 1) journal->Close();
        Recorder replayed;
        journal.reset();
        journal = Open(disk, replayed);
        Require(replayed.events == events, "an undamaged journal gives all");
        break;
      }
      case 2: {
        const JournalRecord records[] = {JournalRecord::Started(rows), JournalRecord::Note(bytes)};
        journal->Append(records);
        events.push_back("s " + std::to_string(rows[0]) + " " + std::to_string(rows[1]));
        events.push_back("n " + text);
        break;
      }
      default: {
        const JournalRecord records[] = {JournalRecord::Row(rows[1], bytes)};
        journal->Append(records);
        events.push_back("r " + std::to_string(rows[1]) + " " + text);
        break;
      }
    }
  }
  return events;
}

void Damage(std::string& bytes, Script& script) {
  for (int round = 0; round < 4 && !script.AtEnd() && !bytes.empty(); ++round) {
    const uint64_t kind = script.Next(1);
    const size_t place = script.Next(3) % bytes.size();
    const size_t length = script.Next(1) % (bytes.size() - place) + 1;
    switch (kind % 5) {
      case 0:
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << (length % 8)));
        break;
      case 1:
        bytes.resize(place);
        break;
      case 2:
        bytes.replace(place, length, length, '\0');
        break;
      case 3:
        bytes.insert(script.Next(3) % bytes.size(), bytes.substr(place, length));
        break;
      default:
        bytes.erase(place, length);
        break;
    }
  }
}

}  // namespace
}  // namespace rowmill

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowmill;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  CrashingFileSystem disk;
  if (data[0] % 4 == 0) {
    disk.Put(kPath, {reinterpret_cast<const char*>(data + 1), size - 1});
    CheckReplay(disk, nullptr);
    return 0;
  }
  Script script(data + 1, size - 1);
  const std::vector<std::string> events = BuildJournal(disk, script);
  std::string bytes = disk.Contents(kPath).value();
  Damage(bytes, script);
  disk.Put(kPath, bytes);
  CheckReplay(disk, &events);
  return 0;
}
