// What a job is: everything that decides its output bytes, as an ordered list of names and values
// (model hash, tokeniser, template, prompt, task, options, seed, ISA class, numeric recipe, engine
// version, input). A stored job goes on only where its fingerprint equals that of the new command;
// otherwise the differences are listed by name.
//
// What it is not: things that cannot change a byte (units, threads, batch budget, split, report)
// have no place in it, so that a job may be resumed with other ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "data/source.h"

namespace rowmill {

class Fingerprint {
 public:
  struct Entry {
    std::string name;
    std::string value;  // any bytes
    bool operator==(const Entry&) const = default;
  };

  // Names are UTF-8 and unique (CHECK); the order is that of showing and is no part of the
  // identity.
  void Add(std::string name, std::string value);
  const std::vector<Entry>& entries() const { return entries_; }
  // The value, or null.
  const std::string* Find(std::string_view name) const;

  // SHA-256 in hexadecimal over all names and values, sorted by name.
  std::string Digest() const;
  // The first 64 bits of the digest: what a journal carries.
  uint64_t Identity() const;

  // {"entries": [[name, value], ...], "sha256": digest}. A value that is not UTF-8 is written as
  // {"hex": "..."}. Equal fingerprints give equal text.
  std::string ToJson() const;
  // Reads what ToJson wrote. Throws DataError naming `where` for anything else: other text, another
  // digest, other white space.
  static Fingerprint FromJson(std::string_view text, const std::string& where);

 private:
  std::vector<Entry> entries_;
};

struct FingerprintDifference {
  std::string name;
  std::optional<std::string> was;  // nothing: only the new one has it
  std::optional<std::string> is;   // nothing: only the old one has it
};

// In the order of `is`, then what only `was` has.
std::vector<FingerprintDifference> CompareFingerprints(const Fingerprint& was,
                                                       const Fingerprint& is);

// One line: `prompt: was "Translate", is "Summarise"`. Values above 80 bytes are shown by their
// size and the beginning of their SHA-256; control characters are escaped.
std::string DescribeDifference(const FingerprintDifference& difference);

// Adds `name`.path, .size, .mtime and .edges (SHA-256 of the first and the last MiB). The hash of
// the edges sees a file that was replaced with its times kept, the time one that was edited in the
// middle; reading all of a large input twice would cost more than the model does on short rows.
void AddInputIdentity(Fingerprint& fingerprint, const std::string& name, FileSystem& file_system,
                      const std::string& path);

// Adds all that says which rows an input has: its identity and how it is read (`name`.format,
// .delimiter, .header). Of a pipe, which is gone once it is looked at, the path alone; of a list of
// files which they are (.files); of several data files the identity of each. What these hold is
// compared row by row.
void AddSource(Fingerprint& fingerprint, const std::string& name, FileSystem& file_system,
               const SourceOptions& source);

}  // namespace rowmill
