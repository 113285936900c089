#include "base/testing/crashing_file_system.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include "base/error.h"

namespace rowmill {

struct CrashingFileSystem::Node {
  struct PendingWrite {
    enum class Kind : uint8_t { kWrite, kTruncate } kind = Kind::kWrite;
    uint64_t moment = 0;
    uint64_t offset = 0;  // or the new size
    std::vector<std::byte> bytes;
    bool under_way = false;  // the process died in it
  };
  struct PendingName {
    uint64_t moment = 0;
    std::string removed;  // empty: none
    std::string added;    // empty: none
    std::shared_ptr<Node> node;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  uint64_t id = 0;
  FileInfo::Kind kind = FileInfo::Kind::kRegular;
  uint64_t last_change = 0;
  bool locked = false;
  std::vector<std::byte> bytes;
  std::vector<std::byte> synced_bytes;
  std::vector<PendingWrite> pending_writes;
  Names names;
  Names synced_names;
  std::vector<PendingName> pending_names;
};

namespace {

using Node = CrashingFileSystem::Node;
constexpr uint64_t kSectorBytes = 512;

// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from every compiler and library.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool OneIn(uint64_t bound) { return Below(bound) == 0; }

 private:
  uint64_t state_;
};

[[noreturn]] void Fail(const char* operation, const std::string& path, const char* reason) {
  throw IoError(std::string("cannot ") + operation + " '" + path + "': " + reason);
}

void WriteInto(std::vector<std::byte>& content, uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<ptrdiff_t>(offset));
}

void Apply(std::vector<std::byte>& content, const Node::PendingWrite& write) {
  if (write.kind == Node::PendingWrite::Kind::kTruncate) {
    content.resize(write.offset);
  } else {
    WriteInto(content, write.offset, write.bytes);
  }
}

// The sectors of the file that a write touches, as pieces of it.
std::vector<std::span<const std::byte>> Sectors(const Node::PendingWrite& write) {
  std::vector<std::span<const std::byte>> sectors;
  std::span<const std::byte> rest = write.bytes;
  uint64_t offset = write.offset;
  while (!rest.empty()) {
    const size_t size = std::min<uint64_t>(rest.size(), kSectorBytes - offset % kSectorBytes);
    sectors.push_back(rest.first(size));
    rest = rest.subspan(size);
    offset += size;
  }
  return sectors;
}

// Leaves the first sectors of a write, a random number of them.
void CutWrite(Node::PendingWrite& write, Random& random) {
  const auto sectors = Sectors(write);
  const uint64_t num_kept = random.Below(sectors.size() + 1);
  size_t num_bytes = 0;
  for (uint64_t i = 0; i < num_kept; ++i) num_bytes += sectors[i].size();
  write.bytes.resize(num_bytes);
  write.under_way = false;
}

// Any of the sectors of a write. The file has grown to the write's end in half of the cases, with
// zeros where the sectors are missing, as after a size update that came before the data.
void ApplyTorn(std::vector<std::byte>& content, const Node::PendingWrite& write, Random& random) {
  uint64_t offset = write.offset;
  for (const auto& sector : Sectors(write)) {
    if (random.OneIn(2)) WriteInto(content, offset, sector);
    offset += sector.size();
  }
  if (random.OneIn(2) && content.size() < offset) content.resize(offset);
}

struct Survival {
  CrashVariant variant;
  uint64_t seed;
  uint64_t last_moment;  // kRandomPrefix: changes after it are lost
};

std::vector<std::byte> SurvivingBytes(const Node& node, const Survival& survival, Random& random) {
  std::vector<std::byte> content = node.synced_bytes;
  for (size_t i = 0; i < node.pending_writes.size(); ++i) {
    const Node::PendingWrite& write = node.pending_writes[i];
    const bool is_last = i + 1 == node.pending_writes.size();
    switch (survival.variant) {
      case CrashVariant::kDropUnsynced:
        break;
      case CrashVariant::kNamesBeforeData:
        if (survival.seed % 2 == 1 && write.kind == Node::PendingWrite::Kind::kWrite) {
          content.resize(std::max<uint64_t>(content.size(), write.offset + write.bytes.size()));
        }
        break;
      case CrashVariant::kKeepAll:  // See AfterKill.
        break;
      case CrashVariant::kRandomPrefix:
        if (write.moment > survival.last_moment) break;
        [[fallthrough]];
      case CrashVariant::kDataBeforeNames: {
        Node::PendingWrite kept = write;
        if (kept.under_way) CutWrite(kept, random);
        Apply(content, kept);
        break;
      }
      case CrashVariant::kRandomSubset:
        if (random.OneIn(3)) break;
        if (write.kind == Node::PendingWrite::Kind::kWrite && (is_last || random.OneIn(3))) {
          ApplyTorn(content, write, random);
        } else {
          Apply(content, write);
        }
        break;
    }
  }
  return content;
}

Node::Names SurvivingNames(const Node& node, const Survival& survival, Random& random) {
  Node::Names names = node.synced_names;
  for (const Node::PendingName& change : node.pending_names) {
    bool keep = false;
    switch (survival.variant) {
      case CrashVariant::kDropUnsynced:
      case CrashVariant::kDataBeforeNames:
      case CrashVariant::kKeepAll:  // See AfterKill.
        break;
      case CrashVariant::kNamesBeforeData:
        keep = true;
        break;
      case CrashVariant::kRandomPrefix:
        keep = change.moment <= survival.last_moment;
        break;
      case CrashVariant::kRandomSubset:
        keep = !random.OneIn(3);
        break;
    }
    if (!keep) continue;
    if (!change.removed.empty()) names.erase(change.removed);
    if (!change.added.empty()) names[change.added] = change.node;
  }
  return names;
}

// The components of a path; "." and empty ones name nothing.
std::vector<std::string> Components(const std::string& path) {
  std::vector<std::string> components;
  std::string component;
  for (const char c : path + "/") {
    if (c != '/') {
      component.push_back(c);
      continue;
    }
    if (!component.empty() && component != ".") components.push_back(component);
    component.clear();
  }
  return components;
}

}  // namespace

