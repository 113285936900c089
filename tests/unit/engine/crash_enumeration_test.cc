// Every moment at which a job can die, and every call that can fail: a job of 40 rows in miniature
// that uses journal, job folder and commit as the engine does, run on disks that crash. After each
// crash the same command is run again on what the disk may then hold, and has to end with the
// output of the run that was never cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/testing/crashing_file_system.h"
#include "base/testing/faulting_file_system.h"
#include "engine/job_folder.h"
#include "engine/journal.h"

namespace rowmill {
namespace {

using testing::ElementsAre;

constexpr uint64_t kRows = 40;
constexpr uint64_t kBatchRows = 7;
// Sanitizers look for other mistakes, which fewer repetitions find as well; every call still
// crashes in every variant.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kRandomSeeds = 1;
constexpr uint64_t kRecoveryRounds = 150;
#else
constexpr uint64_t kRandomSeeds = 6;
constexpr uint64_t kRecoveryRounds = 1500;
#endif
const std::string kOutput = "data/out.jsonl";

const std::string kPrompt = "a prompt";
const std::string kOtherPrompt = "another prompt";

// Results of unequal length, some longer than a sector.
std::string Result(const std::string& prompt, uint64_t row) {
  return "{\"row\": " + std::to_string(row) + ", \"text\": \"" + prompt +
         std::string((row * 131) % 700, static_cast<char>('a' + row % 26)) + "\"}\n";
}

std::string WholeOutput(const std::string& prompt) {
  std::string output;
  for (uint64_t row = 0; row < kRows; ++row) output += Result(prompt, row);
  return output;
}

std::string Report(const std::string& prompt) { return "{\"prompt\": \"" + prompt + "\"}\n"; }

// What a run did, told even where it ends by an exception.
struct Trace {
  std::vector<uint64_t> computed;  // rows, in the order of their computation
  std::set<uint64_t> appended;     // rows whose Append has returned
  std::set<uint64_t> synced;       // rows that a sync has covered
  bool finished = false;           // the command ended well
};

class MiniJob : public JournalVisitor {
 public:
  MiniJob(FileSystem& files, const std::string& prompt, const JobFolderOptions& options,
          Trace& trace)
      : files_(files), prompt_(prompt), options_(options), trace_(trace) {
    fingerprint_.Add("prompt", prompt);
  }

  void Run() {
    job_ = JobFolder::Open(files_, kOutput, fingerprint_, options_);
    if (job_->state() != JobFolder::State::kComplete) {
      const auto journal = Journal::Open(files_, job_->journal_path(), job_->identity(), *this);
      for (const auto& [row, offset] : offsets_) {
        trace_.appended.insert(row);
        trace_.synced.insert(row);  // Open syncs what it has replayed.
      }
      ComputeRows(*journal);
      journal->Sync();
      trace_.synced = trace_.appended;
      Render(*journal);
    }
    trace_.finished = true;
  }

  void OnStarted(std::span<const uint64_t> rows) override {
    for (const uint64_t row : rows) ++num_starts_[row];
  }
  void OnRow(uint64_t row, uint64_t offset, std::span<const std::byte> result) override {
    EXPECT_TRUE(offsets_.emplace(row, offset).second) << "row " << row << " is there twice";
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(result.data()), result.size()),
              Result(prompt_, row));
    EXPECT_TRUE(num_starts_.contains(row)) << "row " << row << " was done but never started";
  }

 private:
  // Sub-tasks of seven rows; each is started as a whole and comes back out of order in two batches.
  void ComputeRows(Journal& journal) {
    std::vector<uint64_t> todo;
    for (uint64_t row = 0; row < kRows; ++row) {
      if (!offsets_.contains(row)) todo.push_back(row);
    }
    std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
    for (size_t begin = 0; begin < todo.size(); begin += kBatchRows) {
      const std::span<const uint64_t> rows = std::span<const uint64_t>(todo).subspan(
          begin, std::min<size_t>(kBatchRows, todo.size() - begin));
      const JournalRecord started[] = {JournalRecord::Started(rows)};
      journal.Append(started);
      std::vector<uint64_t> order(rows.rbegin(), rows.rend());
      const size_t half = order.size() / 2;
      AppendRows(journal, std::span<const uint64_t>(order).first(half));
      AppendRows(journal, std::span<const uint64_t>(order).subspan(half));
      now += std::chrono::milliseconds(400);
      if (journal.MaybeSync(now)) trace_.synced = trace_.appended;
    }
  }

