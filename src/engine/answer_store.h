// Answers that jobs have computed, kept in a folder for the jobs to come (--store): a value of some
// bytes under a SHA-256 of all that the value depends on. What a key is made of and what a value
// means is engine/stored_answers.h.
//
//   STORE/<SHA-256 of the content>.answers   what one job has added; never changed afterwards
//   STORE/<random>.part                      what a job is just adding, or was when it died;
//   removed
//                                            by the jobs that come a day later
//
// A file of answers, little-endian: 16 bytes "rowmill answers" and a version, then records
//
//   u32 bytes of the value | 32 bytes key | u32 CRC-32C of the value | u32 CRC-32C of these 40
//   bytes | u32 zero | the value
//
// Nothing is ever changed in place, so that any number of processes may share a folder without a
// lock: a file appears whole under its name (sync, rename, sync of the folder) or not at all. A
// record that is damaged is as good as none: a value whose checksum is wrong is passed over, and
// behind a damaged header the rest of the file is. Both are counted. Where many files have
// gathered, the next one takes over what they hold and they are removed; who reads one at that
// moment keeps it, who comes a moment too late computes again.
//
// What it is not: a cache with a limit. It grows until its folder is removed, which costs nothing
// but computing again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/function_ref.h"
#include "base/hash.h"
#include "base/mapped_array.h"

namespace rowmill {

using AnswerKey = std::array<uint8_t, 32>;  // a SHA-256

class AnswerStore {
 public:
  // More files than this are made one by the next job that adds something. Each that is there is
  // open while a job runs.
  static constexpr size_t kMaxFiles = 64;

  // Makes the folder where it is missing and reads which keys its files have. `scratch_folder`: for
  // the map from keys to places. Throws IoError where the folder cannot be made or listed; files
  // that cannot be read count as damaged.
  AnswerStore(FileSystem& file_system, std::string folder, const std::string& scratch_folder);

  // Shows every whole value under the key, until `visit` returns false.
  using Visitor = FunctionRef<bool(std::span<const std::byte> value)>;
  void Find(const AnswerKey& key, Visitor visit);

  uint64_t num_entries() const { return entries_.size(); }
  // Records that were passed over, and files of which a part was.
  uint64_t num_damaged() const { return num_damaged_; }

  // Adds values to a store.
  class Writer {
   public:
    explicit Writer(AnswerStore& store) : store_(store) {}
    ~Writer();  // what is not published is removed
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void Add(const AnswerKey& key, std::span<const std::byte> value);
    // Makes what was added visible and durable; nothing where nothing was. Throws IoError.
    void Publish();
    uint64_t num_added() const { return num_added_; }

   private:
    void AddRecord(const AnswerKey& key, std::span<const std::byte> value);
    void Write(std::span<const std::byte> bytes);
    void WriteBuffer();
    void TakeOver();

    AnswerStore& store_;
    std::string part_path_;
    std::unique_ptr<File> file_;  // made with the first value
    Sha256 content_;
    std::vector<std::byte> buffer_;
    uint64_t written_ = 0;
    uint64_t num_added_ = 0;
  };

 private:
  struct Entry {
    std::array<uint8_t, 16> key_begin;
    uint64_t offset = 0;  // of the record
    uint32_t file = 0;
    uint32_t value_bytes = 0;
  };

  void RemoveAbandoned(const std::string& path) const;
  void ReadKeys(uint32_t file);
  void BuildTable();
  bool ReadValue(const Entry& entry, const AnswerKey* key);

  FileSystem& file_system_;
  std::string folder_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<File>> files_;
  MappedArray<Entry> entries_;
  MappedArray<uint64_t> table_;    // number of an entry and one, 0: none; open addressing
  std::vector<std::byte> record_;  // of ReadValue: header and value
  uint64_t num_damaged_ = 0;
};

}  // namespace rowmill
