#include "text/gguf_vocabulary.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "formats/error_text.h"
#include "text/character_map.h"
#include "text/merge_list.h"
#include "text/pre_tokenizer.h"
#include "text/token_table.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
constexpr std::string_view kScores = "tokenizer.ggml.scores";
constexpr std::string_view kMerges = "tokenizer.ggml.merges";
constexpr std::string_view kCharsmap = "tokenizer.ggml.precompiled_charsmap";

[[noreturn]] void Fail(const GgufFile& file, const std::string& what) {
  throw ModelError(file.name() + ": " + what +
                   "; the file is damaged or was converted wrongly, get it again");
}

std::string Element(std::string_view key, size_t i) {
  return std::string(key) + "[" + std::to_string(i) + "]";
}

void CheckLength(const GgufFile& file, std::string_view key, size_t length, size_t num_tokens) {
  if (length == num_tokens) return;
  Fail(file, std::string(key) + " has " + std::to_string(length) + " elements, but there are " +
                 std::to_string(num_tokens) + " tokens");
}

TokenizerModel ReadModel(const GgufFile& file) {
  const std::string_view name = file.GetString("tokenizer.ggml.model");
  if (name == "gpt2") return TokenizerModel::kByteLevelBpe;
  if (name == "llama") return TokenizerModel::kSentencePieceBpe;
  if (name == "t5") return TokenizerModel::kUnigram;
  if (name == "bert") return TokenizerModel::kWordPiece;
  throw ModelError(file.name() + ": tokeniser model " + Quoted(name) +
                   " (tokenizer.ggml.model) is not supported; known: gpt2 (byte-level BPE), llama "
                   "(SentencePiece BPE), t5 (Unigram), bert (WordPiece)");
}

void ReadTexts(const GgufFile& file, Vocabulary& vocabulary) {
  const std::vector<std::string_view>* tokens = file.FindStrings(kTokens);
  if (tokens == nullptr || tokens->empty()) {
    Fail(file, "the list of tokens (" + std::string(kTokens) + ") is missing or empty");
  }
  if (tokens->size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()) / 4) {
    Fail(file, std::string(kTokens) + " has " + std::to_string(tokens->size()) + " tokens");
  }
  vocabulary.texts.reserve(tokens->size());
  uint64_t total_bytes = 0;  // no overflow: fewer than 2^29 tokens of at most 2^14 bytes
  for (size_t i = 0; i < tokens->size(); ++i) {
    const std::string_view text = (*tokens)[i];
    total_bytes += text.size();
    if (text.size() > kMaxTokenBytes) {
      Fail(file, Element(kTokens, i) + " is " + std::to_string(text.size()) +
                     " bytes long, the limit is " + std::to_string(kMaxTokenBytes));
    }
    const size_t valid = ValidUtf8Prefix(text);
    if (valid < text.size()) {
      Fail(file, Element(kTokens, i) + " is not valid UTF-8 at its byte " + std::to_string(valid));
    }
    vocabulary.texts.emplace_back(text);
  }
  // Bytes and keys of tokens lie in one table (text/token_table.h).
  if (total_bytes > TokenTable::kMaxBytes / 2) {
    Fail(file, std::string(kTokens) + " has " + std::to_string(total_bytes) + " bytes of text");
  }
}

void ReadTypes(const GgufFile& file, Vocabulary& vocabulary) {
  const size_t num_tokens = vocabulary.size();
  const std::vector<int64_t>* types = file.FindInts(kTypes);
  if (types == nullptr) {
    vocabulary.types.assign(num_tokens, TokenType::kNormal);
    return;
  }
  CheckLength(file, kTypes, types->size(), num_tokens);
  vocabulary.types.reserve(num_tokens);
  for (size_t i = 0; i < num_tokens; ++i) {
    const int64_t type = (*types)[i];
    if (type < 0 || type > static_cast<int64_t>(TokenType::kByte)) {
      Fail(file, Element(kTypes, i) + " is " + std::to_string(type) + ", expected 0 to 6");
    }
    vocabulary.types.push_back(static_cast<TokenType>(type));
  }
}

void ReadScores(const GgufFile& file, Vocabulary& vocabulary) {
  const size_t num_tokens = vocabulary.size();
  if (file.Find(kScores) == nullptr) {
    if (vocabulary.model != TokenizerModel::kByteLevelBpe) {
      Fail(file, "the scores of the tokens (" + std::string(kScores) + ") are missing");
    }
    return;
  }
  const std::vector<double>* scores = file.FindFloats(kScores);
  CheckLength(file, kScores, scores->size(), num_tokens);
  vocabulary.scores.reserve(num_tokens);
  for (size_t i = 0; i < num_tokens; ++i) {
    if (std::isnan((*scores)[i])) Fail(file, Element(kScores, i) + " is not a number");
    vocabulary.scores.push_back(static_cast<float>((*scores)[i]));
  }
}

void ReadMerges(const GgufFile& file, Vocabulary& vocabulary) {
  const std::vector<std::string_view>* merges = file.FindStrings(kMerges);
  if (merges == nullptr) {
    Fail(file, "the merges of the tokeniser (" + std::string(kMerges) + ") are missing");
  }
  MergeListReader list(vocabulary, merges->size());
  for (const std::string_view merge : *merges) {
    if (const std::string problem = list.Add(merge); !problem.empty()) {
      Fail(file, Element(kMerges, list.num_read()) + " " + problem);
    }
  }
}

