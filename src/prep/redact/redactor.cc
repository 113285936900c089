#include "prep/redact/redactor.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

using Detector = void (*)(std::string_view, SpanList&);

// Which entities a detector may report; it runs where one of them is wanted.
struct Family {
  std::string_view name;
  Detector find;
};

constexpr std::array<Family, 9> kFamilyDetectors = {{{"email", FindEmailAddresses},
                                                     {"url", FindUrlCredentials},
                                                     {"secret", FindSecrets},
                                                     {"card", FindCreditCards},
                                                     {"iban", FindIbans},
                                                     {"crypto", FindCryptoAddresses},
                                                     {"ip", FindNetworkAddresses},
                                                     {"id", FindNationalIds},
                                                     {"phone", FindPhoneNumbers}}};

bool IsWanted(const EntitySet& entities, std::string_view family) {
  for (size_t i = 0; i < kNumEntities; ++i) {
    const std::string_view name = EntityFamily(static_cast<Entity>(i));
    if (entities[i] && (name == family || (family == "ip" && name == "mac"))) return true;
  }
  return false;
}

// Whether `a` says better than `b` what the two are that overlap: the longer one; of equals the one
// that has a word for it; of those the entity that comes first.
bool IsBetter(const RedactSpan& a, const RedactSpan& b) {
  if (a.size() != b.size()) return a.size() > b.size();
  return a.has_word != b.has_word ? a.has_word : a.kind < b.kind;
}

// Overlapping spans become one from the first's begin to the last's end, of the kind of the best.
void MergeOverlaps(std::vector<RedactSpan>& spans) {
  std::sort(spans.begin(), spans.end(), [](const RedactSpan& a, const RedactSpan& b) {
    if (a.begin != b.begin) return a.begin < b.begin;
    return a.end != b.end ? a.end > b.end : a.kind < b.kind;
  });
  size_t kept = 0;
  RedactSpan best;  // of the parts of the span that is being put together
  for (const RedactSpan& span : spans) {
    if (kept > 0 && span.begin < spans[kept - 1].end) {
      RedactSpan& merged = spans[kept - 1];
      if (IsBetter(span, best)) best = span;
      merged.kind = best.kind;
      merged.end = std::max(merged.end, span.end);
    } else {
      best = spans[kept++] = span;
    }
  }
  spans.resize(kept);
}

}  // namespace

void RedactCounts::Add(uint32_t kind, size_t num_kinds) {
  by_kind.resize(num_kinds);
  ++by_kind[kind];
}

void RedactCounts::Merge(const RedactCounts& other) {
  by_kind.resize(std::max(by_kind.size(), other.by_kind.size()));
  for (size_t i = 0; i < other.by_kind.size(); ++i) by_kind[i] += other.by_kind[i];
  rows += other.rows;
}

uint64_t RedactCounts::total() const {
  uint64_t sum = 0;
  for (const uint64_t count : by_kind) sum += count;
  return sum;
}

Redactor::Redactor(const RedactOptions& options, Purpose purpose) : options_(options) {
  for (const std::string& argument : options_.patterns) {
    patterns_.push_back(CustomPattern::Parse(argument));
    for (size_t i = 0; i + 1 < patterns_.size(); ++i) {
      if (patterns_[i].name() == patterns_.back().name()) {
        throw UsageError("--redact-pattern: the name " + patterns_[i].name() + " is given twice");
      }
    }
  }
  const bool hash = options_.way == RedactWay::kHash;
  const bool pseudonym = options_.way == RedactWay::kPseudonym;
  if (hash && options_.key_path.empty()) {
    throw UsageError(
        "--redact-with hash needs --redact-key FILE: without a secret, a number can be found by "
        "trying all of them; make one with: head -c 32 /dev/urandom > redact.key");
  }
  if (pseudonym && options_.map_path.empty()) {
    throw UsageError("--redact-with pseudonym needs --redact-map FILE, which leads back");
  }
  if (!hash && !options_.key_path.empty()) {
    throw UsageError("--redact-key is for --redact-with hash");
  }
  if (!pseudonym && !options_.map_path.empty()) {
    throw UsageError("--redact-map is for --redact-with pseudonym");
  }
  if (hash) pseudonyms_ = Pseudonyms::FromKeyFile(options_.key_path);
  if (pseudonym) {
    pseudonyms_ =
        purpose == Purpose::kPlan ? Pseudonyms::ForPlan() : Pseudonyms::FromMap(options_.map_path);
  }
}

std::string_view Redactor::KindName(uint32_t kind) const {
  if (kind < kNumEntities) return EntityName(static_cast<Entity>(kind));
  return patterns_[kind - kNumEntities].name();
}

std::vector<RedactSpan> Redactor::Find(std::string_view text) const {
  const FoldedText folded(text);
  SpanList found;
  for (const Family& family : kFamilyDetectors) {
    if (IsWanted(options_.entities, family.name)) family.find(folded.view(), found);
  }
  std::vector<RedactSpan>& spans = found.spans();
  std::erase_if(spans, [&](const RedactSpan& span) { return !options_.entities[span.kind]; });
  for (RedactSpan& span : spans) {
    span.begin = folded.SourceBegin(span.begin);
    span.end = folded.SourceEnd(span.end);
  }
  for (size_t i = 0; i < patterns_.size(); ++i) {
    patterns_[i].Find(text, static_cast<uint32_t>(kNumEntities + i), found);
  }
  MergeOverlaps(spans);
  return std::move(spans);
}

void Redactor::AppendReplacement(std::string_view value, uint32_t kind, std::string& out) const {
  out += '<';
  out += KindName(kind);
  if (pseudonyms_ != nullptr) {
    out += ':';
    out += pseudonyms_->NameOf(KindName(kind), value);
  }
  out += '>';
}

bool Redactor::Redact(std::string& text, RedactCounts& counts) const {
  const std::vector<RedactSpan> spans = Find(text);
  if (spans.empty()) return false;
  std::string out;
  out.reserve(text.size());
  size_t at = 0;
  for (const RedactSpan& span : spans) {
    DCHECK(span.begin >= at && span.end <= text.size());
    out.append(text, at, span.begin - at);
    AppendReplacement(std::string_view(text).substr(span.begin, span.size()), span.kind, out);
    counts.Add(span.kind, num_kinds());
    at = span.end;
  }
  out.append(text, at);
  text = std::move(out);
  return true;
}

void Redactor::Sync() const {
  if (pseudonyms_ != nullptr) pseudonyms_->Sync();
}

std::vector<std::pair<std::string, std::string>> Redactor::FingerprintEntries() const {
  constexpr const char* kWays[] = {"mask", "hash", "pseudonym"};
  std::vector<std::pair<std::string, std::string>> entries;
  entries.emplace_back("redact", EntitiesText(options_.entities));
  for (const CustomPattern& pattern : patterns_) {
    entries.emplace_back("redact.pattern." + pattern.name(), pattern.expression());
  }
  entries.emplace_back("redact.with", kWays[static_cast<size_t>(options_.way)]);
  if (pseudonyms_ != nullptr) entries.emplace_back("redact.key", pseudonyms_->KeyId());
  entries.emplace_back("redact.output", options_.output ? "yes" : "no");
  return entries;
}

}  // namespace rowmill
