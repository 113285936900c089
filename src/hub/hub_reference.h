// A model on a hub, as a person writes it: `hf:user/repo` or `hf:user/repo:quant`.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

struct HubReference {
  std::string user;
  std::string repo;
  std::string quant;  // "Q4_K_M" picks the GGUF file with that in its name; empty: the usual one

  std::string id() const { return user + "/" + repo; }
  std::string text() const { return "hf:" + id() + (quant.empty() ? "" : ":" + quant); }
};

bool IsHubReference(std::string_view text);

// Throws UsageError saying how one is written. What it lets through is safe as part of a path and
// of an address: letters, digits, '.', '_' and '-', and no name that begins with a dot.
HubReference ParseHubReference(const std::string& text);

// A file's name inside a repository, folders parted by '/': whether it stays inside, whatever the
// hub says. No empty part, none that begins with a dot, printable ASCII alone.
bool IsSafeFileName(std::string_view name);

}  // namespace rowmill