// The id under `key`, or `fallback` where the file has none and that is a token.
int32_t ReadSpecialId(const GgufFile& file, std::string_view key, int32_t fallback,
                      const Vocabulary& vocabulary) {
  const std::optional<int64_t> id = file.FindInt(key);
  if (!id) return vocabulary.Contains(fallback) ? fallback : kNoToken;
  if (!vocabulary.Contains(*id)) {
    Fail(file, std::string(key) + " is token " + std::to_string(*id) + ", but there are " +
                   std::to_string(vocabulary.size()) + " tokens");
  }
  return static_cast<int32_t>(*id);
}

void ReadSpecialIds(const GgufFile& file, Vocabulary& vocabulary) {
  // SentencePiece's own defaults, which files of its models may leave out.
  const bool is_spm = vocabulary.model == TokenizerModel::kSentencePieceBpe;
  const auto read = [&](std::string_view key, int32_t fallback) {
    return ReadSpecialId(file, key, fallback, vocabulary);
  };
  const bool is_bert = vocabulary.model == TokenizerModel::kWordPiece;
  // BERT's own ids, which its files may leave out as well: [UNK], [CLS] before and [SEP] after.
  vocabulary.unk = read("tokenizer.ggml.unknown_token_id", is_spm ? 0 : is_bert ? 100 : kNoToken);
  vocabulary.bos = read("tokenizer.ggml.bos_token_id", is_spm ? 1 : is_bert ? 101 : kNoToken);
  vocabulary.eos = read("tokenizer.ggml.eos_token_id", is_spm ? 2 : is_bert ? 102 : kNoToken);
  if (is_bert) {
    vocabulary.bos = read("tokenizer.ggml.cls_token_id", vocabulary.bos);
    vocabulary.eos = read("tokenizer.ggml.seperator_token_id", vocabulary.eos);
  }
  vocabulary.eot = read("tokenizer.ggml.eot_token_id", kNoToken);
  vocabulary.eom = read("tokenizer.ggml.eom_token_id", kNoToken);
  vocabulary.sep = read("tokenizer.ggml.seperator_token_id", kNoToken);  // so in the specification
  vocabulary.pad = read("tokenizer.ggml.padding_token_id", kNoToken);
  vocabulary.mask = read("tokenizer.ggml.mask_token_id", kNoToken);
}

void ReadFlags(const GgufFile& file, Vocabulary& vocabulary) {
  const bool is_spm = vocabulary.model == TokenizerModel::kSentencePieceBpe;
  const std::optional<PreTokenizer> pre = FindPreTokenizer(vocabulary.pre);
  const bool is_bert = vocabulary.model == TokenizerModel::kWordPiece;
  const bool bos_default = is_spm || is_bert || (pre && pre->adds_bos_by_default);
  vocabulary.add_bos = file.FindBool("tokenizer.ggml.add_bos_token").value_or(bos_default);
  vocabulary.add_eos = file.FindBool("tokenizer.ggml.add_eos_token").value_or(is_bert);
  const bool is_unigram = vocabulary.model == TokenizerModel::kUnigram;
  vocabulary.add_space_prefix =
      file.FindBool("tokenizer.ggml.add_space_prefix").value_or(is_spm || is_unigram);
  vocabulary.remove_extra_spaces =
      file.FindBool("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
  if (vocabulary.add_bos && vocabulary.bos == kNoToken) {
    Fail(file,
         "the model begins texts with a token (add_bos_token) that the file does not name "
         "(tokenizer.ggml.bos_token_id)");
  }
  if (vocabulary.add_eos && vocabulary.eos == kNoToken) {
    Fail(file,
         "the model ends texts with a token (add_eos_token) that the file does not name "
         "(tokenizer.ggml.eos_token_id)");
  }
}

// GGUF marks the beginning of a word (U+2581) where WordPiece's own files mark the continuation
// ("##"). Control tokens are as they are.
void ReadWordPieces(Vocabulary& vocabulary) {
  constexpr std::string_view kBegins = "\xE2\x96\x81";
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if (vocabulary.IsControl(static_cast<int32_t>(i))) continue;
    std::string& text = vocabulary.texts[i];
    if (text.starts_with(kBegins)) {
      text.erase(0, kBegins.size());
    } else if (!text.empty() && !(text.front() == '[' && text.back() == ']')) {
      // The converter leaves [PAD], [unused7] and their like alone, some without their type.
      text.insert(0, "##");
    }
  }
}

// SentencePiece's normaliser table. Only Unigram uses it, but a file of any kind in which it is cut
// is damaged, and that is worth knowing early.
void ReadCharacterMap(const GgufFile& file, Vocabulary& vocabulary) {
  const std::vector<int64_t>* bytes = file.FindInts(kCharsmap);
  if (bytes == nullptr) return;
  if (bytes->empty()) Fail(file, std::string(kCharsmap) + " is empty");
  std::string map;
  for (const int64_t byte : *bytes) map.push_back(static_cast<char>(byte));
  CharacterMap::Parse(file.name(), map);
  if (vocabulary.model == TokenizerModel::kUnigram) vocabulary.character_map = std::move(map);
}

}  // namespace

Vocabulary ReadGgufVocabulary(const GgufFile& file) {
  Vocabulary vocabulary;
  vocabulary.source = file.name();
  vocabulary.model = ReadModel(file);
  vocabulary.pre = file.FindString("tokenizer.ggml.pre").value_or("");
  ReadTexts(file, vocabulary);
  ReadTypes(file, vocabulary);
  ReadScores(file, vocabulary);
  if (vocabulary.model == TokenizerModel::kByteLevelBpe) ReadMerges(file, vocabulary);
  if (vocabulary.model == TokenizerModel::kWordPiece) ReadWordPieces(vocabulary);
  ReadCharacterMap(file, vocabulary);
  ReadSpecialIds(file, vocabulary);
  ReadFlags(file, vocabulary);
  FindEndOfGeneration(vocabulary);
  return vocabulary;
}

}  // namespace rowmill
