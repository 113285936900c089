// tokenizer.json's model of type BPE: byte-level (GPT-2, SmolLM, Llama 3, Qwen) and over characters
// with bytes as fallback (Llama 2, Gemma), which is SentencePiece's BPE written as merges.
#include <limits>
#include <optional>

#include "formats/error_text.h"
#include "text/escaped_space.h"
#include "text/hugging_face_vocabulary.h"
#include "text/merge_list.h"

namespace rowmill {
namespace {

using nlohmann::json;

// The published patterns, as the files write them, and the name of our scanner for each.
constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::optional<bool> FlagOf(const json& object, const char* name) {
  const json* flag = FindMember(object, name);
  if (flag == nullptr || !flag->is_boolean()) return std::nullopt;
  return flag->get<bool>();
}

std::string TextOf(const json& object, const char* name) {
  const json* text = FindMember(object, name);
  return text != nullptr && text->is_string() ? text->get<std::string>() : std::string();
}

// The regular expression or the text of a Split or Replace.
std::string PatternOf(const json& step, const char* kind) {
  const json* pattern = FindMember(step, "pattern");
  return pattern == nullptr ? std::string() : TextOf(*pattern, kind);
}

[[noreturn]] void RefuseStep(const JsonDocument& document, const char* member, const json& step) {
  document.Fail("has a " + std::string(member) +
                " step that is not supported: " + Quoted(step.dump(-1, ' ', true)));
}

// The name of the pre-tokeniser (text/pre_tokenizer.h) that cuts as this file says.
std::string ByteLevelName(const HuggingFaceTokenizer& tokenizer,
                          const std::vector<const json*>& steps) {
  const JsonDocument& document = tokenizer.document;
  const bool ignore_merges = FlagOf(tokenizer.model, "ignore_merges").value_or(false);
  const json& last = *steps.back();
  const bool has_pattern = FlagOf(last, "use_regex").value_or(true);
  if (FlagOf(last, "add_prefix_space").value_or(true)) RefuseStep(document, "pre_tokenizer", last);
  std::string name;
  if (steps.size() == 1 && has_pattern) name = "gpt-2";
  if (steps.size() == 2) {
    const json& first = *steps.front();
    const std::string type = TypeOf(&first);
    if (type == "Digits" && FlagOf(first, "individual_digits").value_or(false) && has_pattern) {
      name = "smollm";
    } else if (type == "Split" && !has_pattern && TextOf(first, "behavior") == "Isolated" &&
               !FlagOf(first, "invert").value_or(false)) {
      const std::string pattern = PatternOf(first, "Regex");
      if (pattern == kGpt2Pattern) name = "gpt-2";
      // The same cut, named apart by what becomes of a piece that is a token as a whole.
      if (pattern == kLlama3Pattern) return ignore_merges ? "llama-bpe" : "smaug-bpe";
      if (pattern == kQwen2Pattern) name = "qwen2";
    }
  }
  if (name.empty()) RefuseStep(document, "pre_tokenizer", *document.Find("pre_tokenizer"));
  if (ignore_merges) document.Fail("has ignore_merges with the pre-tokeniser " + name);
  return name;
}

// Byte-level texts may be brought into normal form C first, and nothing else.
void ReadByteLevelNormalizer(const JsonDocument& document, Vocabulary& vocabulary) {
  for (const json* step : StepsOf(document, "normalizer", "normalizers")) {
    if (TypeOf(step) != "NFC") RefuseStep(document, "normalizer", *step);
    vocabulary.normalize_nfc = true;
  }
}

// SentencePiece's handling of spaces, which files spell in two ways: as a normaliser (Prepend,
// Replace) or as a pre-tokeniser (Metaspace).
void ReadSpaces(const JsonDocument& document, Vocabulary& vocabulary) {
  bool escapes = false;
  for (const json* step : StepsOf(document, "normalizer", "normalizers")) {
    const std::string type = TypeOf(step);
    if (type == "Prepend" && TextOf(*step, "prepend") == kEscapedSpace && !escapes) {
      vocabulary.add_space_prefix = true;
    } else if (type == "Replace" && PatternOf(*step, "String") == " " &&
               TextOf(*step, "content") == kEscapedSpace) {
      escapes = true;
    } else {
      RefuseStep(document, "normalizer", *step);
    }
  }
  for (const json* step : StepsOf(document, "pre_tokenizer", "pretokenizers")) {
    const std::string type = TypeOf(step);
    if (type == "Metaspace" && TextOf(*step, "replacement") == kEscapedSpace &&
        !FlagOf(*step, "split").value_or(true)) {
      const std::string scheme = TextOf(*step, "prepend_scheme");
      if (scheme == "first") RefuseStep(document, "pre_tokenizer", *step);
      vocabulary.add_space_prefix |= scheme == "always";
      escapes = true;
    } else if (type == "Split" && PatternOf(*step, "String") == " " && escapes) {
      // Gemma: there are no spaces left at which it could split.
    } else {
      RefuseStep(document, "pre_tokenizer", *step);
    }
  }
  if (!escapes) document.Fail("is a BPE model over characters that does not escape spaces");
}

void ReadTokens(const HuggingFaceTokenizer& tokenizer, Vocabulary& vocabulary) {
  const json* tokens = FindMember(tokenizer.model, "vocab");
  if (tokens == nullptr || !tokens->is_object()) {
    tokenizer.document.Fail("its model has no object 'vocab'");
  }
  for (const auto& [text, id] : tokens->items()) {
    PutToken(tokenizer.document, text, id, vocabulary);
  }
}

void ReadMerges(const HuggingFaceTokenizer& tokenizer, Vocabulary& vocabulary) {
  const json* merges = FindMember(tokenizer.model, "merges");
  if (merges == nullptr || !merges->is_array()) {
    tokenizer.document.Fail("its model has no array 'merges'");
  }
  MergeListReader list(vocabulary, merges->size());
  for (const json& merge : *merges) {
    std::string problem;
    if (merge.is_string()) {
      problem = list.Add(merge.get_ref<const std::string&>());
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      problem =
          list.Add(merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>());
    } else {
      problem = "is not two tokens";
    }
    if (!problem.empty()) {
      tokenizer.document.Fail("model.merges[" + std::to_string(list.num_read()) + "] " + problem);
    }
  }
}

// A merge list made from a SentencePiece model names, for each token, all pairs that make it, in
// the order of the scores. The first merge that makes a token is its score therefore, and what no
// merge makes comes last.
void ScoreByMerges(Vocabulary& vocabulary) {
  vocabulary.scores.assign(vocabulary.size(), -std::numeric_limits<float>::infinity());
  for (size_t rank = vocabulary.merges.size(); rank-- > 0;) {
    vocabulary.scores[static_cast<size_t>(vocabulary.merges[rank].result)] =
        -static_cast<float>(rank);
  }
  vocabulary.merges.clear();
}

void MarkByteTokens(Vocabulary& vocabulary) {
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const std::string& text = vocabulary.texts[i];
    if (text.size() == 6 && text.starts_with("<0x") && text.back() == '>') {
      vocabulary.types[i] = TokenType::kByte;
    }
  }
}

}  // namespace

