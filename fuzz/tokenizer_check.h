// What holds for any vocabulary that made a tokeniser, whatever file it came from.
#pragma once

#include <cstdlib>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace rowmill {

inline void CheckTokenizer(const Tokenizer& tokenizer, std::string_view text) {
  for (const SpecialTokens special : {SpecialTokens::kPlainText, SpecialTokens::kParse}) {
    const std::vector<int32_t> ids = tokenizer.Encode(text, special);
    if (tokenizer.FindInvalidId(ids)) std::abort();
    tokenizer.Decode(ids);
    for (const int32_t id : ids) {
      const bool is_control = tokenizer.vocabulary().types[id] == TokenType::kControl;
      if (is_control && special == SpecialTokens::kPlainText) std::abort();
    }
  }
}

}  // namespace rowmill