  void AppendRows(Journal& journal, std::span<const uint64_t> rows) {
    std::vector<std::string> results;
    for (const uint64_t row : rows) {
      trace_.computed.push_back(row);
      results.push_back(Result(prompt_, row));
    }
    std::vector<JournalRecord> records;
    for (size_t i = 0; i < rows.size(); ++i) {
      records.push_back(JournalRecord::Row(rows[i], AsBytes(results[i])));
    }
    const std::vector<uint64_t> offsets = journal.Append(records);
    for (size_t i = 0; i < rows.size(); ++i) {
      offsets_[rows[i]] = offsets[i];
      trace_.appended.insert(rows[i]);
    }
  }

  void Render(Journal& journal) {
    auto part = job_->OpenPart();
    std::vector<std::byte> buffer;
    std::string block;
    uint64_t written = 0;
    for (uint64_t row = 0; row < kRows; ++row) {
      const JournalRow stored = journal.ReadRow(offsets_.at(row), buffer);
      ASSERT_EQ(stored.row, row);
      block.append(reinterpret_cast<const char*>(stored.result.data()), stored.result.size());
      if (row % 9 != 8 && row + 1 != kRows) continue;
      part->WriteAt(written, AsBytes(block));
      written += block.size();
      block.clear();
    }
    journal.Close();
    job_->CommitOutput(std::move(part), Report(prompt_));
  }

  FileSystem& files_;
  std::string prompt_;
  JobFolderOptions options_;
  Trace& trace_;
  Fingerprint fingerprint_;
  std::unique_ptr<JobFolder> job_;
  std::map<uint64_t, uint64_t> offsets_;
  std::map<uint64_t, int> num_starts_;
};

// Runs the job; a crash is no failure of the test, errors pass through.
Trace RunUntilCrash(FileSystem& files, const std::string& prompt, const JobFolderOptions& options) {
  Trace trace;
  try {
    MiniJob(files, prompt, options, trace).Run();
  } catch (const SimulatedCrash&) {
  }
  return trace;
}

std::unique_ptr<CrashingFileSystem> EmptyDisk() {
  auto disk = std::make_unique<CrashingFileSystem>();
  disk->PutFolder("data");
  return disk;
}

// A way in which a job may begin: the disk before it, and the options of its command.
struct Beginning {
  const char* name;
  std::function<std::unique_ptr<CrashingFileSystem>()> make_disk;
  JobFolderOptions options;
  std::optional<std::string> old_output;
  std::set<uint64_t> other_rows;  // stored rows of an unfinished job with the other prompt
};

// The disk of a job with the other prompt that lost power when it had gone this far.
std::unique_ptr<CrashingFileSystem> OtherJobUntil(uint64_t call, Trace& trace) {
  const auto disk = EmptyDisk();
  disk->CrashAtCall(call);
  trace = RunUntilCrash(*disk, kOtherPrompt, {});
  return disk->AfterCrash(CrashVariant::kDropUnsynced, 0);
}

Beginning ForcedNew() {
  Trace trace;
  OtherJobUntil(32, trace);
  EXPECT_FALSE(trace.synced.empty());
  const auto make_disk = [] {
    Trace ignored;
    return OtherJobUntil(32, ignored);
  };
  return {"forced new", make_disk, {.force_new = true}, std::nullopt, trace.synced};
}

// The other job had finished but for its cleaning up.
Beginning AfterAnInterruptedCleaningUp() {
  uint64_t call = 1;
  Trace trace;
  auto disk = OtherJobUntil(call, trace);
  while (!trace.finished && !disk->Exists(kOutput + ".rowmill.done")) {
    disk = OtherJobUntil(++call, trace);
  }
  EXPECT_TRUE(disk->Exists(kOutput + ".rowmill/journal"));
  const auto make_disk = [call] {
    Trace ignored;
    return OtherJobUntil(call, ignored);
  };
  return {"after an interrupted cleaning up",
          make_disk,
          {.overwrite = true},
          WholeOutput(kOtherPrompt),
          {}};
}

std::vector<Beginning> Beginnings() {
  const auto with_old_output = [] {
    auto disk = EmptyDisk();
    disk->Put(kOutput, "old output\n");
    disk->Put(kOutput + ".run.json", "{\"old\": 1}\n");
    return disk;
  };
  return {{"nothing there", EmptyDisk, {}, std::nullopt, {}},
          {"overwriting", with_old_output, {.overwrite = true}, "old output\n", {}},
          ForcedNew(),
          AfterAnInterruptedCleaningUp()};
}

