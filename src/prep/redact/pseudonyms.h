// Names that stand for values: a keyed hash (HMAC-SHA-256, RFC 2104) of entity and value, so that
// one value has one name in every row, shard and run with the same key, in whatever order rows
// come. Without the key nobody can try values out, which for telephone numbers would take a minute.
//
// The map leads back: a file of JSON lines, readable by its owner alone, with the key in the first
// and {"pseudonym": ..., "value": ...} in the others. Lines are appended whole, so that several
// processes may share one map. A value may stand there twice; it always has the same name.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

class Pseudonyms {
 public:
  using Key = std::array<uint8_t, 32>;

  // --redact-key: the hash of the file's content is the key. Throws UsageError where it cannot be
  // read or has less than 16 bytes.
  static std::unique_ptr<Pseudonyms> FromKeyFile(const std::string& path);
  // --redact-map: reads the key of the file, or makes the file with a random one. Throws UsageError
  // where there is something else, IoError where it cannot be written.
  static std::unique_ptr<Pseudonyms> FromMap(const std::string& path);
  // For a plan, which writes nothing: names of the same form.
  static std::unique_ptr<Pseudonyms> ForPlan();
  ~Pseudonyms();
  Pseudonyms(const Pseudonyms&) = delete;
  Pseudonyms& operator=(const Pseudonyms&) = delete;

  // Sixteen letters, without digits or '@': no detector finds anything in a name. Where there is a
  // map the value is in it when this returns. Throws IoError. Thread-safe.
  std::string NameOf(std::string_view entity, std::string_view value);
  // Makes the map durable. Throws IoError.
  void Sync();
  // Says which key it is without saying the key.
  std::string KeyId() const;

 private:
  // The names that were written last, so that most repetitions are not written again: memory must
  // not grow with the number of values.
  static constexpr size_t kRemembered = size_t{1} << 16;

  Pseudonyms(const Key& key, int map_fd, std::string map_path);
  void Remember(std::string_view line);

  Key key_;
  int map_fd_;  // -1: no map
  std::string map_path_;
  std::mutex mutex_;
  std::vector<uint64_t> remembered_;  // [kRemembered], by the low bits of the name's value
};

std::array<uint8_t, 32> HmacSha256(std::span<const uint8_t> key, std::string_view message);

}  // namespace rowmill
