#include "engine/job_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/testing/crashing_file_system.h"
#include "base/testing/faulting_file_system.h"

namespace rowmill {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

Fingerprint Job(const std::string& prompt) {
  Fingerprint fingerprint;
  fingerprint.Add("prompt", prompt);
  fingerprint.Add("seed", "0");
  return fingerprint;
}

const std::string kOutput = "data/out.jsonl";
const std::string kReport = "{\"rows\": 1}\n";

class JobFolderTest : public testing::Test {
 protected:
  JobFolderTest() { disk_.PutFolder("data"); }

  std::unique_ptr<JobFolder> Open(const std::string& prompt, const JobFolderOptions& options = {}) {
    return JobFolder::Open(disk_, kOutput, Job(prompt), options);
  }
  static void Commit(JobFolder& job, const std::string& text) {
    auto part = job.OpenPart();
    part->WriteAt(0, AsBytes(text));
    job.CommitOutput(std::move(part), kReport);
  }
  std::string OpenError(const std::string& prompt, const JobFolderOptions& options = {}) {
    try {
      Open(prompt, options);
    } catch (const Error& error) {
      return "exit " + std::to_string(static_cast<int>(error.exit_code())) + ": " + error.what();
    }
    return "no error";
  }
  std::vector<std::string> Files() { return disk_.List("data"); }