void ReadHuggingFaceBpe(const HuggingFaceTokenizer& tokenizer, Vocabulary& vocabulary) {
  const JsonDocument& document = tokenizer.document;
  const json& model = tokenizer.model;
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!TextOf(model, affix).empty()) {
      document.Fail("its model has a " + std::string(affix) + ", which is not supported");
    }
  }
  ReadTokens(tokenizer, vocabulary);
  ReadMerges(tokenizer, vocabulary);
  const std::vector<const json*> steps = StepsOf(document, "pre_tokenizer", "pretokenizers");
  if (!steps.empty() && TypeOf(steps.back()) == "ByteLevel") {
    vocabulary.model = TokenizerModel::kByteLevelBpe;
    vocabulary.pre = ByteLevelName(tokenizer, steps);
    ReadByteLevelNormalizer(document, vocabulary);
    return;
  }
  if (!FlagOf(model, "byte_fallback").value_or(false)) {
    document.Fail("is a BPE model over characters without byte_fallback, which is not supported");
  }
  vocabulary.model = TokenizerModel::kSentencePieceBpe;
  ReadSpaces(document, vocabulary);
  MarkByteTokens(vocabulary);
  ScoreByMerges(vocabulary);
  const std::string unknown = TextOf(model, "unk_token");
  for (size_t i = 0; i < vocabulary.size() && !unknown.empty(); ++i) {
    if (vocabulary.texts[i] == unknown) {
      vocabulary.unk = static_cast<int32_t>(i);
      break;
    }
  }
}

}  // namespace rowmill
