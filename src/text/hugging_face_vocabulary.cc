#include "text/hugging_face_vocabulary.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "formats/error_text.h"
#include "text/gguf_vocabulary.h"
#include "text/token_table.h"

namespace rowmill {
namespace {

using nlohmann::json;

constexpr size_t kMaxTokens = size_t{4} << 20;
constexpr size_t kMaxTemplateBytes = size_t{1} << 20;
// Gemma's tokenizer.json has 33 MB and 1.8 million values.
constexpr JsonDocumentLimits kTokenizerLimits = {
    .max_bytes = size_t{256} << 20, .max_depth = 32, .max_values = size_t{16} << 20};

struct ModelType {
  std::string_view type;
  HuggingFaceModelReader read;
};
// A type of model is added here with one line.
constexpr std::array kModelTypes = {
    ModelType{"BPE", ReadHuggingFaceBpe},
    ModelType{"Unigram", ReadHuggingFaceUnigram},
    ModelType{"WordPiece", ReadHuggingFaceWordPiece},
};

void ReadModel(const JsonDocument& document, Vocabulary& vocabulary) {
  const json* model = document.Find("model");
  if (model == nullptr || !model->is_object()) document.Fail("has no object 'model'");
  // Files from before 2020 leave the type out; only BPE has merges.
  std::string type = TypeOf(model);
  if (type.empty() && FindMember(*model, "merges") != nullptr) type = "BPE";
  std::string known;
  for (const ModelType& row : kModelTypes) {
    if (row.type == type) return row.read({document, *model}, vocabulary);
    known += (known.empty() ? "" : ", ") + std::string(row.type);
  }
  document.Fail("has a model of type " + Quoted(type) +
                ", which is not supported; known: " + known);
}

bool FlagOf(const json& object, const char* name) {
  const json* flag = FindMember(object, name);
  return flag != nullptr && flag->is_boolean() && flag->get<bool>();
}

// Special tokens are control tokens, other added ones are found in every text.
void ReadAddedTokens(const JsonDocument& document, Vocabulary& vocabulary) {
  const json* added = document.Find("added_tokens");
  if (added == nullptr) return;
  if (!added->is_array()) document.Fail("added_tokens is not an array");
  for (const json& token : *added) {
    const json* content = token.is_object() ? FindMember(token, "content") : nullptr;
    const json* id = content == nullptr ? nullptr : FindMember(token, "id");
    if (id == nullptr || !content->is_string()) {
      document.Fail("added_tokens has an element without id and content");
    }
    const auto& text = content->get_ref<const std::string&>();
    // Only a masked-language model's mask eats the space beside it, and no text of ours has it.
    const bool eats_spaces = FlagOf(token, "lstrip") || FlagOf(token, "rstrip");
    if ((eats_spaces && text.find("mask") == std::string::npos &&
         text.find("MASK") == std::string::npos) ||
        FlagOf(token, "single_word")) {
      document.Fail("the added token " + Quoted(text) +
                    " takes spaces or whole words along (lstrip, rstrip, single_word), which is "
                    "not supported");
    }
    // Such a token is looked for in the normalised text, where a space was put before the first
    // fragment alone. No published model has one.
    if (vocabulary.add_space_prefix && !FlagOf(token, "special") && FlagOf(token, "normalized")) {
      document.Fail("the added token " + Quoted(text) +
                    " is found in normalised text behind a space that was put there, which is not "
                    "supported");
    }
    PutToken(document, text, *id, vocabulary);
    TokenType& type = vocabulary.types[id->get<size_t>()];
    type = FlagOf(token, "special") ? TokenType::kControl : TokenType::kUserDefined;
    if (id->get<int64_t>() == vocabulary.unk) type = TokenType::kUnknown;
  }
}

class SpecialIds {
 public:
  SpecialIds(const HuggingFaceFolder& folder, const Vocabulary& vocabulary)
      : vocabulary_(vocabulary),
        config_(folder.config()),
        tokenizer_config_(folder.FindJson("tokenizer_config.json")),
        generation_config_(folder.FindJson("generation_config.json")),
        by_text_(vocabulary.size()) {
    // The first of two equal texts is found, so an added token cannot hide an older one.
    for (const std::string& text : vocabulary.texts) by_text_.Add(text, text);
  }

  const std::optional<JsonDocument>& tokenizer_config() const { return tokenizer_config_; }

  // "bos" by its text in tokenizer_config.json, else by its id in config.json; kNoToken where
  // neither says, or says what is no token.
  int32_t Find(const std::string& name) const {
    if (tokenizer_config_) {
      const json* token = tokenizer_config_->Find(name + "_token");
      if (token != nullptr && token->is_object()) token = FindMember(*token, "content");
      if (token != nullptr && token->is_string()) {
        if (const int32_t id = by_text_.Find(token->get_ref<const std::string&>());
            id != kNoToken) {
          return id;
        }
      }
    }
    const std::vector<int32_t> ids = IdsOf(config_, name + "_token_id");
    return ids.empty() ? kNoToken : ids.front();
  }
  // All that a generation ends at, as far as the two configs say.
  std::vector<int32_t> EndOfGeneration() const {
    std::vector<int32_t> ids = IdsOf(config_, "eos_token_id");
    if (generation_config_) {
      for (const int32_t id : IdsOf(*generation_config_, "eos_token_id")) ids.push_back(id);
    }
    return ids;
  }
  int32_t FindText(const std::string& text) const { return by_text_.Find(text); }

