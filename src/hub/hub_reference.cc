#include "hub/hub_reference.h"

#include <algorithm>

#include "base/error.h"

namespace rowmill {
namespace {

constexpr std::string_view kScheme = "hf:";
constexpr size_t kMaxNameLength = 96;  // the hub's own limit

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool IsName(std::string_view name) {
  // "--" parts user and repository in the name of the cache's folder.
  return !name.empty() && name.size() <= kMaxNameLength && name.front() != '.' &&
         name.front() != '-' && name.find("--") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

}  // namespace

bool IsHubReference(std::string_view text) { return text.starts_with(kScheme); }

HubReference ParseHubReference(const std::string& text) {
  const std::string_view rest = std::string_view(text).substr(kScheme.size());
  const size_t slash = rest.find('/');
  const size_t colon = rest.find(':');
  HubReference reference;
  bool is_well_formed = IsHubReference(text) && slash != std::string_view::npos && slash < colon;
  if (is_well_formed) {
    reference.user = rest.substr(0, slash);
    reference.repo =
        rest.substr(slash + 1, colon == std::string_view::npos ? colon : colon - slash - 1);
    if (colon != std::string_view::npos) reference.quant = rest.substr(colon + 1);
    is_well_formed = IsName(reference.user) && IsName(reference.repo) &&
                     (colon == std::string_view::npos || IsName(reference.quant));
  }
  if (!is_well_formed) {
    throw UsageError("--model " + text +
                     ": a model on the hub is written hf:user/repo or hf:user/repo:quant, such as "
                     "hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF:q4_k_m");
  }
  return reference;
}

bool IsSafeFileName(std::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  char before = '/';
  for (char c : name) {
    if (c < '!' || c > '~' || c == '\\' || c == ':') return false;
    if (before == '/' && (c == '/' || c == '.')) return false;
    before = c;
  }
  return before != '/';
}

}  // namespace rowmill
