#include "text/word_piece_vocabulary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "text/gguf_vocabulary.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

using Json = nlohmann::json;

[[noreturn]] void Fail(const std::string& source, const std::string& what) {
  throw ModelError(source + ": " + what);
}

// The member of an object, or null.
const Json& Member(const Json& object, const char* name) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

std::string TextOr(const Json& object, const char* name, const std::string& fallback) {
  const Json& value = Member(object, name);
  return value.is_string() ? value.get<std::string>() : fallback;
}

std::optional<bool> FindFlag(const Json& object, const char* name) {
  const Json& value = Member(object, name);
  return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

void CheckText(const std::string& text, const std::string& source) {
  if (text.size() > kMaxTokenBytes) {
    Fail(source, "a token is " + std::to_string(text.size()) + " bytes long, the limit is " +
                     std::to_string(kMaxTokenBytes));
  }
}

// A position in the vocabulary, which has `size` tokens.
size_t TokenId(const Json& value, size_t size, const std::string& source) {
  if (!value.is_number_integer() || value.get<int64_t>() < 0 ||
      static_cast<uint64_t>(value.get<int64_t>()) >= size) {
    Fail(source, "a token's id is " + value.dump() + ", expected 0 to " + std::to_string(size - 1));
  }
  return static_cast<size_t>(value.get<int64_t>());
}

int32_t FindText(const Vocabulary& vocabulary, std::string_view text) {
  const auto found = std::find(vocabulary.texts.begin(), vocabulary.texts.end(), text);
  return found == vocabulary.texts.end() ? kNoToken
                                         : static_cast<int32_t>(found - vocabulary.texts.begin());
}

BertNormalizerOptions ReadNormalizer(const Json& normalizer, const std::string& source) {
  const std::string type = TextOr(normalizer, "type", "");
  if (type != "BertNormalizer") {
    Fail(source, "the normaliser '" + type +
                     "' is not supported with WordPiece; known is "
                     "BertNormalizer");
  }
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

void ReadTokens(const Json& tokenizer, Vocabulary& vocabulary) {
  const std::string& source = vocabulary.source;
  const Json& vocab = Member(Member(tokenizer, "model"), "vocab");
  if (!vocab.is_object() || vocab.empty()) Fail(source, "model.vocab is missing or empty");
  const Json& added = Member(tokenizer, "added_tokens");
  size_t size = vocab.size();
  // Added tokens stand behind the others, or name some of them.
  for (const Json& token : added) {
    const std::string content = TextOr(token, "content", "");
    if (!content.empty() && !vocab.contains(content)) ++size;
  }
  vocabulary.texts.assign(size, {});
  vocabulary.types.assign(size, TokenType::kUnused);
  const auto put = [&](size_t id, const std::string& text, TokenType type) {
    CheckText(text, source);
    if (vocabulary.types[id] != TokenType::kUnused && vocabulary.texts[id] != text) {
      Fail(source, "two tokens have the id " + std::to_string(id));
    }
    vocabulary.texts[id] = text;
    vocabulary.types[id] = type;
  };
  for (const auto& [text, id] : vocab.items()) {
    put(TokenId(id, size, source), text, TokenType::kNormal);
  }
  for (const Json& token : added) {
    const std::string content = TextOr(token, "content", "");
    if (content.empty()) continue;
    put(TokenId(Member(token, "id"), size, source), content,
        FindFlag(token, "special").value_or(false) ? TokenType::kControl : TokenType::kUserDefined);
  }
}

// The ids around a single text, for the two kinds of post-processors that BERT's files have.
void ReadTemplate(const Json& tokenizer, Vocabulary& vocabulary) {
  const Json& processor = Member(tokenizer, "post_processor");
  std::string before = "[CLS]", after = "[SEP]";
  const std::string type = TextOr(processor, "type", "");
  if (type == "TemplateProcessing") {
    bool seen_text = false;
    before.clear();
    after.clear();
    for (const Json& step : Member(processor, "single")) {
      if (!Member(step, "Sequence").is_null()) {
        seen_text = true;
        continue;
      }
      std::string& side = seen_text ? after : before;
      if (!side.empty()) Fail(vocabulary.source, "post_processor puts several tokens on one side");
      side = TextOr(Member(step, "SpecialToken"), "id", "");
    }
  } else if (type == "BertProcessing") {
    const Json& cls = Member(processor, "cls");
    const Json& sep = Member(processor, "sep");
    if (cls.is_array() && !cls.empty() && cls[0].is_string()) before = cls[0].get<std::string>();
    if (sep.is_array() && !sep.empty() && sep[0].is_string()) after = sep[0].get<std::string>();
  } else if (!type.empty()) {
    Fail(vocabulary.source, "the post-processor '" + type + "' is not supported");
  }
  const auto find = [&](const std::string& text) {
    const int32_t id = text.empty() ? kNoToken : FindText(vocabulary, text);
    if (!text.empty() && id == kNoToken) {
      Fail(vocabulary.source, "the post-processor names a token that is not there");
    }
    return id;
  };
  vocabulary.bos = find(before);
  vocabulary.eos = find(after);
  vocabulary.add_bos = vocabulary.bos != kNoToken;
  vocabulary.add_eos = vocabulary.eos != kNoToken;
}

void FinishSpecials(const std::string& unknown, Vocabulary& vocabulary) {
  vocabulary.unk = FindText(vocabulary, unknown);
  vocabulary.sep = FindText(vocabulary, "[SEP]");
  vocabulary.pad = FindText(vocabulary, "[PAD]");
  vocabulary.mask = FindText(vocabulary, "[MASK]");
  for (const int32_t id : {vocabulary.unk, vocabulary.sep, vocabulary.pad, vocabulary.mask,
                           vocabulary.bos, vocabulary.eos}) {
    if (id != kNoToken) vocabulary.types[static_cast<size_t>(id)] = TokenType::kControl;
  }
}

}  // namespace

bool IsWordPieceTokenizer(const nlohmann::json& tokenizer) {
  return TextOr(Member(tokenizer, "model"), "type", "") == "WordPiece";
}

Vocabulary ReadWordPieceVocabulary(const nlohmann::json& tokenizer, const std::string& source) {
  Vocabulary vocabulary;
  vocabulary.source = source;
  vocabulary.model = TokenizerModel::kWordPiece;
  const Json& model = Member(tokenizer, "model");
  if (TextOr(model, "continuing_subword_prefix", "##") != "##") {
    Fail(source, "a continuing_subword_prefix other than ## is not supported");
  }
  const std::string pre = TextOr(Member(tokenizer, "pre_tokenizer"), "type", "");
  if (pre != "BertPreTokenizer") {
    Fail(source, "the pre-tokeniser '" + pre +
                     "' is not supported with WordPiece; known is BertPreTokenizer");
  }
  vocabulary.normalizer = ReadNormalizer(Member(tokenizer, "normalizer"), source);
  ReadTokens(tokenizer, vocabulary);
  ReadTemplate(tokenizer, vocabulary);
  FinishSpecials(TextOr(model, "unk_token", "[UNK]"), vocabulary);
  return vocabulary;
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
  FinishSpecials("[UNK]", vocabulary);
  return vocabulary;
}

}  // namespace rowmill