 private:
  // The id or ids under `path`; those that are no token are an error.
  std::vector<int32_t> IdsOf(const JsonDocument& document, const std::string& path) const {
    std::vector<int32_t> ids;
    const auto add = [&](const json& id) {
      if (!id.is_number_unsigned() || !vocabulary_.Contains(static_cast<int64_t>(
                                          std::min<uint64_t>(id.get<uint64_t>(), INT64_MAX)))) {
        document.Fail(path + " is not one of the " + std::to_string(vocabulary_.size()) +
                      " tokens");
      }
      ids.push_back(id.get<int32_t>());
    };
    const json* value = document.Find(path);
    if (value == nullptr) return ids;
    if (!value->is_array()) {
      add(*value);
    } else {
      for (const json& id : *value) add(id);
    }
    return ids;
  }

  const Vocabulary& vocabulary_;
  const JsonDocument& config_;
  std::optional<JsonDocument> tokenizer_config_;
  std::optional<JsonDocument> generation_config_;
  TokenTable by_text_;
};

// What the post-processor puts before and after a single text.
struct Surroundings {
  std::vector<std::string> before;
  std::vector<std::string> after;
};

void ReadTemplate(const JsonDocument& document, const json& processor, Surroundings& out) {
  const json* single = FindMember(processor, "single");
  if (single == nullptr || !single->is_array()) document.Fail("its post_processor has no 'single'");
  bool after_text = false;
  for (const json& item : *single) {
    const json* special = item.is_object() ? FindMember(item, "SpecialToken") : nullptr;
    if (special == nullptr) {
      after_text = true;
      continue;
    }
    const json* id = special->is_object() ? FindMember(*special, "id") : nullptr;
    if (id == nullptr || !id->is_string()) document.Fail("its post_processor cannot be read");
    (after_text ? out.after : out.before).push_back(id->get<std::string>());
  }
}

Surroundings ReadSurroundings(const JsonDocument& document) {
  Surroundings out;
  const json* processor = document.Find("post_processor");
  std::vector<const json*> steps;
  if (TypeOf(processor) == "Sequence") {
    const json* list = FindMember(*processor, "processors");
    if (list == nullptr || !list->is_array()) document.Fail("its post_processor has no steps");
    for (const json& step : *list) steps.push_back(&step);
  } else if (processor != nullptr) {
    steps.push_back(processor);
  }
  for (const json* step : steps) {
    const std::string type = TypeOf(step);
    if (type == "TemplateProcessing") {
      ReadTemplate(document, *step, out);
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
      for (const char* side : {"cls", "sep"}) {
        const json* pair = FindMember(*step, side);
        if (pair == nullptr || !pair->is_array() || pair->empty() || !(*pair)[0].is_string()) {
          document.Fail("its post_processor has no '" + std::string(side) + "'");
        }
        (side[0] == 'c' ? out.before : out.after).push_back((*pair)[0].get<std::string>());
      }
    } else if (type != "ByteLevel") {
      document.Fail("has a post_processor of type " + Quoted(type) + ", which is not supported");
    }
  }
  // Whisper's whole prompt, which depends on what is asked for: its decoder is given it, no text
  // is.
  if (!out.before.empty() && out.before.front() == "<|startoftranscript|>") return {};
  return out;
}

// The token that stands alone on one side of every text; kNoToken for none.
int32_t OneToken(const JsonDocument& document, const std::vector<std::string>& texts,
                 const SpecialIds& special) {
  if (texts.empty()) return kNoToken;
  const int32_t id = special.FindText(texts.front());
  if (texts.size() > 1 || id == kNoToken) {
    document.Fail("its post_processor puts something other than one token around a text");
  }
  return id;
}

void ReadSpecialIds(const HuggingFaceFolder& folder, const JsonDocument& document,
                    Vocabulary& vocabulary) {
  const SpecialIds special(folder, vocabulary);
  if (vocabulary.unk == kNoToken) vocabulary.unk = special.Find("unk");
  vocabulary.bos = special.Find("bos");
  vocabulary.eos = special.Find("eos");
  vocabulary.pad = special.Find("pad");
  vocabulary.sep = special.Find("sep");
  vocabulary.mask = special.Find("mask");
  const Surroundings around = ReadSurroundings(document);
  if (const int32_t id = OneToken(document, around.before, special); id != kNoToken) {
    vocabulary.bos = id;
    vocabulary.add_bos = true;
  }
  if (const int32_t id = OneToken(document, around.after, special); id != kNoToken) {
    vocabulary.eos = id;
    vocabulary.add_eos = true;
  }
  FindEndOfGeneration(vocabulary);
  std::vector<int32_t>& ends = vocabulary.end_of_generation;
  for (const int32_t id : special.EndOfGeneration()) ends.push_back(id);
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
}

}  // namespace

const json* FindMember(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

std::vector<const json*> StepsOf(const JsonDocument& document, const char* member,
                                 const char* list_name) {
  const json* object = document.Find(member);
  if (object == nullptr) return {};
  if (TypeOf(object) != "Sequence") return {object};
  const json* list = FindMember(*object, list_name);
  if (list == nullptr || !list->is_array()) {
    document.Fail(std::string(member) + " is a Sequence without " + list_name);
  }
  std::vector<const json*> steps;
  for (const json& step : *list) steps.push_back(&step);
  return steps;
}

std::string TypeOf(const json* object) {
  const json* type = object == nullptr ? nullptr : FindMember(*object, "type");
  return type != nullptr && type->is_string() ? type->get<std::string>() : std::string();
}

void PutToken(const JsonDocument& document, const std::string& text, const json& id,
              Vocabulary& vocabulary) {
  if (!id.is_number_unsigned() || id.get<uint64_t>() >= kMaxTokens) {
    document.Fail("the id of token " + Quoted(text) + " is not a number below " +
                  std::to_string(kMaxTokens));
  }
  if (text.size() > kMaxTokenBytes) {
    document.Fail("token " + Quoted(text) + " is " + std::to_string(text.size()) +
                  " bytes long, the limit is " + std::to_string(kMaxTokenBytes));
  }
  const auto index = id.get<size_t>();
  if (index >= vocabulary.size()) {
    vocabulary.texts.resize(index + 1);
    vocabulary.types.resize(index + 1, TokenType::kUnused);
  }
  if (vocabulary.types[index] != TokenType::kUnused && vocabulary.texts[index] != text) {
    document.Fail("token " + std::to_string(index) + " is " + Quoted(vocabulary.texts[index]) +
                  " and also " + Quoted(text));
  }
  vocabulary.texts[index] = text;
  vocabulary.types[index] = TokenType::kNormal;
}

Vocabulary ReadHuggingFaceVocabulary(const HuggingFaceFolder& folder) {
  const std::optional<JsonDocument> document = folder.FindJson("tokenizer.json", kTokenizerLimits);
  if (!document) {
    throw ModelError("model folder '" + folder.name() +
                     "': it has no tokenizer.json; a tokeniser's older files (vocab.json, "
                     "tokenizer.model) are not read, convert them with the transformers library");
  }
  Vocabulary vocabulary;
  vocabulary.source = document->name();
  ReadModel(*document, vocabulary);
  ReadAddedTokens(*document, vocabulary);
  if (const std::optional<int64_t> rows = folder.config().FindInt("vocab_size");
      rows && *rows > static_cast<int64_t>(vocabulary.size())) {
    if (*rows > static_cast<int64_t>(kMaxTokens)) {
      folder.config().Fail("vocab_size is " + std::to_string(*rows) + ", the limit is " +
                           std::to_string(kMaxTokens));
    }
    vocabulary.texts.resize(static_cast<size_t>(*rows));
    vocabulary.types.resize(static_cast<size_t>(*rows), TokenType::kUnused);
  }
  if (!vocabulary.scores.empty()) {
    // Added and unused tokens come after all that is merged or searched for.
    vocabulary.scores.resize(vocabulary.size(), -std::numeric_limits<float>::infinity());
  }
  uint64_t total_bytes = 0;
  for (const std::string& text : vocabulary.texts) total_bytes += text.size();
  if (vocabulary.texts.empty()) document->Fail("has no tokens");
  if (total_bytes > TokenTable::kMaxBytes / 2) {
    document->Fail("has " + std::to_string(total_bytes) + " bytes of tokens");
  }
  ReadSpecialIds(folder, *document, vocabulary);
  return vocabulary;
}

std::string ReadHuggingFaceChatTemplate(const HuggingFaceFolder& folder) {
  if (auto text = folder.FindText("chat_template.jinja", kMaxTemplateBytes)) return *text;
  const std::optional<JsonDocument> config = folder.FindJson("tokenizer_config.json");
  const json* source = config ? config->Find("chat_template") : nullptr;
  if (source == nullptr) return "";
  if (source->is_array()) {
    for (const json& entry : *source) {
      const json* name = FindMember(entry, "name");
      const json* text = FindMember(entry, "template");
      if (name != nullptr && *name == "default" && text != nullptr && text->is_string()) {
        return text->get<std::string>();
      }
    }
    return "";
  }
  if (!source->is_string()) config->Fail("chat_template is not a string");
  return source->get<std::string>();
}

}  // namespace rowmill
