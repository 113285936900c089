#include "prep/redact/pseudonyms.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>

#include "base/error.h"
#include "base/hash.h"
#include "data/json_text.h"

namespace rowmill {
namespace {

constexpr std::string_view kLetters = "bcdfghjklmnpqrst";  // no vowels, no words

std::string NameText(uint64_t value) {
  std::string name(16, ' ');
  for (size_t i = 0; i < name.size(); ++i) name[i] = kLetters[value >> (4 * i) & 15];
  return name;
}

uint64_t NameValue(std::string_view name) {
  uint64_t value = 0;
  for (size_t i = 0; i < name.size() && i < 16; ++i) {
    value |= static_cast<uint64_t>(kLetters.find(name[i]) & 15) << (4 * i);
  }
  return value;
}

void WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      throw IoError("--redact-map: cannot write '" + path + "': " + std::strerror(errno));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

UsageError NotAMap(const std::string& path) {
  return UsageError("--redact-map: '" + path +
                    "' exists and is no map of pseudonyms; give the name of another file");
}

}  // namespace

std::array<uint8_t, 32> HmacSha256(std::span<const uint8_t> key, std::string_view message) {
  std::array<uint8_t, 64> inner{};
  if (key.size() > inner.size()) {
    Sha256 hash;
    hash.Update(std::as_bytes(key));
    const auto digest = hash.Finish();
    std::copy(digest.begin(), digest.end(), inner.begin());
  } else {
    std::copy(key.begin(), key.end(), inner.begin());
  }
  std::array<uint8_t, 64> outer = inner;
  for (uint8_t& byte : inner) byte ^= 0x36;
  for (uint8_t& byte : outer) byte ^= 0x5c;
  Sha256 first;
  first.Update(std::as_bytes(std::span(inner)));
  first.Update(AsBytes(message));
  const std::array<uint8_t, 32> digest = first.Finish();
  Sha256 second;
  second.Update(std::as_bytes(std::span(outer)));
  second.Update(std::as_bytes(std::span(digest)));
  return second.Finish();
}

Pseudonyms::Pseudonyms(const Key& key, int map_fd, std::string map_path)
    : key_(key), map_fd_(map_fd), map_path_(std::move(map_path)) {
  if (map_fd_ >= 0) remembered_.resize(kRemembered);
}

Pseudonyms::~Pseudonyms() {
  if (map_fd_ >= 0) ::close(map_fd_);
}

std::unique_ptr<Pseudonyms> Pseudonyms::FromKeyFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open()) throw UsageError("--redact-key: cannot read '" + path + "'");
  if (content.size() < 16) {
    throw UsageError("--redact-key: '" + path +
                     "' has less than 16 bytes; make one with: head -c 32 /dev/urandom > " + path);
  }
  Sha256 hash;
  hash.Update(AsBytes(content));
  return std::unique_ptr<Pseudonyms>(new Pseudonyms(hash.Finish(), -1, ""));
}

std::unique_ptr<Pseudonyms> Pseudonyms::ForPlan() {
  return std::unique_ptr<Pseudonyms>(new Pseudonyms(Key{}, -1, ""));
}

std::unique_ptr<Pseudonyms> Pseudonyms::FromMap(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  struct stat info = {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    throw IoError("--redact-map: cannot open '" + path + "': " + std::strerror(errno));
  }
  std::unique_ptr<Pseudonyms> map(new Pseudonyms(Key{}, fd, path));
  if (!S_ISREG(info.st_mode)) throw NotAMap(path);
  if (info.st_size == 0) {
    if (::getrandom(map->key_.data(), map->key_.size(), 0) !=
        static_cast<ssize_t>(map->key_.size())) {
      throw IoError("--redact-map: no random key is to be had from the system");
    }
    WriteAll(fd, "{\"rowmill_pseudonyms\": 1, \"key\": \"" + Hex(map->key_) + "\"}\n", path);
    return map;
  }
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::getline(file, line);
  const nlohmann::json head = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!head.is_object() || !head.contains("rowmill_pseudonyms") || !head["key"].is_string()) {
    throw NotAMap(path);
  }
  const std::string hex = head["key"].get<std::string>();
  if (hex.size() != 64 || hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw NotAMap(path);
  }
  for (size_t i = 0; i < map->key_.size(); ++i) {
    map->key_[i] = static_cast<uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
  }
  while (std::getline(file, line)) map->Remember(line);
  return map;
}

void Pseudonyms::Remember(std::string_view line) {
  // {"pseudonym": "<NAME:letters>", ...
  const size_t end = line.find(">\"");
  if (end == std::string_view::npos || end < 16) return;
  const uint64_t value = NameValue(line.substr(end - 16, 16));
  remembered_[value % kRemembered] = value;
}

std::string Pseudonyms::NameOf(std::string_view entity, std::string_view value) {
  const std::string message = std::string(entity) + '\0' + std::string(value);
  const std::array<uint8_t, 32> digest = HmacSha256(key_, message);
  uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof(number));
  std::string name = NameText(number);
  if (map_fd_ < 0) return name;
  std::lock_guard lock(mutex_);
  if (remembered_[number % kRemembered] == number) return name;
  std::string line = "{\"pseudonym\": \"<" + std::string(entity) + ":" + name + ">\", \"value\": ";
  AppendJsonString(value, line);
  line += "}\n";
  WriteAll(map_fd_, line, map_path_);
  remembered_[number % kRemembered] = number;
  return name;
}

void Pseudonyms::Sync() {
  if (map_fd_ >= 0 && ::fdatasync(map_fd_) != 0) {
    throw IoError("--redact-map: cannot sync '" + map_path_ + "': " + std::strerror(errno));
  }
}

std::string Pseudonyms::KeyId() const { return Hex(HmacSha256(key_, "key id")).substr(0, 16); }

}  // namespace rowmill
