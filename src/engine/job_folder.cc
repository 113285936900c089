#include "engine/job_folder.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/whole_file.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kManifestFormat = 1;
constexpr uint64_t kMaxManifestBytes = uint64_t{16} << 20;
constexpr int kMaxManifestDepth = 8;
constexpr std::string_view kScratchPrefix = "scratch-";
constexpr int kLockAttempts = 16;

struct Manifest {
  bool may_replace_output = false;
  Fingerprint fingerprint;
};

std::string ManifestToJson(const Manifest& manifest) {
  Json json;
  json["format"] = kManifestFormat;
  json["overwrite"] = manifest.may_replace_output;
  json["fingerprint"] = Json::parse(manifest.fingerprint.ToJson());
  return json.dump(2) + "\n";
}

// Throws DataError for text that ManifestToJson has not written.
Manifest ManifestFromJson(const std::string& text, const std::string& where) {
  const DataError damaged("'" + where +
                          "' is damaged: it no longer says what job the finished rows belong to; "
                          "restore it, or start over with --force-new");
  // What is nested deeper than anything we write is left out: dump() below recurses.
  const auto is_shallow = [](int depth, Json::parse_event_t, Json&) {
    return depth <= kMaxManifestDepth;
  };
  const Json json = Json::parse(text, is_shallow, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("format") || !json.contains("overwrite") ||
      !json.contains("fingerprint") || !json["overwrite"].is_boolean()) {
    throw damaged;
  }
  if (json["format"] != kManifestFormat) {
    throw DataError("'" + where +
                    "' was written by another version of Rowmill: finish the job with that version "
                    "or start over with --force-new");
  }
  Manifest manifest{json["overwrite"].get<bool>(),
                    Fingerprint::FromJson(json["fingerprint"].dump(2), where)};
  if (ManifestToJson(manifest) != text) throw damaged;
  return manifest;
}

std::string ReadSmallFile(FileSystem& file_system, const std::string& path) {
  const std::unique_ptr<File> file = file_system.Open(path, OpenMode::kRead);
  const uint64_t size = file->Info().size;
  if (size > kMaxManifestBytes) {
    throw DataError("'" + path + "' is too large (" + std::to_string(size) +
                    " bytes) to be what Rowmill has written: start over with --force-new");
  }
  return ReadWhole(*file);
}

UsageError OutputExists(const std::string& output) {
  return UsageError("'" + output +
                    "' exists already: give --overwrite to replace it, or another output file");
}

bool IsBelow(const std::string& name, std::string_view prefix) {
  return std::string_view(name).substr(0, prefix.size()) == prefix;
}

}  // namespace

JobFolder::JobFolder(FileSystem& file_system, std::string output)
    : file_system_(file_system), output_(std::move(output)) {}

JobFolder::~JobFolder() = default;

std::unique_ptr<JobFolder> JobFolder::Open(FileSystem& file_system, const std::string& output,
                                           const Fingerprint& fingerprint,
                                           const JobFolderOptions& options) {
  std::unique_ptr<JobFolder> job(new JobFolder(file_system, output));
  job->identity_ = fingerprint.Identity();
  job->CheckOutputPlace();
  // The common mistake is refused before anything is made.
  if (!options.overwrite && file_system.Exists(output) && !file_system.Exists(job->folder_path()) &&
      !file_system.Exists(job->done_path())) {
    if (!job->IsOutputOf(fingerprint)) throw OutputExists(output);
    job->state_ = State::kComplete;
    return job;
  }
  job->AcquireLock();
  job->EnterLocked(fingerprint, options);
  return job;
}

void JobFolder::CheckOutputPlace() const {
  if (output_.empty() || output_.back() == '/') {
    throw UsageError("the output '" + output_ + "' is not the name of a file");
  }
  const std::string parent = ParentFolder(output_);
  if (!file_system_.Exists(parent)) {
    throw UsageError("the folder '" + parent + "' of the output does not exist: create it first");
  }
  if (!file_system_.Exists(output_)) return;
  const FileInfo::Kind kind = file_system_.Info(output_).kind;
  if (kind == FileInfo::Kind::kFolder) {
    throw UsageError("the output '" + output_ + "' is a folder: give the name of a file");
  }
  if (kind != FileInfo::Kind::kRegular) {
    throw UsageError("the output '" + output_ +
                     "' is not a regular file: to write to a pipe or a device use '-o -' and let "
                     "the shell redirect it");
  }
}