uint64_t NumUsefulSeeds(CrashVariant variant, uint64_t num_random_seeds) {
  switch (variant) {
    case CrashVariant::kDropUnsynced:
      return 1;
    case CrashVariant::kNamesBeforeData:
      return 2;
    case CrashVariant::kKeepAll:  // The seed decides where the write under way is cut.
    case CrashVariant::kDataBeforeNames:
      return 2;
    case CrashVariant::kRandomPrefix:
    case CrashVariant::kRandomSubset:
      return num_random_seeds;
  }
  return 1;
}

const char* Name(CrashVariant variant) {
  switch (variant) {
    case CrashVariant::kDropUnsynced:
      return "drop unsynced";
    case CrashVariant::kKeepAll:
      return "keep all";
    case CrashVariant::kNamesBeforeData:
      return "names before data";
    case CrashVariant::kDataBeforeNames:
      return "data before names";
    case CrashVariant::kRandomPrefix:
      return "random prefix";
    case CrashVariant::kRandomSubset:
      return "random subset";
  }
  return "?";
}

class CrashingFile : public File {
 public:
  enum class Lock : uint8_t { kNone, kHeld };

  CrashingFile(CrashingFileSystem& system, std::shared_ptr<Node> node, Lock lock)
      : system_(system), node_(std::move(node)), lock_(lock) {
    if (lock_ == Lock::kHeld) node_->locked = true;
  }
  ~CrashingFile() override {
    if (lock_ == Lock::kHeld) node_->locked = false;
  }