void ExpectComplete(CrashingFileSystem& disk, const std::string& reference) {
  ASSERT_EQ(disk.Contents(kOutput), reference);
  ASSERT_EQ(disk.Contents(kOutput + ".run.json"), Report(kPrompt));
  ASSERT_THAT(disk.List("data"), ElementsAre("out.jsonl", "out.jsonl.run.json"));
}

// What must hold of a disk at any moment: the output is not there (or the old one), or whole, and
// the report is there only after it.
void ExpectOutputWholeOrNotThere(const CrashingFileSystem& disk, const Beginning& beginning,
                                 const std::string& reference) {
  const std::optional<std::string> output = disk.Contents(kOutput);
  ASSERT_TRUE(output == beginning.old_output || output == reference)
      << "an output of " << output.value_or("").size() << " bytes";
  if (disk.Contents(kOutput + ".run.json") == Report(kPrompt)) {
    ASSERT_EQ(output, reference);
  }
}

// Runs the same command again. With --force-new, where the output had been put in place already,
// the command refuses to replace it and the rest is finished without --force-new.
Trace Recover(FileSystem& files, const Beginning& beginning) {
  try {
    return RunUntilCrash(files, kPrompt, beginning.options);
  } catch (const UsageError& error) {
    EXPECT_TRUE(beginning.options.force_new) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr("exists already"));
  }
  return RunUntilCrash(files, kPrompt, {});
}

uint64_t NumCalls(const Beginning& beginning, const std::string& reference) {
  const auto disk = beginning.make_disk();
  const uint64_t num_before = disk->num_calls();
  const Trace trace = RunUntilCrash(*disk, kPrompt, beginning.options);
  EXPECT_TRUE(trace.finished);
  EXPECT_EQ(trace.computed.size(), kRows);
  ExpectComplete(*disk, reference);
  return disk->num_calls() - num_before;
}

void ExpectNothingDoneTwice(const Trace& before, const Trace& after, CrashVariant variant) {
  const std::set<uint64_t>& safe =
      variant == CrashVariant::kKeepAll ? before.appended : before.synced;
  std::set<uint64_t> again;
  for (const uint64_t row : after.computed) {
    ASSERT_TRUE(again.insert(row).second) << "row " << row << " was computed twice in one run";
    ASSERT_FALSE(safe.contains(row)) << "row " << row << " was done again";
  }
}

// After a crash of a command with --force-new, the user may leave that option out. Then either the
// earlier job is still there in full, and the command is refused by name, or the new one goes on.
void ExpectOneJobOrTheOther(CrashingFileSystem& disk, const Beginning& beginning,
                            const std::string& reference) {
  try {
    ASSERT_TRUE(RunUntilCrash(disk, kPrompt, {}).finished);
    ExpectComplete(disk, reference);
    return;
  } catch (const UsageError& error) {
    ASSERT_THAT(error.what(), testing::HasSubstr("was started differently"));
  }
  const Trace other = RunUntilCrash(disk, kOtherPrompt, {});
  ASSERT_TRUE(other.finished);
  ASSERT_EQ(disk.Contents(kOutput), WholeOutput(kOtherPrompt));
  for (const uint64_t row : other.computed) {
    ASSERT_FALSE(beginning.other_rows.contains(row)) << "row " << row << " was done again";
  }
}