// Whether the output that is there is the one that this very job wrote: the report says so, and
// the file has the size that it had then.
bool JobFolder::IsOutputOf(const Fingerprint& fingerprint) {
  if (!file_system_.Exists(run_report_path())) return false;
  const std::string text = ReadSmallFile(file_system_, run_report_path());
  const auto is_shallow = [](int depth, Json::parse_event_t, Json&) {
    return depth <= kMaxManifestDepth;
  };
  const Json json = Json::parse(text, is_shallow, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("job") || !json["job"].is_object()) return false;
  // One that was stopped early by --max-errors, or by damaged input, may be asked for again.
  if (!json.contains("exit_code") || json["exit_code"] != 0) return false;
  const Json& job = json["job"];
  return job.contains("fingerprint") && job["fingerprint"] == fingerprint.Digest() &&
         job.contains("output_bytes") && job["output_bytes"] == file_system_.Info(output_).size;
}

// The folder may vanish between our two calls, when the process before us finishes.
void JobFolder::AcquireLock() {
  for (int attempt = 1; lock_ == nullptr; ++attempt) {
    file_system_.CreateFolder(folder_path());
    try {
      lock_ = file_system_.OpenLocked(lock_path());
    } catch (const ResourceError&) {
      throw ResourceError("the output '" + output_ +
                          "' is being written by another Rowmill process, which holds '" +
                          lock_path() + "': wait for it to end, or give another output file");
    } catch (const IoError&) {
      if (attempt == kLockAttempts || file_system_.Exists(folder_path())) throw;
    }
  }
  file_system_.SyncFolder(ParentFolder(output_));
}

void JobFolder::EnterLocked(const Fingerprint& fingerprint, const JobFolderOptions& options) {
  if (file_system_.Exists(done_path()) && FinishDone(fingerprint)) return;
  const bool has_manifest = file_system_.Exists(manifest_path());
  if (has_manifest && !options.force_new && TryResume(fingerprint)) {
    may_replace_output_ = may_replace_output_ || options.overwrite;
    return;
  }
  if (!options.overwrite && file_system_.Exists(output_)) {
    if (!has_manifest) RemoveUnused();
    throw OutputExists(output_);
  }
  StartNew(fingerprint, options);
}

// An earlier run had finished. Removes what it left; true where it was this very job.
bool JobFolder::FinishDone(const Fingerprint& fingerprint) {
  bool is_this_job = false;
  try {
    const Manifest manifest =
        ManifestFromJson(ReadSmallFile(file_system_, done_path()), done_path());
    is_this_job = CompareFingerprints(manifest.fingerprint, fingerprint).empty();
  } catch (const DataError&) {
    // Damaged: some job had finished here, which one cannot be known. OUTPUT is treated as any
    // file.
  }
  RemoveContents();
  if (is_this_job && file_system_.Exists(output_)) {
    RemoveFolderItself();
    state_ = State::kComplete;
    return true;
  }
  // The removals first, or a crash could bring the manifest back without its .done.
  file_system_.SyncFolder(folder_path());
  file_system_.Remove(done_path());
  file_system_.SyncFolder(ParentFolder(output_));
  return false;
}

bool JobFolder::TryResume(const Fingerprint& fingerprint) {
  manifest_ = ReadSmallFile(file_system_, manifest_path());
  const Manifest manifest = ManifestFromJson(manifest_, manifest_path());
  const std::vector<FingerprintDifference> differences =
      CompareFingerprints(manifest.fingerprint, fingerprint);
  if (!differences.empty()) {
    std::string message =
        "'" + folder_path() + "' holds the finished rows of a job that was started differently:\n";
    for (const FingerprintDifference& difference : differences) {
      message += "  " + DescribeDifference(difference) + "\n";
    }
    throw UsageError(message +
                     "Give the earlier values to go on with it, another output file to keep it, or "
                     "--force-new to throw its rows away and start over");
  }
  may_replace_output_ = manifest.may_replace_output;
  for (const std::string& name : file_system_.List(folder_path())) {
    if (IsBelow(name, kScratchPrefix)) file_system_.Remove(folder_path() + "/" + name);
  }
  state_ = State::kResumed;
  return true;
}

