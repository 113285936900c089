#include "text/word_piece_vocabulary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "formats/error_text.h"
#include "text/gguf_vocabulary.h"
#include "text/hugging_face_vocabulary.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

using Json = nlohmann::json;

[[noreturn]] void Fail(const std::string& source, const std::string& what) {
  throw ModelError(source + ": " + what);
}

std::string TextOr(const Json& object, const char* name, const std::string& fallback) {
  const Json* value = FindMember(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : fallback;
}

std::optional<bool> FindFlag(const Json& object, const char* name) {
  const Json* value = FindMember(object, name);
  return value != nullptr && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
}

void CheckText(const std::string& text, const std::string& source) {
  if (text.size() > kMaxTokenBytes) {
    Fail(source, "a token is " + std::to_string(text.size()) + " bytes long, the limit is " +
                     std::to_string(kMaxTokenBytes));
  }
}

int32_t FindText(const Vocabulary& vocabulary, std::string_view text) {
  const auto found = std::find(vocabulary.texts.begin(), vocabulary.texts.end(), text);
  return found == vocabulary.texts.end() ? kNoToken
                                         : static_cast<int32_t>(found - vocabulary.texts.begin());
}

BertNormalizerOptions ReadNormalizer(const JsonDocument& document) {
  const Json* normalizer_or_null = document.Find("normalizer");
  if (TypeOf(normalizer_or_null) != "BertNormalizer") {
    document.Fail("has a normaliser of type " + Quoted(TypeOf(normalizer_or_null)) +
                  ", which is not supported with WordPiece; known is BertNormalizer");
  }
  const Json& normalizer = *normalizer_or_null;
  BertNormalizerOptions options;
  const bool lower = FindFlag(normalizer, "lowercase").value_or(true);
  // Accents that are not mentioned go with the case.
  const bool strip = FindFlag(normalizer, "strip_accents").value_or(lower);
  if (!lower) options.letter_case = BertNormalizerOptions::Case::kKeep;
  if (!strip) options.accents = BertNormalizerOptions::Accents::kKeep;
  if (!FindFlag(normalizer, "clean_text").value_or(true)) {
    options.controls = BertNormalizerOptions::Controls::kKeep;
  }
  if (!FindFlag(normalizer, "handle_chinese_chars").value_or(true)) {
    options.ideographs = BertNormalizerOptions::Ideographs::kKeep;
  }
  return options;
}

void FinishSpecials(Vocabulary& vocabulary) {
  vocabulary.unk = FindText(vocabulary, "[UNK]");
  vocabulary.sep = FindText(vocabulary, "[SEP]");
  vocabulary.pad = FindText(vocabulary, "[PAD]");
  vocabulary.mask = FindText(vocabulary, "[MASK]");
  for (const int32_t id :
       {vocabulary.sep, vocabulary.pad, vocabulary.mask, vocabulary.bos, vocabulary.eos}) {
    if (id != kNoToken) vocabulary.types[static_cast<size_t>(id)] = TokenType::kControl;
  }
  if (vocabulary.unk != kNoToken) {
    vocabulary.types[static_cast<size_t>(vocabulary.unk)] = TokenType::kUnknown;
  }
}

}  // namespace

void ReadHuggingFaceWordPiece(const HuggingFaceTokenizer& tokenizer, Vocabulary& vocabulary) {
  const JsonDocument& document = tokenizer.document;
  vocabulary.model = TokenizerModel::kWordPiece;
  if (TextOr(tokenizer.model, "continuing_subword_prefix", "##") != "##") {
    document.Fail("has a continuing_subword_prefix other than ##, which is not supported");
  }
  const std::string pre = TypeOf(document.Find("pre_tokenizer"));
  if (pre != "BertPreTokenizer") {
    document.Fail("has a pre-tokeniser of type " + Quoted(pre) +
                  ", which is not supported with WordPiece; known is BertPreTokenizer");
  }
  vocabulary.normalizer = ReadNormalizer(document);
  const Json* tokens = FindMember(tokenizer.model, "vocab");
  if (tokens == nullptr || !tokens->is_object()) document.Fail("its model has no object 'vocab'");
  for (const auto& [text, id] : tokens->items()) PutToken(document, text, id, vocabulary);
  vocabulary.unk = FindText(vocabulary, TextOr(tokenizer.model, "unk_token", "[UNK]"));
  if (vocabulary.unk == kNoToken)
    document.Fail("has a WordPiece model whose unk_token is no token");
  vocabulary.types[static_cast<size_t>(vocabulary.unk)] = TokenType::kUnknown;
}

Vocabulary ReadWordPieceList(std::string_view content, const BertNormalizerOptions& options,
                             const std::string& source) {
  Vocabulary vocabulary;
  vocabulary.source = source;
  vocabulary.model = TokenizerModel::kWordPiece;
  vocabulary.normalizer = options;
  while (!content.empty()) {
    const size_t end = content.find('\n');
    std::string_view line = content.substr(0, end);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (ValidUtf8Prefix(line) != line.size()) {
      Fail(source, "line " + std::to_string(vocabulary.size() + 1) + " is not valid UTF-8");
    }
    CheckText(std::string(line), source);
    vocabulary.texts.emplace_back(line);
  }
  if (vocabulary.texts.empty()) Fail(source, "there are no tokens");
  vocabulary.types.assign(vocabulary.size(), TokenType::kNormal);
  vocabulary.bos = FindText(vocabulary, "[CLS]");
  vocabulary.eos = FindText(vocabulary, "[SEP]");
  if (vocabulary.bos == kNoToken || vocabulary.eos == kNoToken) {
    Fail(source, "the tokens [CLS] and [SEP] are missing");
  }
  vocabulary.add_bos = vocabulary.add_eos = true;
  FinishSpecials(vocabulary);
  return vocabulary;
}

}  // namespace rowmill