TEST(CrashEnumeration, PowerLossAndKillAtEveryCall) {
  const std::string reference = WholeOutput(kPrompt);
  uint64_t num_states = 0;
  for (const Beginning& beginning : Beginnings()) {
    const uint64_t num_calls = NumCalls(beginning, reference);
    EXPECT_GT(num_calls, 50U);
    for (uint64_t call = 1; call <= num_calls + 1; ++call) {
      const auto disk = beginning.make_disk();
      disk->CrashAtCall(call);
      const Trace before = RunUntilCrash(*disk, kPrompt, beginning.options);
      ASSERT_EQ(before.finished, call == num_calls + 1);
      for (const CrashVariant variant : kAllCrashVariants) {
        for (uint64_t seed = 0; seed < NumUsefulSeeds(variant, kRandomSeeds); ++seed) {
          SCOPED_TRACE(std::string(beginning.name) + ", call " + std::to_string(call) + ", " +
                       Name(variant) + ", seed " + std::to_string(seed));
          const auto restarted = disk->AfterCrash(variant, seed);
          ExpectOutputWholeOrNotThere(*restarted, beginning, reference);
          ++num_states;
          if (before.finished && !restarted->Exists(kOutput + ".rowmill.done")) {
            ExpectComplete(*restarted, reference);
            continue;
          }
          const Trace after = Recover(*restarted, beginning);
          ASSERT_TRUE(after.finished);
          ExpectComplete(*restarted, reference);
          if (beginning.options.force_new) {
            // --force-new run again is the order to throw the rows away.
            ExpectOneJobOrTheOther(*disk->AfterCrash(variant, seed), beginning, reference);
          } else {
            ExpectNothingDoneTwice(before, after, variant);
          }
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
  RecordProperty("states", static_cast<int>(num_states));
  EXPECT_GT(num_states, 2000U);
}

// A machine that goes down again while the job is recovering, up to three times.
TEST(CrashEnumeration, CrashesDuringRecovery) {
  const std::string reference = WholeOutput(kPrompt);
  uint64_t random = 12345;  // The seed; every failure names what it led to.
  const auto next_below = [&random](uint64_t bound) {
    random = random * 6364136223846793005 + 1442695040888963407;
    return (random >> 33) % bound;
  };
  for (const Beginning& beginning : Beginnings()) {
    if (beginning.options.force_new) continue;  // Each run would begin anew.
    const uint64_t num_calls = NumCalls(beginning, reference);
    for (uint64_t round = 0; round < kRecoveryRounds; ++round) {
      auto disk = beginning.make_disk();
      std::string history = beginning.name;
      std::set<uint64_t> synced;
      for (int crash = 0; crash < 3; ++crash) {
        const uint64_t call = 1 + next_below(num_calls);
        // Half of them kills, after which the machine stays up until a later power loss.
        const CrashVariant variant =
            next_below(2) == 0 ? CrashVariant::kKeepAll
                               : kAllCrashVariants[next_below(std::size(kAllCrashVariants))];
        history += ", call " + std::to_string(call) + " " + Name(variant);
        disk->CrashAtCall(call);
        Trace trace;
        try {
          trace = RunUntilCrash(*disk, kPrompt, beginning.options);
        } catch (const Error& error) {
          FAIL() << history << ": " << error.what();
        }
        for (const uint64_t row : trace.computed) {
          ASSERT_FALSE(synced.contains(row)) << history << ": row " << row << " was done again";
        }
        synced = trace.synced.empty() ? synced : trace.synced;
        disk = disk->AfterCrash(variant, round);
        ExpectOutputWholeOrNotThere(*disk, beginning, reference);
        if (trace.finished) break;
      }
      SCOPED_TRACE(history);
      if (disk->Exists(kOutput + ".rowmill.done") || disk->Contents(kOutput) != reference ||
          disk->Exists(kOutput + ".rowmill")) {
        ASSERT_TRUE(RunUntilCrash(*disk, kPrompt, beginning.options).finished);
      }
      ExpectComplete(*disk, reference);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

// Each call fails once, in several ways. The run ends by a typed error or, where the call was not
// needed, well; the next run completes. The machine may also lose power in between.
TEST(CrashEnumeration, EveryCallFailsOnce) {
  const std::string reference = WholeOutput(kPrompt);
  struct Way {
    int error_number;
    FaultPlan::Duration duration;
    FaultPlan::FailedWrite failed_write;
  };
  const Way ways[] = {
      {EIO, FaultPlan::Duration::kOnce, FaultPlan::FailedWrite::kNothing},
      {ENOSPC, FaultPlan::Duration::kFromThenOn, FaultPlan::FailedWrite::kFirstHalf}};
  for (const Beginning& beginning : Beginnings()) {
    for (const Way& way : ways) {
      bool reached = true;
      for (uint64_t nth = 1; reached; ++nth) {
        SCOPED_TRACE(std::string(beginning.name) + ", counted call " + std::to_string(nth) +
                     ", errno " + std::to_string(way.error_number));
        const auto disk = beginning.make_disk();
        FaultPlan plan;
        plan.nth = nth;
        plan.error_number = way.error_number;
        plan.duration = way.duration;
        plan.failed_write = way.failed_write;
        // A full disk refuses what takes space; reading and removing go on.
        if (way.error_number == ENOSPC) {
          plan.operations = FileOperation::kOpen | FileOperation::kWrite | FileOperation::kSync |
                            FileOperation::kCreateFolder | FileOperation::kSyncFolder;
        }
        FaultingFileSystem files(*disk, plan);
        Trace before;
        try {
          before = RunUntilCrash(files, kPrompt, beginning.options);
        } catch (const Error& error) {
          ASSERT_EQ(error.exit_code(), ExitCode::kIo) << error.what();
          ASSERT_THAT(error.what(), testing::HasSubstr("data"));
        }
        reached = files.num_faults() > 0;
        ExpectOutputWholeOrNotThere(*disk, beginning, reference);
        for (const bool power_lost : {true, false}) {
          const auto lost = power_lost ? disk->AfterCrash(CrashVariant::kDropUnsynced, 0) : nullptr;
          CrashingFileSystem& restarted = power_lost ? *lost : *disk;
          ExpectOutputWholeOrNotThere(restarted, beginning, reference);
          if (!before.finished || restarted.Exists(kOutput + ".rowmill.done")) {
            ASSERT_TRUE(Recover(restarted, beginning).finished);
          }
          ExpectComplete(restarted, reference);
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

// The test must be able to fail: the same enumeration over a job that forgets one sync or one order
// of the protocol finds it.
class ForgetfulFile : public File {
 public:
  explicit ForgetfulFile(std::unique_ptr<File> below) : below_(std::move(below)) {}
  size_t ReadAt(uint64_t offset, std::span<std::byte> out) override {
    return below_->ReadAt(offset, out);
  }
  void WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    below_->WriteAt(offset, bytes);
  }
  void Truncate(uint64_t size) override { below_->Truncate(size); }
  void Sync() override {}
  FileInfo Info() override { return below_->Info(); }
  void Close() override { below_->Close(); }

 private:
  std::unique_ptr<File> below_;
};

// Leaves out the syncs of files whose path ends so, or all syncs of folders.
class ForgetfulFileSystem : public FileSystem {
 public:
  ForgetfulFileSystem(FileSystem& below, std::string forgotten)
      : below_(below), forgotten_(std::move(forgotten)) {}
  std::unique_ptr<File> Open(const std::string& path, OpenMode mode) override {
    auto file = below_.Open(path, mode);
    if (!path.ends_with(forgotten_)) return file;
    return std::make_unique<ForgetfulFile>(std::move(file));
  }
  bool Exists(const std::string& path) override { return below_.Exists(path); }
  FileInfo Info(const std::string& path) override { return below_.Info(path); }
  void Rename(const std::string& from, const std::string& to) override { below_.Rename(from, to); }
  void Remove(const std::string& path) override { below_.Remove(path); }
  void RemoveFolder(const std::string& path) override { below_.RemoveFolder(path); }
  void CreateFolder(const std::string& path) override { below_.CreateFolder(path); }
  std::vector<std::string> List(const std::string& folder) override { return below_.List(folder); }
  void SyncFolder(const std::string& path) override {
    if (!path.ends_with(forgotten_)) below_.SyncFolder(path);
  }
  uint64_t FreeBytes(const std::string& path) override { return below_.FreeBytes(path); }
  std::unique_ptr<File> OpenLocked(const std::string& path) override {
    return below_.OpenLocked(path);
  }

 private:
  FileSystem& below_;
  std::string forgotten_;
};

// Whether some crash of a job that forgets these syncs leads to a wrong end.
bool EnumerationFinds(const std::string& forgotten) {
  const std::string reference = WholeOutput(kPrompt);
  for (const Beginning& beginning : Beginnings()) {
    if (beginning.options.force_new) continue;
    for (uint64_t call = 1; call < 100; ++call) {
      const auto disk = beginning.make_disk();
      disk->CrashAtCall(call);
      ForgetfulFileSystem files(*disk, forgotten);
      const Trace before = RunUntilCrash(files, kPrompt, beginning.options);
      for (const CrashVariant variant : kAllCrashVariants) {
        for (uint64_t seed = 0; seed < NumUsefulSeeds(variant, kRandomSeeds); ++seed) {
          const auto restarted = disk->AfterCrash(variant, seed);
          const auto output = restarted->Contents(kOutput);
          if (output != beginning.old_output && output != reference) return true;
          if (before.finished && output != reference) return true;
          if (before.finished) continue;
          Trace after;
          try {
            after = RunUntilCrash(*restarted, kPrompt, beginning.options);
          } catch (const Error&) {
            return true;
          }
          for (const uint64_t row : after.computed) {
            if (before.synced.contains(row)) return true;
          }
          if (restarted->Contents(kOutput) != reference) return true;
          if (restarted->Contents(kOutput + ".run.json") != Report(kPrompt)) return true;
        }
      }
      if (before.finished) break;
    }
  }
  return false;
}

TEST(CrashEnumeration, ForgottenSyncsAreFound) {
  EXPECT_FALSE(EnumerationFinds("no such file"));
  for (const char* forgotten :
       {"/journal", "out.jsonl.part", "manifest.json.part", "out.jsonl.run.json.part",
        ".rowmill.done.part", "out.jsonl.rowmill", "data"}) {
    EXPECT_TRUE(EnumerationFinds(forgotten)) << forgotten;
  }
}

}  // namespace
}  // namespace rowmill
