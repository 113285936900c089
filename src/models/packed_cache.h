// The packed matrices of one model in a file of their own, so that the next process maps them
// instead of checking and packing them again, and all processes of a machine share their pages.
//
// What it is not: a model format. Whatever speaks against the file (another version, a cut, a byte
// that has turned), it is as if it were not there, and the weights are packed from the model.
//
// Layout, little-endian: the magic "ROWPACK1"; u32 CRC-32C of the header; u64 bytes of the header;
// the header: string identity, u64 number of entries, and for each of them string name, u64
// offset, u64 bytes, u64 and u64 digest; zeros; the entries' bytes, each at a multiple of 4096, so
// that a mapped entry is aligned for every kernel. A string is a u64 length and its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "parallel/thread_team.h"

namespace rowmill {

class PackedCache {
 public:
  // `identity` says all that decides the bytes: hash of the model, recipe. Looks for the file and
  // checks every byte of it, on all threads of the team; throws nothing.
  PackedCache(std::string path, std::string identity, FileSystem& file_system, ThreadTeam& team);

  // Whether there was a file that can be used; otherwise the matrices are to be added.
  bool found() const { return mapping_ != nullptr; }
  const std::shared_ptr<const MappedFile>& mapping() const { return mapping_; }
  // The entry's bytes in the mapping; empty where there is none of this name and size.
  std::span<const std::byte> Find(std::string_view name, size_t num_bytes) const;

  // Notes an entry to be written; the bytes stay where they are until Write().
  void Add(std::string name, std::span<const std::byte> bytes);
  // Writes the file with all that was added, whole or not at all. Throws IoError.
  void Write(FileSystem& file_system) const;

 private:
  struct Entry {
    std::string name;
    std::span<const std::byte> bytes;
  };
  // Takes the mapping where it is sound.
  void Read(std::shared_ptr<const MappedFile> mapping, ThreadTeam& team);

  std::string path_;
  std::string identity_;
  std::shared_ptr<const MappedFile> mapping_;
  std::map<std::string, std::span<const std::byte>, std::less<>> entries_;  // of the mapping
  std::vector<Entry> added_;
};

}  // namespace rowmill
