// Takes out of a text what says who somebody is, before a model reads it: --redact.
//
// Finds that overlap are one find, named after the longest of them, so that no rest of any is left.
// The result depends on the text alone; redacting it again changes nothing. All is linear in the
// text and nothing backtracks.
//
// What it is not: it finds no names of people or places, which takes a model (docs/privacy.md), and
// it does not touch the columns that pass through to the output.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prep/redact/custom_pattern.h"
#include "prep/redact/pseudonyms.h"
#include "prep/redact/redact_options.h"
#include "prep/redact/span.h"

namespace rowmill {

// How often what was found; never what.
struct RedactCounts {
  std::vector<uint64_t> by_kind;  // [num_kinds], or empty where nothing was found
  uint64_t rows = 0;              // filled by who knows what a row is

  void Add(uint32_t kind, size_t num_kinds);
  void Merge(const RedactCounts& other);
  uint64_t total() const;
};

class Redactor {
 public:
  // Whether pseudonyms are kept in the map; a plan writes nothing.
  enum class Purpose : uint8_t { kRun, kPlan };

  // Throws UsageError for a combination that makes no sense or a pattern that is none, IoError for
  // a map that cannot be written.
  Redactor(const RedactOptions& options, Purpose purpose);

  const RedactOptions& options() const { return options_; }
  size_t num_kinds() const { return kNumEntities + patterns_.size(); }
  std::string_view KindName(uint32_t kind) const;

  // The finds in `text` (valid UTF-8), in order, without overlaps.
  std::vector<RedactSpan> Find(std::string_view text) const;
  // Replaces them and counts them; whether there were any. Thread-safe.
  bool Redact(std::string& text, RedactCounts& counts) const;
  // Makes the map of pseudonyms durable, where there is one.
  void Sync() const;

  // What decides the output's bytes: names and values for the fingerprint.
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const;

 private:
  void AppendReplacement(std::string_view value, uint32_t kind, std::string& out) const;

  RedactOptions options_;
  std::vector<CustomPattern> patterns_;
  std::unique_ptr<Pseudonyms> pseudonyms_;  // null for kMask
};

}  // namespace rowmill