  CrashingFileSystem disk_;
};

TEST_F(JobFolderTest, ANewJobLeavesOutputAndReportOnly) {
  const auto job = Open("a");
  EXPECT_EQ(job->state(), JobFolder::State::kNew);
  EXPECT_EQ(job->identity(), Job("a").Identity());
  EXPECT_THAT(Files(), ElementsAre("out.jsonl.rowmill"));
  EXPECT_THAT(disk_.List(job->folder_path()), ElementsAre("lock", "manifest.json"));
  disk_.Open(job->journal_path(), OpenMode::kReadWrite)->WriteAt(0, AsBytes("rows"));
  disk_.Open(job->ScratchPath("offsets"), OpenMode::kReadWrite);
  EXPECT_FALSE(disk_.Exists(kOutput));
  Commit(*job, "result");
  EXPECT_EQ(job->state(), JobFolder::State::kComplete);
  EXPECT_THAT(Files(), ElementsAre("out.jsonl", "out.jsonl.run.json"));
  EXPECT_EQ(disk_.Contents(kOutput), "result");
  EXPECT_EQ(disk_.Contents(job->run_report_path()), kReport);
}

TEST_F(JobFolderTest, TheSameJobIsResumedWithItsJournalButWithoutScratch) {
  Open("a");
  disk_.Put("data/out.jsonl.rowmill/journal", "rows");
  disk_.Put("data/out.jsonl.rowmill/scratch-offsets", "old");
  const auto job = Open("a");
  EXPECT_EQ(job->state(), JobFolder::State::kResumed);
  EXPECT_EQ(disk_.Contents(job->journal_path()), "rows");
  EXPECT_THAT(disk_.List(job->folder_path()), ElementsAre("journal", "lock", "manifest.json"));
}

TEST_F(JobFolderTest, AnotherJobIsRefusedWithTheDifferences) {
  Open("first");
  disk_.Put("data/out.jsonl.rowmill/journal", "rows");
  EXPECT_THAT(
      OpenError("second"),
      AllOf(HasSubstr("exit 1: "), HasSubstr("'data/out.jsonl.rowmill'"),
            HasSubstr("\n  prompt: was \"first\", is \"second\"\n"), HasSubstr("--force-new")));
  EXPECT_THAT(OpenError("second", {.overwrite = true}), HasSubstr("was \"first\""));
  EXPECT_EQ(disk_.Contents("data/out.jsonl.rowmill/journal"), "rows");
  EXPECT_EQ(Open("first")->state(), JobFolder::State::kResumed);
}

TEST_F(JobFolderTest, ForceNewThrowsTheRowsAway) {
  Open("first");
  disk_.Put("data/out.jsonl.rowmill/journal", "rows");
  const auto job = Open("second", {.force_new = true});
  EXPECT_EQ(job->state(), JobFolder::State::kNew);
  EXPECT_FALSE(disk_.Exists(job->journal_path()));
}

TEST_F(JobFolderTest, AFinishedOutputIsNotReplacedUnasked) {
  Commit(*Open("a"), "result");
  for (const char* prompt : {"a", "b"}) {
    EXPECT_THAT(OpenError(prompt), AllOf(HasSubstr("exit 1: "), HasSubstr("exists already"),
                                         HasSubstr("--overwrite"), HasSubstr(kOutput)));
    EXPECT_THAT(OpenError(prompt, {.force_new = true}), HasSubstr("exists already"));
    EXPECT_THAT(Files(), ElementsAre("out.jsonl", "out.jsonl.run.json"));
  }
  // An empty folder of a job that never began changes nothing about that, and goes.
  disk_.CreateFolder("data/out.jsonl.rowmill");
  EXPECT_THAT(OpenError("a"), HasSubstr("exists already"));
  EXPECT_THAT(Files(), ElementsAre("out.jsonl", "out.jsonl.run.json"));
}

TEST_F(JobFolderTest, OverwriteReplacesAtTheEndOnly) {
  Commit(*Open("a"), "old");
  {
    const auto job = Open("b", {.overwrite = true});
    EXPECT_EQ(job->state(), JobFolder::State::kNew);
    EXPECT_EQ(disk_.Contents(kOutput), "old");
  }
  // The permission was given to the job, so it need not be repeated.
  const auto job = Open("b");
  EXPECT_EQ(job->state(), JobFolder::State::kResumed);
  Commit(*job, "new");
  EXPECT_EQ(disk_.Contents(kOutput), "new");
  EXPECT_THAT(Files(), ElementsAre("out.jsonl", "out.jsonl.run.json"));
}

TEST_F(JobFolderTest, AnOutputThatAppearsMeanwhileIsNotReplaced) {
  auto job = Open("a");
  disk_.Put(kOutput, "theirs");
  EXPECT_THROW(Commit(*job, "result"), UsageError);
  EXPECT_EQ(disk_.Contents(kOutput), "theirs");
  // The rows are kept: with the permission the same command goes on.
  job.reset();
  job = Open("a", {.overwrite = true});
  EXPECT_EQ(job->state(), JobFolder::State::kResumed);
  Commit(*job, "result");
  EXPECT_EQ(disk_.Contents(kOutput), "result");
}

TEST_F(JobFolderTest, AnOutputWithTheVeryBytesIsOurOwn) {
  const auto job = Open("a");
  const std::string text(600'000, 'r');
  disk_.Put(kOutput, text.substr(1) + "x");
  EXPECT_THROW(Commit(*job, text), UsageError);
  disk_.Put(kOutput, text);
  EXPECT_NO_THROW(Commit(*job, text));
}

TEST_F(JobFolderTest, OneProcessPerOutput) {
  const auto job = Open("a");
  EXPECT_THAT(OpenError("a"), AllOf(HasSubstr("exit 6: "), HasSubstr("'" + kOutput + "'")));
  EXPECT_THAT(OpenError("b", {.overwrite = true, .force_new = true}), HasSubstr("exit 6: "));
  EXPECT_NO_THROW(JobFolder::Open(disk_, "data/other.jsonl", Job("a"), {}));
}

TEST_F(JobFolderTest, PlacesThatCannotBeAFile) {
  disk_.CreateFolder("data/sub");
  for (const char* output : {"", "data/", "data/sub", "missing/out"}) {
    EXPECT_THROW(JobFolder::Open(disk_, output, Job("a"), {.overwrite = true}), UsageError);
  }
  const auto files = MakePosixFileSystem();
  EXPECT_THROW(JobFolder::Open(*files, "/dev/null", Job("a"), {.overwrite = true}), UsageError);
  EXPECT_THAT(Files(), ElementsAre("sub"));
}

TEST_F(JobFolderTest, ADamagedManifestIsRefused) {
  const std::string path = Open("a")->folder_path() + "/manifest.json";
  const std::string text = disk_.Contents(path).value();
  const auto check = [&](const std::string& damaged) {
    disk_.Put(path, damaged);
    const std::string error = OpenError("a");
    EXPECT_THAT(error, AllOf(HasSubstr("exit 2: "), HasSubstr("--force-new"))) << damaged;
    EXPECT_EQ(disk_.Contents(path), damaged);
  };
  for (size_t size = 0; size < text.size(); ++size) check(text.substr(0, size));
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    check(damaged);
  }
  check(std::string(1 << 20, '['));
  check("{\"format\": 1, \"overwrite\": false, \"fingerprint\": " + std::string(1 << 20, '['));
  std::string deep = "{\"format\": 1, \"overwrite\": false, \"fingerprint\": ";
  deep += std::string(1 << 20, '[') + std::string(1 << 20, ']') + "}";
  check(deep);
  check(std::string((16 << 20) + 1, ' '));
  EXPECT_EQ(Open("a", {.force_new = true})->state(), JobFolder::State::kNew);
}

TEST_F(JobFolderTest, AFolderWithoutManifestIsANewJob) {
  disk_.PutFolder("data/out.jsonl.rowmill");
  disk_.Put("data/out.jsonl.rowmill/journal", "of whom?");
  disk_.Put("data/out.jsonl.rowmill/manifest.json.part", "{");
  const auto job = Open("a");
  EXPECT_EQ(job->state(), JobFolder::State::kNew);
  EXPECT_THAT(disk_.List(job->folder_path()), ElementsAre("lock", "manifest.json"));
}

// Runs a commit that fails in its last steps, so that .done is there.
void CommitButKeepDone(CrashingFileSystem& disk) {
  FaultPlan plan;
  plan.operations = static_cast<uint32_t>(FileOperation::kRemove);
  plan.nth = 2;
  FaultingFileSystem files(disk, plan);
  const auto job = JobFolder::Open(files, kOutput, Job("a"), {});
  disk.Put(job->journal_path(), "rows");
  auto part = job->OpenPart();
  part->WriteAt(0, AsBytes("result"));
  EXPECT_THROW(job->CommitOutput(std::move(part), kReport), IoError);
  EXPECT_TRUE(disk.Exists("data/out.jsonl.rowmill.done"));
}

TEST_F(JobFolderTest, AJobThatFailedWhileCleaningUpIsComplete) {
  CommitButKeepDone(disk_);
  const auto job = Open("a");
  EXPECT_EQ(job->state(), JobFolder::State::kComplete);
  EXPECT_THAT(Files(), ElementsAre("out.jsonl", "out.jsonl.run.json"));
  EXPECT_EQ(disk_.Contents(kOutput), "result");
  EXPECT_THAT(OpenError("a"), HasSubstr("exists already"));
}

TEST_F(JobFolderTest, AnotherJobAfterOneThatFailedWhileCleaningUp) {
  CommitButKeepDone(disk_);
  EXPECT_THAT(OpenError("b"), HasSubstr("exists already"));
  EXPECT_THAT(Files(), ElementsAre("out.jsonl", "out.jsonl.run.json"));
  disk_.Remove(kOutput);
  CommitButKeepDone(disk_);
  EXPECT_EQ(Open("b", {.overwrite = true})->state(), JobFolder::State::kNew);
  EXPECT_THAT(Files(), ElementsAre("out.jsonl", "out.jsonl.rowmill", "out.jsonl.run.json"));
}

TEST_F(JobFolderTest, ADoneFileWithoutItsOutputOrDamagedIsNoProof) {
  CommitButKeepDone(disk_);
  disk_.Remove(kOutput);
  EXPECT_EQ(Open("a")->state(), JobFolder::State::kNew);
  EXPECT_FALSE(disk_.Exists("data/out.jsonl.rowmill.done"));
  Commit(*Open("a"), "result");
  disk_.Put("data/out.jsonl.rowmill.done", "damaged");
  EXPECT_THAT(OpenError("a"), HasSubstr("exists already"));
}

TEST_F(JobFolderTest, FilesOfOthersInTheFolderStay) {
  const auto job = Open("a");
  disk_.Put(job->folder_path() + "/notes.txt", "mine");
  Commit(*job, "result");
  EXPECT_THAT(disk_.List(job->folder_path()), ElementsAre("notes.txt"));
  EXPECT_THAT(Files(),
              UnorderedElementsAre("out.jsonl", "out.jsonl.run.json", "out.jsonl.rowmill"));
}

TEST_F(JobFolderTest, CommittingTwiceIsABugOfOurs) {
  const auto job = Open("a");
  Commit(*job, "result");
  EXPECT_THROW(Commit(*job, "result"), InternalError);
}

TEST(JobFolderOnDisk, TheLockEndsWithTheProcess) {
  const std::string folder = testing::TempDir() + "rowmill_job_" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  const std::string output = folder + "/out file\n.jsonl";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto files = MakePosixFileSystem();
    const auto job = JobFolder::Open(*files, output, Job("a"), {});
    if (write(ready[1], "x", 1) != 1) _exit(1);
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  close(ready[1]);
  const auto files = MakePosixFileSystem();
  EXPECT_THROW(JobFolder::Open(*files, output, Job("a"), {}), ResourceError);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto job = JobFolder::Open(*files, output, Job("a"), {});
  EXPECT_EQ(job->state(), JobFolder::State::kResumed);
  auto part = job->OpenPart();
  part->WriteAt(0, AsBytes("result"));
  job->CommitOutput(std::move(part), kReport);
  std::ifstream stream(output);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), "result");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace rowmill
