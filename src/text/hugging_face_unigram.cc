// tokenizer.json's model of type Unigram (T5, XLM-R, Marian): tokens with scores, SentencePiece's
// normaliser as a table in base64, and spaces as Metaspace has them.
#include <cmath>

#include "formats/error_text.h"
#include "text/escaped_space.h"
#include "text/hugging_face_vocabulary.h"

namespace rowmill {
namespace {

using nlohmann::json;

// RFC 4648, section 4. Throws where a character is none of the alphabet's.
std::string DecodeBase64(const JsonDocument& document, std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t bits = 0;
  int num_bits = 0;
  for (const char c : text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) document.Fail("precompiled_charsmap is not base64");
    bits = bits << 6 | static_cast<uint32_t>(value);
    num_bits += 6;
    if (num_bits < 8) continue;
    num_bits -= 8;
    bytes.push_back(static_cast<char>(bits >> num_bits & 0xFF));
  }
  return bytes;
}

// Runs of spaces to one, and none at the ends: SentencePiece's remove_extra_whitespaces.
bool RemovesRuns(const json& step) {
  const json* pattern = FindMember(step, "pattern");
  const json* regex = pattern == nullptr ? nullptr : FindMember(*pattern, "Regex");
  const json* content = FindMember(step, "content");
  return regex != nullptr && *regex == " {2,}" && content != nullptr && *content == " ";
}

void ReadNormalizer(const JsonDocument& document, Vocabulary& vocabulary) {
  for (const json* step : StepsOf(document, "normalizer", "normalizers")) {
    const std::string type = TypeOf(step);
    const json* map = FindMember(*step, "precompiled_charsmap");
    if (type == "Precompiled" && map != nullptr && map->is_string()) {
      vocabulary.character_map = DecodeBase64(document, map->get_ref<const std::string&>());
    } else if (type == "Replace" && RemovesRuns(*step)) {
      vocabulary.remove_extra_spaces = true;
    } else if (type != "Strip") {  // Only ever beside the replacement.
      document.Fail("has a normaliser of type " + Quoted(type) +
                    ", which is not supported with Unigram");
    }
  }
}

void ReadPreTokenizer(const JsonDocument& document, Vocabulary& vocabulary) {
  for (const json* step : StepsOf(document, "pre_tokenizer", "pretokenizers")) {
    const std::string type = TypeOf(step);
    const json* replacement = FindMember(*step, "replacement");
    if (type == "WhitespaceSplit") {
      vocabulary.remove_extra_spaces = true;
    } else if (type == "Metaspace" && replacement != nullptr && *replacement == kEscapedSpace) {
      const json* scheme = FindMember(*step, "prepend_scheme");
      const json* prefix = FindMember(*step, "add_prefix_space");  // of files before 2024
      vocabulary.add_space_prefix =
          scheme != nullptr ? *scheme != "never" : prefix == nullptr || *prefix != false;
    } else {
      document.Fail("has a pre-tokeniser of type " + Quoted(type) +
                    ", which is not supported with Unigram");
    }
  }
}

}  // namespace

void ReadHuggingFaceUnigram(const HuggingFaceTokenizer& tokenizer, Vocabulary& vocabulary) {
  const JsonDocument& document = tokenizer.document;
  vocabulary.model = TokenizerModel::kUnigram;
  if (const json* fallback = FindMember(tokenizer.model, "byte_fallback");
      fallback != nullptr && *fallback != false) {
    document.Fail("has a Unigram model with bytes as fallback, which is not supported");
  }
  const json* vocab = FindMember(tokenizer.model, "vocab");
  if (vocab == nullptr || !vocab->is_array()) document.Fail("has a Unigram model without a vocab");
  for (const json& entry : *vocab) {
    // Without a score: a token that is written and never searched for, such as those of the target
    // language alone (tools/convert/sentencepiece_model.py).
    const bool is_unused = entry.is_array() && entry.size() == 2 && entry[1].is_null();
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() ||
        !(is_unused || entry[1].is_number()) ||
        (!is_unused && std::isnan(entry[1].get<double>()))) {
      document.Fail("vocab[" + std::to_string(vocabulary.size()) +
                    "] is not a text with its score");
    }
    PutToken(document, entry[0].get<std::string>(), json(vocabulary.size()), vocabulary);
    if (is_unused) vocabulary.types.back() = TokenType::kUnused;
    vocabulary.scores.push_back(is_unused ? 0.0f : static_cast<float>(entry[1].get<double>()));
  }
  const json* unknown = FindMember(tokenizer.model, "unk_id");
  if (unknown == nullptr || !unknown->is_number_unsigned() ||
      unknown->get<uint64_t>() >= vocabulary.size()) {
    document.Fail("has a Unigram model whose unk_id is no token");
  }
  vocabulary.unk = unknown->get<int32_t>();
  vocabulary.types[unknown->get<size_t>()] = TokenType::kUnknown;
  ReadNormalizer(document, vocabulary);
  ReadPreTokenizer(document, vocabulary);
}

}  // namespace rowmill
