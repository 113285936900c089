#include "text/vocabulary.h"

#include <algorithm>
#include <array>

namespace rowmill {

bool Vocabulary::IsEndOfGeneration(int32_t id) const {
  return std::binary_search(end_of_generation.begin(), end_of_generation.end(), id);
}

bool IsEndOfGenerationText(std::string_view text) {
  // The list that llama.cpp keeps for want of a flag in the file. It names other families' tokens
  // too: a vocabulary that has one of these texts has it for this purpose.
  static constexpr std::array<std::string_view, 16> kTexts = {
      "<|eot_id|>",    "<|im_end|>",    "<|end|>", "<|return|>",      "<|call|>",
      "<end_of_turn>", "<|endoftext|>", "</s>",    "<|eom_id|>",      "<EOT>",
      "_<EOT>",        "[EOT]",         "[EOS]",   "<|end_of_text|>", "<end_of_utterance>",
      "<eos>",
  };
  return std::find(kTexts.begin(), kTexts.end(), text) != kTexts.end();
}

void FindEndOfGeneration(Vocabulary& vocabulary) {
  std::vector<int32_t>& ids = vocabulary.end_of_generation;
  ids.clear();
  for (const int32_t id : {vocabulary.eos, vocabulary.eot, vocabulary.eom}) {
    if (id != kNoToken) ids.push_back(id);
  }
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if (!IsEndOfGenerationText(vocabulary.texts[i])) continue;
    vocabulary.types[i] = TokenType::kControl;
    ids.push_back(static_cast<int32_t>(i));
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace rowmill