  size_t ReadAt(uint64_t offset, std::span<std::byte> out) override {
    system_.CheckAlive();
    if (offset >= node_->bytes.size()) return 0;
    const size_t count = std::min<uint64_t>(out.size(), node_->bytes.size() - offset);
    std::copy_n(node_->bytes.begin() + static_cast<ptrdiff_t>(offset), count, out.begin());
    return count;
  }
  void WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    const bool crash = system_.IsCrash();
    Change({.kind = Node::PendingWrite::Kind::kWrite,
            .moment = 0,
            .offset = offset,
            .bytes = {bytes.begin(), bytes.end()},
            .under_way = crash});
    if (crash) throw SimulatedCrash();
  }
  void Truncate(uint64_t size) override {
    system_.CountChange();
    Change({.kind = Node::PendingWrite::Kind::kTruncate,
            .moment = 0,
            .offset = size,
            .bytes = {},
            .under_way = false});
  }
  void Sync() override {
    system_.CountChange();
    node_->synced_bytes = node_->bytes;
    node_->pending_writes.clear();
  }
  FileInfo Info() override {
    system_.CheckAlive();
    return InfoOf(*node_);
  }
  void Close() override {
    system_.CheckAlive();
    if (lock_ == Lock::kHeld) node_->locked = false;
    lock_ = Lock::kNone;
  }

  static FileInfo InfoOf(const Node& node) {
    FileInfo info;
    info.size = node.bytes.size();
    info.device = 1;
    info.inode = node.id;
    info.mtime_ns = static_cast<int64_t>(node.last_change);
    info.kind = node.kind;
    return info;
  }

 private:
  void Change(Node::PendingWrite write) {
    write.moment = ++system_.num_changes_;
    node_->last_change = write.moment;
    Apply(node_->bytes, write);
    node_->pending_writes.push_back(std::move(write));
  }

  CrashingFileSystem& system_;
  std::shared_ptr<Node> node_;
  Lock lock_;
};

CrashingFileSystem::CrashingFileSystem() : root_(NewNode(FileInfo::Kind::kFolder)) {}
CrashingFileSystem::~CrashingFileSystem() = default;

void CrashingFileSystem::CrashAtCall(uint64_t n) { crash_at_call_ = num_calls_ + n; }

void CrashingFileSystem::CheckAlive() const {
  if (crashed_) throw SimulatedCrash();
}

bool CrashingFileSystem::IsCrash() {
  CheckAlive();
  ++num_calls_;
  crashed_ = num_calls_ == crash_at_call_;
  return crashed_;
}

void CrashingFileSystem::CountChange() {
  if (IsCrash()) throw SimulatedCrash();
}

std::shared_ptr<Node> CrashingFileSystem::NewNode(FileInfo::Kind kind) {
  auto node = std::make_shared<Node>();
  node->id = ++num_nodes_;
  node->kind = kind;
  return node;
}

CrashingFileSystem::Place CrashingFileSystem::Locate(const std::string& path) const {
  std::vector<std::string> components = Components(path);
  if (components.empty()) return {nullptr, ""};
  const std::string name = components.back();
  components.pop_back();
  std::shared_ptr<Node> folder = root_;
  for (const std::string& component : components) {
    const auto found = folder->names.find(component);
    if (found == folder->names.end()) return {nullptr, name};
    folder = found->second;
    if (folder->kind != FileInfo::Kind::kFolder) return {nullptr, name};
  }
  return {folder, name};
}

std::shared_ptr<Node> CrashingFileSystem::Find(const std::string& path) const {
  if (Components(path).empty()) return root_;
  const Place place = Locate(path);
  if (place.folder == nullptr) return nullptr;
  const auto found = place.folder->names.find(place.name);
  return found == place.folder->names.end() ? nullptr : found->second;
}

std::shared_ptr<Node> CrashingFileSystem::FindFolder(const std::string& path,
                                                     const char* operation) const {
  std::shared_ptr<Node> node = Find(path);
  if (node == nullptr) Fail(operation, path, "No such file or directory");
  if (node->kind != FileInfo::Kind::kFolder) Fail(operation, path, "Not a directory");
  return node;
}

CrashingFileSystem::Place CrashingFileSystem::LocateIn(const std::string& path,
                                                       const char* operation) const {
  Place place = Locate(path);
  if (place.folder == nullptr) Fail(operation, path, "No such file or directory");
  return place;
}

void CrashingFileSystem::ChangeName(Node& folder, const std::string& removed,
                                    const std::string& added, const std::shared_ptr<Node>& node) {
  if (!removed.empty()) folder.names.erase(removed);
  if (!added.empty()) folder.names[added] = node;
  folder.pending_names.push_back({++num_changes_, removed, added, node});
}

