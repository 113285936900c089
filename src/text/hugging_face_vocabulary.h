// Reads the vocabulary out of tokenizer.json (the `tokenizers` library's own format) and the
// special tokens and flags out of tokenizer_config.json and config.json beside it.
//
// What it is not: it builds no tokeniser (text/tokenizer.h). Hostile input is expected: whatever is
// missing, out of range or not valid is a ModelError. A normaliser, a pre-tokeniser or an option
// that our tokenisers do not compute is refused by name, never guessed. Specification: the source
// of huggingface/tokenizers 0.22.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hugging_face_folder.h"
#include "text/vocabulary.h"

namespace rowmill {

// Throws ModelError. The vocabulary has config.json's vocab_size tokens where that is more than
// tokenizer.json has: embeddings are often padded.
Vocabulary ReadHuggingFaceVocabulary(const HuggingFaceFolder& folder);

// tokenizer_config.json's (or chat_template.jinja's) chat template; empty where there is none. Of
// several the one named "default".
std::string ReadHuggingFaceChatTemplate(const HuggingFaceFolder& folder);

// ---- For the readers of tokenizer.json's model types (hugging_face_bpe.cc and its like) ----

// tokenizer.json as it is being read into a vocabulary.
struct HuggingFaceTokenizer {
  const JsonDocument& document;  // tokenizer.json
  const nlohmann::json& model;   // its member "model"
};

// Sets model, pre, texts, types, scores, merges, unk and what else the type of model brings along.
// Added tokens, special ids and flags of the folder follow by themselves.
using HuggingFaceModelReader = void (*)(const HuggingFaceTokenizer& tokenizer,
                                        Vocabulary& vocabulary);
void ReadHuggingFaceBpe(const HuggingFaceTokenizer& tokenizer, Vocabulary& vocabulary);
void ReadHuggingFaceUnigram(const HuggingFaceTokenizer& tokenizer, Vocabulary& vocabulary);
void ReadHuggingFaceWordPiece(const HuggingFaceTokenizer& tokenizer, Vocabulary& vocabulary);

// Gives `vocabulary` the token `text` under `id`, making room. Throws where the id or the text is
// out of bounds. Holes stay unused and empty.
void PutToken(const JsonDocument& document, const std::string& text, const nlohmann::json& id,
              Vocabulary& vocabulary);
// Member `name` of `object`, nullptr where it is missing or null.
const nlohmann::json* FindMember(const nlohmann::json& object, const char* name);
// The steps of a normaliser or pre-tokeniser, of which a Sequence has several under `list_name`.
std::vector<const nlohmann::json*> StepsOf(const JsonDocument& document, const char* member,
                                           const char* list_name);
// "type" of an object such as a normaliser; empty for null.
std::string TypeOf(const nlohmann::json* object);

}  // namespace rowmill
