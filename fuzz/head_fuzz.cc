// Any bytes as the file of --head: a head that scores any vector of its length and is written and
// read again as the same head, or a UsageError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tasks/head_file.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void Use(const rowmill::NamedHead& named) {
  const rowmill::LinearHead& head = named.head;
  Require(head.num_labels == named.labels.size() && head.bias.size() == head.num_labels);
  Require(head.dim > 0 && head.weights.size() == head.num_labels * head.dim);
  Require(head.Logits(std::vector<float>(head.dim, 0.5f)).size() == head.num_labels);
  const std::string text = rowmill::FormatHead(named);
  const rowmill::NamedHead again = rowmill::ParseHead(text, "again");
  Require(again.labels == named.labels && again.head.weights == head.weights);
  Require(again.head.bias == head.bias && again.model_sha256 == named.model_sha256);
  Require(rowmill::FormatHead(again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Use(rowmill::ParseHead({reinterpret_cast<const char*>(data), size}, "fuzz"));
  } catch (const rowmill::UsageError&) {
  }
  return 0;
}
