#include "hub/pull.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "base/hash.h"
#include "base/whole_file.h"
#include "hub/git_blob.h"
#include "hub/http_client.h"

namespace rowmill {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPublicAddress = "https://huggingface.co";
// Attempts in a row that brought nothing, and the wait behind the first of them.
constexpr int kMaxFruitless = 4;
constexpr std::chrono::milliseconds kFirstWait{150};
constexpr size_t kMaxListingBytes = size_t{16} << 20;
constexpr size_t kReadBytes = size_t{1} << 20;

const std::atomic<bool> kNeverStop{false};

// Everything but letters, digits, "-._~" and '/' as %XX (RFC 3986).
std::string EncodePath(std::string_view path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') ||
                          std::string_view("-._~/").find(c) != std::string_view::npos;
    if (is_plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

void CreateFolders(const std::string& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) throw IoError("cannot create the folder '" + path + "': " + failure.message());
}

// The hash of a file's content in the hub's way: of the kind that `file.hash` is.
std::string ContentHash(const std::string& path, const HubFile& file, FileSystem& file_system) {
  const std::unique_ptr<File> content = file_system.Open(path, OpenMode::kRead);
  const bool is_large = file.hash.size() == 64;
  Sha256 sha256;
  Sha1 sha1;
  sha1.Update(AsBytes(GitBlobHeader(file.size)));
  std::vector<std::byte> buffer(kReadBytes);
  for (uint64_t at = 0;;) {
    const size_t count = content->ReadAt(at, buffer);
    if (count == 0) break;
    const std::span<const std::byte> piece(buffer.data(), count);
    is_large ? sha256.Update(piece) : sha1.Update(piece);
    at += count;
  }
  return is_large ? Hex(sha256.Finish()) : Hex(sha1.Finish());
}

class Pull {
 public:
  Pull(const HubReference& reference, const HubCache& cache, const PullOptions& options,
       FileSystem& file_system)
      : reference_(reference),
        cache_(cache),
        options_(options),
        file_system_(file_system),
        stop_(options.stop != nullptr ? *options.stop : kNeverStop) {}

  PulledModel Run();

 private:
  HubListing FetchListing();
  void FetchBlob(const HubFile& file, const std::string& commit);
  // Appends what is missing of the file to `part`, going on where the transfer breaks.
  void FetchContent(const HubFile& file, const std::string& url, File& part);
  void CheckSpace(const HubModelFiles& model);
  void Link(const HubFile& file, const std::string& commit);
  void WriteSmallFile(const std::string& path, const std::string& text);
  void Report(const HubFile& file, uint64_t bytes_of_file);
  // Waits before another attempt, or throws where there is none left.
  void RetryOrFail(const HttpResult& result, const std::string& what, int& fruitless);
  [[noreturn]] void Fail(const std::string& message) const {
    throw ModelError("--model " + reference_.text() + ": " + message);
  }
  void CheckStop() const {
    if (stop_.load()) {
      throw StoppedError("fetching " + reference_.text() +
                         " was stopped; the same command goes on where it ended");
    }
  }

  const HubReference& reference_;
  const HubCache& cache_;
  const PullOptions& options_;
  FileSystem& file_system_;
  const std::atomic<bool>& stop_;
  HttpClient client_;
  uint64_t bytes_before_ = 0;  // of the files that are done
  uint64_t bytes_total_ = 0;
};

void Pull::RetryOrFail(const HttpResult& result, const std::string& what, int& fruitless) {
  CheckStop();
  switch (result.status) {
    case 401:
    case 403:
      Fail("the hub refuses " + what + " (HTTP " + std::to_string(result.status) +
           "): there is no such repository, or it is private, or its terms have to be accepted on "
           "the hub first; then set HF_TOKEN to a token of your account");
    case 404:
      Fail("the hub has no " + what + " (HTTP 404); is the name right?");
    default:
      break;
  }
  const bool has_body = result.status == 200 || result.status == 206;
  const std::string reason = !result.failure.empty() ? result.failure
                             : has_body              ? "the answer ended early"
                                                     : "HTTP " + std::to_string(result.status);
  const bool can_pass = has_body || result.status == 0 || result.status == 408 ||
                        result.status == 416 || result.status == 429 || result.status >= 500;
  if (!can_pass || ++fruitless > kMaxFruitless) {
    throw IoError("fetching " + what + " of " + reference_.text() + " from " + options_.endpoint +
                  " failed: " + reason + "; what has come is kept, the same command goes on");
  }
  // In small steps, so that a signal is heard.
  const auto end = std::chrono::steady_clock::now() + kFirstWait * (1 << (fruitless - 1));
  while (std::chrono::steady_clock::now() < end) {
    CheckStop();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

HubListing Pull::FetchListing() {
  const std::string url =
      options_.endpoint + "/api/models/" + reference_.id() + "/revision/main?blobs=true";
  for (int fruitless = 0;;) {
    std::string text;
    const HttpResult result =
        client_.Get({url, options_.token}, stop_, [&](int, std::span<const std::byte> piece) {
          if (text.size() + piece.size() > kMaxListingBytes) Fail("the hub's answer is too long");
          text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        });
    if (result.status == 200 && result.failure.empty()) return ParseHubListing(text, url);
    RetryOrFail(result, "model " + reference_.id(), fruitless);
  }
}

void Pull::Report(const HubFile& file, uint64_t bytes_of_file) {
  if (options_.on_progress) {
    options_.on_progress({file.name, bytes_before_ + bytes_of_file, bytes_total_});
  }
}

void Pull::FetchContent(const HubFile& file, const std::string& url, File& part) {
  uint64_t at = part.Info().size;
  if (at > file.size) part.Truncate(at = 0);
  for (int fruitless = 0; at < file.size;) {
    Report(file, at);
    const uint64_t begin = at;
    bool is_first = true;
    const HttpResult result = client_.Get(
        {url, options_.token, begin}, stop_, [&](int status, std::span<const std::byte> piece) {
          // A server that knows no ranges sends everything.
          if (is_first && status == 200 && begin > 0) part.Truncate(at = 0);
          is_first = false;
          if (piece.size() > file.size - at) {
            part.Truncate(0);
            Fail("the hub sends more of " + file.name + " than the " + std::to_string(file.size) +
                 " bytes that it names; what came was thrown away");
          }
          part.WriteAt(at, piece);
          at += piece.size();
          Report(file, at);
        });
    if (at > begin) fruitless = 0;
    if (result.status == 416) part.Truncate(at = 0);  // It says that the range is not there.
    if (at < file.size) RetryOrFail(result, "file " + file.name, fruitless);
  }
}

void Pull::FetchBlob(const HubFile& file, const std::string& commit) {
  const std::string blob = cache_.BlobPath(reference_, file.hash);
  const std::string lock_path = cache_.LockPath(reference_, file.hash);
  CreateFolders(ParentFolder(blob));
  CreateFolders(ParentFolder(lock_path));
  std::unique_ptr<File> lock;
  try {
    lock = file_system_.OpenLocked(lock_path);
  } catch (const ResourceError&) {
    throw ResourceError("another process is fetching " + file.name + " of " + reference_.text() +
                        "; wait for it to end and run the same command again");
  }
  if (file_system_.Exists(blob)) {
    const bool is_whole = file_system_.Info(blob).size == file.size &&
                          ContentHash(blob, file, file_system_) == file.hash;
    if (is_whole) return;
    file_system_.Remove(blob);
  }
  const std::string url = options_.endpoint + "/" + reference_.id() + "/resolve/" + commit + "/" +
                          EncodePath(file.name);
  const std::string part_path = blob + ".incomplete";
  for (bool went_on = true; went_on;) {
    const std::unique_ptr<File> part = file_system_.Open(part_path, OpenMode::kReadWrite);
    went_on = part->Info().size > 0;
    FetchContent(file, url, *part);
    part->Sync();
    part->Close();
    if (ContentHash(part_path, file, file_system_) == file.hash) {
      file_system_.Rename(part_path, blob);
      file_system_.SyncFolder(ParentFolder(blob));
      return;
    }
    // What an earlier run left may be damaged: once more from the beginning, then no more.
    file_system_.Remove(part_path);
  }
  Fail("the content of " + file.name + " is not what the hub says it is: its hash is not " +
       file.hash +
       "; what came was thrown away. Try again; if it stays so, the file on the hub or " +
       "something on the way is damaged");
}

void Pull::Link(const HubFile& file, const std::string& commit) {
  const std::string path = cache_.SnapshotFolder(reference_, commit) + "/" + file.name;
  CreateFolders(ParentFolder(path));
  std::string target = "../../blobs/" + file.hash;
  for (char c : file.name) {
    if (c == '/') target = "../" + target;
  }
  std::error_code failure;
  if (fs::read_symlink(path, failure) == target) return;
  fs::remove(path, failure);
  fs::create_symlink(target, path, failure);
  if (failure) throw IoError("cannot create the link '" + path + "': " + failure.message());
}

void Pull::WriteSmallFile(const std::string& path, const std::string& text) {
  CreateFolders(ParentFolder(path));
  WriteWhole(file_system_, path, text);
}

void Pull::CheckSpace(const HubModelFiles& model) {
  uint64_t missing = 0;
  for (const HubFile& file : model.files) {
    const std::string blob = cache_.BlobPath(reference_, file.hash);
    uint64_t there = 0;
    for (const std::string& path : {blob, blob + ".incomplete"}) {
      if (file_system_.Exists(path)) there = std::max(there, file_system_.Info(path).size);
    }
    missing += file.size - std::min(file.size, there);
  }
  CreateFolders(cache_.folder());
  const uint64_t free_bytes = file_system_.FreeBytes(cache_.folder());
  if (missing > free_bytes) {
    throw IoError(reference_.text() + " takes " + std::to_string(missing) + " bytes more in '" +
                  cache_.folder() + "', and " + std::to_string(free_bytes) +
                  " are free there; make room, or set HF_HUB_CACHE to another folder");
  }
}

PulledModel Pull::Run() {
  const HubListing listing = FetchListing();
  const HubModelFiles model = ChooseModelFiles(reference_, listing.files);
  CheckSpace(model);
  for (const HubFile& file : model.files) bytes_total_ += file.size;
  for (const HubFile& file : model.files) {
    CheckStop();
    FetchBlob(file, listing.commit);
    bytes_before_ += file.size;
    Report(file, 0);
  }
  for (const HubFile& file : model.files) Link(file, listing.commit);
  WriteSmallFile(cache_.RepoFolder(reference_) + "/refs/main", listing.commit);
  WriteSmallFile(cache_.RecordPath(reference_),
                 cache_.RecordWith(reference_, listing.commit, model));
  const std::string snapshot = cache_.SnapshotFolder(reference_, listing.commit);
  return {model.gguf.empty() ? snapshot : snapshot + "/" + model.gguf, listing.commit, model.files};
}

}  // namespace

PullOptions PullOptionsFromEnvironment() {
  PullOptions options;
  const char* endpoint = std::getenv("HF_ENDPOINT");
  options.endpoint = endpoint != nullptr && *endpoint != '\0' ? endpoint : kPublicAddress;
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  if (const char* token = std::getenv("HF_TOKEN")) options.token = token;
  return options;
}

PulledModel PullModel(const HubReference& reference, const HubCache& cache,
                      const PullOptions& options, FileSystem& file_system) {
  return Pull(reference, cache, options, file_system).Run();
}

}  // namespace rowmill