std::shared_ptr<Node> CrashingFileSystem::OpenNode(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::kRead) {
    CheckAlive();
  } else {
    CountChange();
  }
  const Place place = LocateIn(path, "open");
  const auto found = place.folder->names.find(place.name);
  if (found != place.folder->names.end()) {
    if (mode == OpenMode::kCreateNew) Fail("open", path, "File exists");
    if (found->second->kind == FileInfo::Kind::kFolder) Fail("open", path, "Is a directory");
    Node& node = *found->second;
    if (mode == OpenMode::kTruncate && !node.bytes.empty()) {
      node.bytes.clear();
      node.pending_writes.push_back({.kind = Node::PendingWrite::Kind::kTruncate,
                                     .moment = ++num_changes_,
                                     .offset = 0,
                                     .bytes = {},
                                     .under_way = false});
    }
    return found->second;
  }
  if (mode == OpenMode::kRead) Fail("open", path, "No such file or directory");
  std::shared_ptr<Node> node = NewNode(FileInfo::Kind::kRegular);
  ChangeName(*place.folder, "", place.name, node);
  return node;
}

std::unique_ptr<File> CrashingFileSystem::Open(const std::string& path, OpenMode mode) {
  return std::make_unique<CrashingFile>(*this, OpenNode(path, mode), CrashingFile::Lock::kNone);
}

std::unique_ptr<File> CrashingFileSystem::OpenLocked(const std::string& path) {
  std::shared_ptr<Node> node = OpenNode(path, OpenMode::kReadWrite);
  if (node->locked) throw ResourceError("'" + path + "' is locked by another process");
  return std::make_unique<CrashingFile>(*this, node, CrashingFile::Lock::kHeld);
}

bool CrashingFileSystem::Exists(const std::string& path) {
  CheckAlive();
  return Find(path) != nullptr;
}

FileInfo CrashingFileSystem::Info(const std::string& path) {
  CheckAlive();
  const std::shared_ptr<Node> node = Find(path);
  if (node == nullptr) Fail("stat", path, "No such file or directory");
  return CrashingFile::InfoOf(*node);
}

void CrashingFileSystem::Rename(const std::string& from, const std::string& to) {
  CountChange();
  const Place source = LocateIn(from, "rename");
  const Place target = LocateIn(to, "rename");
  const auto found = source.folder->names.find(source.name);
  if (found == source.folder->names.end()) Fail("rename", from, "No such file or directory");
  const std::shared_ptr<Node> node = found->second;
  if (node->kind == FileInfo::Kind::kFolder) Fail("rename", from, "folders are not modelled");
  if (source.folder != target.folder) Fail("rename", from, "another folder is not modelled");
  if (source.name == target.name) return;
  const auto existing = target.folder->names.find(target.name);
  if (existing != target.folder->names.end() && existing->second->kind == FileInfo::Kind::kFolder) {
    Fail("rename", to, "Is a directory");
  }
  ChangeName(*source.folder, source.name, target.name, node);
}

void CrashingFileSystem::Remove(const std::string& path) {
  CountChange();
  const Place place = LocateIn(path, "remove");
  const auto found = place.folder->names.find(place.name);
  if (found == place.folder->names.end()) Fail("remove", path, "No such file or directory");
  if (found->second->kind == FileInfo::Kind::kFolder) Fail("remove", path, "Is a directory");
  ChangeName(*place.folder, place.name, "", nullptr);
}

void CrashingFileSystem::RemoveFolder(const std::string& path) {
  CountChange();
  const std::shared_ptr<Node> folder = FindFolder(path, "remove");
  if (!folder->names.empty()) Fail("remove", path, "Directory not empty");
  const Place place = LocateIn(path, "remove");
  ChangeName(*place.folder, place.name, "", nullptr);
}

void CrashingFileSystem::CreateFolder(const std::string& path) {
  CountChange();
  const std::shared_ptr<Node> existing = Find(path);
  if (existing != nullptr) {
    if (existing->kind != FileInfo::Kind::kFolder) Fail("create folder", path, "File exists");
    return;
  }
  const Place place = LocateIn(path, "create folder");
  ChangeName(*place.folder, "", place.name, NewNode(FileInfo::Kind::kFolder));
}

std::vector<std::string> CrashingFileSystem::List(const std::string& folder) {
  CheckAlive();
  std::vector<std::string> names;
  for (const auto& [name, node] : FindFolder(folder, "list")->names) names.push_back(name);
  return names;
}

void CrashingFileSystem::SyncFolder(const std::string& path) {
  CountChange();
  const std::shared_ptr<Node> folder = FindFolder(path, "sync folder");
  folder->synced_names = folder->names;
  folder->pending_names.clear();
}

