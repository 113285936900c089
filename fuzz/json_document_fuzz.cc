// Any bytes as config.json or tokenizer.json: a tree within its limits, or a ModelError.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "formats/json_document.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto document = rowmill::JsonDocument::Parse(text, "fuzz");
    document.FindInt("a.b");
    document.FindStrings("a");
  } catch (const rowmill::ModelError&) {
  }
  return 0;
}
