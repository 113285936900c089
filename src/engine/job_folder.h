// The folder OUTPUT.rowmill/ that a job lives in until its output is complete, and the protocol by
// which the output appears: whole or not at all, whatever happens at any moment.
//
//   OUTPUT.rowmill/lock            an advisory lock: one process per output
//   OUTPUT.rowmill/manifest.json   what job this is (fingerprint); written once, before the journal
//   OUTPUT.rowmill/journal         finished rows (engine/journal.h)
//   OUTPUT.rowmill/scratch-*       per-row state of the running process, worthless afterwards
//   OUTPUT.part                    the output being rendered
//   OUTPUT.run.json                the run report
//   OUTPUT.rowmill.done            a copy of the manifest: output and report are complete and
//   durable,
//                                  only cleaning up is left
//
// Commit: sync OUTPUT.part, rename it to OUTPUT, sync the folder; write the report, then .done,
// each as temp file, sync, rename, sync of the folder; remove the journal, the manifest, the lock,
// the folder, sync; remove .done. So at every moment the disk is in one of these states, and the
// same command run again finishes from each:
//
//   no manifest, no .done     nothing done yet: start. A leftover journal here is thrown away.
//   manifest, no .done        resume. OUTPUT may be there already; it is rendered once more from
//   the
//                             journal, which gives the same bytes, and replaced by a rename.
//   .done                     finished. Removing the rest and then .done is all that is done. It is
//   a
//                             file of its own beside the folder because "the folder is half
//                             removed" would look the same as "the folder is half made".
//
// Not thread-safe. The lock keeps other processes out until the object is destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "engine/fingerprint.h"

namespace rowmill {

struct JobFolderOptions {
  bool overwrite = false;  // --overwrite: a finished OUTPUT may be replaced
  bool force_new = false;  // --force-new: throw finished rows of an unfinished job away
};

class JobFolder {
 public:
  enum class State : uint8_t {
    kNew,       // a job without rows
    kResumed,   // the journal may hold rows
    kComplete,  // this very job had finished, or was stopped while cleaning up: nothing is left
  };

  // Locks the output and finds or makes its folder. A finished OUTPUT of this very job is left as
  // it is, so that a command may be repeated until it succeeds: that it was killed after its last
  // step looks the same as that it was given twice. Throws ResourceError where another process
  // works on this output; UsageError where OUTPUT exists and may not be replaced, cannot be a file,
  // or an unfinished job differs from `fingerprint` (the differences are listed); DataError where
  // the manifest is damaged; IoError.
  static std::unique_ptr<JobFolder> Open(FileSystem& file_system, const std::string& output,
                                         const Fingerprint& fingerprint,
                                         const JobFolderOptions& options);
  ~JobFolder();
  JobFolder(const JobFolder&) = delete;
  JobFolder& operator=(const JobFolder&) = delete;

  State state() const { return state_; }
  const std::string& output_path() const { return output_; }
  std::string folder_path() const { return output_ + ".rowmill"; }
  std::string journal_path() const { return folder_path() + "/journal"; }
  std::string part_path() const { return output_ + ".part"; }
  std::string run_report_path() const { return output_ + ".run.json"; }
  // A path for state of this process. Whatever bears such a name is removed by the next Open and by
  // CommitOutput.
  std::string ScratchPath(std::string_view name) const;
  // What the journal carries, so that it is never taken for that of another job.
  uint64_t identity() const { return identity_; }

  // For a job that is refused before its first row was run: takes back what Open has made, so that
  // the mended command finds nothing in its way. Only a kNew job is taken back; others keep all
  // that they have.
  void AbandonIfNew();

  // Creates or empties OUTPUT.part.
  std::unique_ptr<File> OpenPart();

  // Makes OUTPUT.part the output, writes the report beside it and removes the folder. The journal
  // and all scratch files may still be open, but are gone afterwards. Throws UsageError where
  // another program has made an OUTPUT in the meantime that differs (nothing is lost: move it away
  // and run again); IoError, after which the same command finishes the job.
  void CommitOutput(std::unique_ptr<File> part, std::string_view run_report);

 private:
  JobFolder(FileSystem& file_system, std::string output);

  std::string lock_path() const { return folder_path() + "/lock"; }
  std::string manifest_path() const { return folder_path() + "/manifest.json"; }
  std::string done_path() const { return output_ + ".rowmill.done"; }

  void CheckOutputPlace() const;
  bool IsOutputOf(const Fingerprint& fingerprint);
  void AcquireLock();
  void EnterLocked(const Fingerprint& fingerprint, const JobFolderOptions& options);
  bool FinishDone(const Fingerprint& fingerprint);
  bool TryResume(const Fingerprint& fingerprint);
  void StartNew(const Fingerprint& fingerprint, const JobFolderOptions& options);
  void RemoveContents();
  void RemoveFolderItself();
  void RemoveUnused();
  bool OutputDiffersFromPart();

  FileSystem& file_system_;
  std::string output_;
  std::unique_ptr<File> lock_;
  State state_ = State::kNew;
  bool may_replace_output_ = false;
  uint64_t identity_ = 0;
  std::string manifest_;
};

}  // namespace rowmill