void JobFolder::StartNew(const Fingerprint& fingerprint, const JobFolderOptions& options) {
  may_replace_output_ = options.overwrite;
  manifest_ = ManifestToJson({may_replace_output_, fingerprint});
  // An old manifest goes first and durably, so that it never stands over a journal that is gone.
  // The sync within WriteWhole makes the other removals durable before the new manifest counts.
  if (file_system_.Exists(manifest_path())) {
    file_system_.Remove(manifest_path());
    file_system_.SyncFolder(folder_path());
  }
  RemoveContents();
  file_system_.SyncFolder(folder_path());
  WriteWhole(file_system_, manifest_path(), manifest_);
  state_ = State::kNew;
}

std::string JobFolder::ScratchPath(std::string_view name) const {
  return folder_path() + "/" + std::string(kScratchPrefix) + std::string(name);
}

std::unique_ptr<File> JobFolder::OpenPart() {
  return file_system_.Open(part_path(), OpenMode::kTruncate);
}

// Our files but the lock. What others have put there is left alone.
void JobFolder::RemoveContents() {
  for (const std::string& name : file_system_.List(folder_path())) {
    const bool ours = name == "journal" || name == "manifest.json" ||
                      name == "manifest.json.part" || IsBelow(name, kScratchPrefix);
    if (ours) file_system_.Remove(folder_path() + "/" + name);
  }
}

// From the moment on when the lock file has no name, another process may enter and finish the
// cleaning up itself, so a thing that is gone already is no failure here.
void JobFolder::RemoveFolderItself() {
  file_system_.Remove(lock_path());
  try {
    file_system_.RemoveFolder(folder_path());
  } catch (const IoError&) {
    // Files of others keep the folder alive, which takes nothing from the finished output.
    const bool is_ours = file_system_.Exists(folder_path());
    if (is_ours && file_system_.List(folder_path()).empty()) throw;
  }
  // Only when the folder is durably gone may .done go, which tells that its remains mean nothing.
  file_system_.SyncFolder(ParentFolder(output_));
  try {
    file_system_.Remove(done_path());
  } catch (const IoError&) {
    if (file_system_.Exists(done_path())) throw;
  }
}

void JobFolder::AbandonIfNew() {
  if (state_ == State::kNew) RemoveUnused();
}

// Before a refusal: a folder that we may just have made is not left behind. The manifest goes
// before the lock does, or another process could take up a job that nobody wants.
void JobFolder::RemoveUnused() {
  try {
    RemoveContents();
    file_system_.Remove(lock_path());
    file_system_.RemoveFolder(folder_path());
  } catch (const IoError&) {
    // The refusal is what the user has to know; an empty folder harms nothing.
  }
}

bool JobFolder::OutputDiffersFromPart() {
  const std::unique_ptr<File> output = file_system_.Open(output_, OpenMode::kRead);
  const std::unique_ptr<File> part = file_system_.Open(part_path(), OpenMode::kRead);
  if (output->Info().size != part->Info().size) return true;
  std::vector<std::byte> output_bytes(size_t{1} << 18);
  std::vector<std::byte> part_bytes(output_bytes.size());
  uint64_t offset = 0;
  while (true) {
    const size_t count = output->ReadAt(offset, output_bytes);
    if (part->ReadAt(offset, part_bytes) != count) return true;
    if (count == 0) return false;
    const auto end = output_bytes.begin() + static_cast<ptrdiff_t>(count);
    if (!std::equal(output_bytes.begin(), end, part_bytes.begin())) return true;
    offset += count;
  }
}

void JobFolder::CommitOutput(std::unique_ptr<File> part, std::string_view run_report) {
  CHECK(lock_ != nullptr && state_ != State::kComplete);
  part->Sync();
  part->Close();
  part.reset();
  // An OUTPUT with these very bytes is our own, from before a crash between the rename and .done.
  if (!may_replace_output_ && file_system_.Exists(output_) && OutputDiffersFromPart()) {
    throw UsageError("'" + output_ +
                     "' has appeared while the job was running and is not replaced: move it away "
                     "or give --overwrite, and run the same command again (all rows are done)");
  }
  file_system_.Rename(part_path(), output_);
  file_system_.SyncFolder(ParentFolder(output_));
  WriteWhole(file_system_, run_report_path(), run_report);
  WriteWhole(file_system_, done_path(), manifest_);
  RemoveContents();
  RemoveFolderItself();
  state_ = State::kComplete;
}

}  // namespace rowmill