uint64_t CrashingFileSystem::FreeBytes(const std::string& path) {
  CheckAlive();
  FindFolder(path, "statvfs");
  return uint64_t{1} << 40;
}

std::unique_ptr<CrashingFileSystem> CrashingFileSystem::AfterCrash(CrashVariant variant,
                                                                   uint64_t seed) const {
  if (variant == CrashVariant::kKeepAll) return AfterKill(seed);
  auto disk = std::make_unique<CrashingFileSystem>();
  Random random(seed * 0x100000001b3 + static_cast<uint64_t>(variant));
  const Survival survival{variant, seed, random.Below(num_changes_ + 1)};
  // Node by node rather than recursively; a node that two names point to stays one node.
  std::map<const Node*, std::shared_ptr<Node>> copies = {{root_.get(), disk->root_}};
  std::vector<const Node*> waiting = {root_.get()};
  while (!waiting.empty()) {
    const Node* node = waiting.back();
    waiting.pop_back();
    Node& copy = *copies.at(node);
    copy.bytes = SurvivingBytes(*node, survival, random);
    copy.synced_bytes = copy.bytes;
    for (const auto& [name, child] : SurvivingNames(*node, survival, random)) {
      std::shared_ptr<Node>& child_copy = copies[child.get()];
      if (child_copy == nullptr) {
        child_copy = disk->NewNode(child->kind);
        waiting.push_back(child.get());
      }
      copy.names[name] = child_copy;
    }
    copy.synced_names = copy.names;
  }
  return disk;
}

// A copy with everything that is pending, but for the locks and the rest of the write under way.
std::unique_ptr<CrashingFileSystem> CrashingFileSystem::AfterKill(uint64_t seed) const {
  auto disk = std::make_unique<CrashingFileSystem>();
  disk->num_changes_ = num_changes_;
  Random random(seed);
  std::map<const Node*, std::shared_ptr<Node>> copies = {{root_.get(), disk->root_}};
  std::vector<const Node*> waiting = {root_.get()};
  const auto copy_of = [&](const std::shared_ptr<Node>& node) -> std::shared_ptr<Node> {
    if (node == nullptr) return nullptr;
    std::shared_ptr<Node>& copy = copies[node.get()];
    if (copy == nullptr) {
      copy = disk->NewNode(node->kind);
      waiting.push_back(node.get());
    }
    return copy;
  };
  while (!waiting.empty()) {
    const Node& node = *waiting.back();
    waiting.pop_back();
    Node& copy = *copies.at(&node);
    copy.last_change = node.last_change;
    copy.synced_bytes = node.synced_bytes;
    copy.bytes = node.synced_bytes;
    copy.pending_writes = node.pending_writes;
    for (Node::PendingWrite& write : copy.pending_writes) {
      if (write.under_way) CutWrite(write, random);
      Apply(copy.bytes, write);
    }
    for (const auto& [name, child] : node.names) copy.names[name] = copy_of(child);
    for (const auto& [name, child] : node.synced_names) copy.synced_names[name] = copy_of(child);
    for (const Node::PendingName& change : node.pending_names) {
      copy.pending_names.push_back(
          {change.moment, change.removed, change.added, copy_of(change.node)});
    }
  }
  return disk;
}

std::optional<std::string> CrashingFileSystem::Contents(const std::string& path) const {
  const std::shared_ptr<Node> node = Find(path);
  if (node == nullptr || node->kind != FileInfo::Kind::kRegular) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(node->bytes.data()), node->bytes.size());
}

void CrashingFileSystem::Put(const std::string& path, std::string_view bytes) {
  const Place place = LocateIn(path, "put");
  std::shared_ptr<Node> node = NewNode(FileInfo::Kind::kRegular);
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  node->bytes.assign(begin, begin + bytes.size());
  node->synced_bytes = node->bytes;
  place.folder->names[place.name] = node;
  place.folder->synced_names[place.name] = node;
}

void CrashingFileSystem::PutFolder(const std::string& path) {
  const Place place = LocateIn(path, "put");
  std::shared_ptr<Node> node = NewNode(FileInfo::Kind::kFolder);
  place.folder->names[place.name] = node;
  place.folder->synced_names[place.name] = node;
}

}  // namespace rowmill
