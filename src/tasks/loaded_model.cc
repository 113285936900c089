#include "tasks/loaded_model.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "hub/hub_cache.h"
#include "models/packed_cache.h"
#include "tasks/file_hash.h"
#include "tasks/model_reference.h"
#include "text/gguf_vocabulary.h"
#include "text/hugging_face_vocabulary.h"
#include "text/word_piece_vocabulary.h"

namespace rowmill {
namespace {

std::string TokenText(const Tokenizer& tokenizer, int32_t id) {
  return id == kNoToken ? std::string() : std::string(tokenizer.TokenBytes(id));
}

// The file's hash. One that a hub's cache holds under another hash is damaged.
std::string CheckedSha256(const std::string& path, std::span<const std::byte> bytes,
                          FileSystem& file_system, const std::string& hash_folder) {
  std::string sha256 = FileSha256(path, bytes, file_system, hash_folder);
  const std::string expected = ExpectedSha256(path);
  if (!expected.empty() && sha256 != expected) {
    throw ModelError(path + ": the file is damaged, its SHA-256 is " + sha256 + " and should be " +
                     expected + "; `rowmill models pull` fetches it anew");
  }
  return sha256;
}

// Of a folder: the hash of the list of its files' hashes, as sha256sum prints it, in this order.
std::string ModelSha256(const ModelFile& file, FileSystem& file_system,
                        const std::string& hash_folder) {
  if (const GgufFile* gguf = file.gguf()) {
    return CheckedSha256(file.name(), gguf->bytes(), file_system, hash_folder);
  }
  const HuggingFaceFolder& folder = *file.folder();
  std::string list;
  const auto add = [&](const std::string& path, std::span<const std::byte> bytes) {
    list += CheckedSha256(path, bytes, file_system, hash_folder) + "  " +
            path.substr(path.rfind('/') + 1) + "\n";
  };
  for (const SafetensorsFile& shard : folder.shards()) add(shard.name(), shard.bytes());
  for (const char* name :
       {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "chat_template.jinja", "vocab.txt", "1_Pooling/config.json", "preprocessor_config.json"}) {
    if (const auto text = folder.FindText(name, SIZE_MAX)) {
      add(folder.name() + "/" + name, AsBytes(*text));
    }
  }
  return Sha256Hex(AsBytes(list));
}

// BERT's own vocab.txt, for folders without tokenizer.json.
Vocabulary ReadVocabularyList(const HuggingFaceFolder& folder, std::string_view list) {
  BertNormalizerOptions options;
  const std::optional<JsonDocument> config = folder.FindJson("tokenizer_config.json");
  if (config && !config->FindBool("do_lower_case").value_or(true)) {
    options.letter_case = BertNormalizerOptions::Case::kKeep;
    options.accents = BertNormalizerOptions::Accents::kKeep;
  }
  return ReadWordPieceList(list, options, folder.name() + "/vocab.txt");
}

Vocabulary ReadFolderVocabulary(const ModelFile& file) {
  constexpr size_t kMaxListBytes = size_t{64} << 20;
  const HuggingFaceFolder& folder = *file.folder();
  // BERT's folders of old have their vocabulary as a list alone.
  if (IsEncoder(file) && !folder.FindText("tokenizer.json", SIZE_MAX)) {
    if (const auto list = folder.FindText("vocab.txt", kMaxListBytes)) {
      return ReadVocabularyList(folder, *list);
    }
  }
  return ReadHuggingFaceVocabulary(folder);
}

// For encoders, speech models and Marian `auto` is int8: less than half the time, and vectors so
// near to the exact ones that no measured score moved by more than its noise, texts the same on all
// but a few clips, BLEU within 0.12 (docs/accuracy.md, docs/benchmarks.md). Not for T5, of which no
// weights were at hand to measure.
Numerics RecipeFor(const ModelFile& file, Numerics asked) {
  const bool is_marian = IsEncoderDecoder(file) && file.architecture() == "marian";
  const bool prefers_int8 = IsEncoder(file) || IsWhisper(file) || is_marian;
  return asked == Numerics::kAuto && prefers_int8 ? Numerics::kInt8 : asked;
}

}  // namespace

AnyModel LoadedModel::Any() const {
  if (encoder != nullptr) return encoder.get();
  if (encoder_decoder != nullptr) return encoder_decoder.get();
  if (image_model != nullptr) return image_model.get();
  if (whisper != nullptr) return whisper.get();
  return decoder.get();
}

TaskModel LoadedModel::ForTasks() const {
  TaskModel model;
  model.tokenizer = tokenizer.get();
  model.chat_template = chat_template.get();
  model.chat_template_error = chat_template_error;
  model.max_seq_len = decoder != nullptr           ? decoder->max_seq_len()
                      : encoder != nullptr         ? encoder->max_seq_len()
                      : encoder_decoder != nullptr ? encoder_decoder->max_source_len()
                      : whisper != nullptr         ? whisper->config().max_seq_len
                                                   : 0;
  model.image_model = image_model.get();
  model.encoder = encoder.get();
  model.encoder_decoder = encoder_decoder.get();
  model.whisper = whisper.get();
  model.sha256 = sha256;
  return model;
}

LoadedText LoadText(const ModelFile& file) {
  LoadedText text;
  std::string source;
  if (const GgufFile* gguf = file.gguf()) {
    text.tokenizer = Tokenizer::Make(ReadGgufVocabulary(*gguf));
    source = gguf->FindString("tokenizer.chat_template").value_or("");
  } else {
    text.tokenizer = Tokenizer::Make(ReadFolderVocabulary(file));
    source = ReadHuggingFaceChatTemplate(*file.folder());
  }
  if (source.empty()) return text;
  const Vocabulary& vocabulary = text.tokenizer->vocabulary();
  ChatTemplateOptions options;
  options.name = "the chat template of " + file.name();
  try {
    text.chat_template = std::make_unique<const ChatTemplate>(
        ChatTemplate::Parse(source, TokenText(*text.tokenizer, vocabulary.bos),
                            TokenText(*text.tokenizer, vocabulary.eos), std::move(options)));
  } catch (const ModelError& error) {  // Raw prompts do not need it.
    text.chat_template_error = error.what();
  }
  return text;
}

namespace {

// Raised whenever PackedWeights::Pack gives other bytes for the same matrix.
constexpr int kPackedLayout = 1;

std::unique_ptr<PackedCache> FindPacked(const LoadedModel& model, const LoadOptions& options,
                                        ThreadTeam& team, FileSystem& file_system,
                                        const ModelCaches& caches) {
  if (caches.packed == ModelCaches::Packed::kOff || caches.packed_folder.empty()) return nullptr;
  const std::string numerics = std::to_string(static_cast<int>(options.numerics));
  return std::make_unique<PackedCache>(
      caches.packed_folder + "/" + model.sha256 + "-" + numerics,
      "layout " + std::to_string(kPackedLayout) + ", numerics " + numerics + ", " + model.sha256,
      file_system, team);
}

// A folder that cannot be written to or a full disk costs the next start its time, nothing else.
void KeepPacked(const PackedCache& packed, const std::string& folder, FileSystem& file_system) {
  try {
    std::filesystem::create_directories(folder);
    packed.Write(file_system);
  } catch (const IoError&) {
  } catch (const std::filesystem::filesystem_error&) {
  }
}

// Loads the family's weights; gives the number of tokens that it knows.
size_t LoadWeights(LoadedModel& model, const LoadOptions& options, ThreadTeam& team) {
  if (IsEncoder(*model.file)) {
    model.encoder = LoadEncoder(*model.file, options, team);
    return model.encoder->vocab_size();
  }
  if (IsEncoderDecoder(*model.file)) {
    model.encoder_decoder = LoadEncoderDecoder(*model.file, options, team);
    // T5's matrix has rows that no token belongs to; answers never have them.
    return std::min(model.encoder_decoder->vocab_size(), model.tokenizer->vocabulary().size());
  }
  if (IsWhisper(*model.file)) {
    model.whisper = LoadWhisper(*model.file, options, team);
    return model.whisper->config().vocab_size;
  }
  model.decoder = LoadDecoder(*model.file, options, team);
  return model.decoder->vocab_size();
}

}  // namespace

LoadedModel LoadModel(const std::string& reference, const LoadOptions& load_options,
                      ThreadTeam& team, FileSystem& file_system, const ModelCaches& caches) {
  constexpr double kWorthKeeping = 1.0;  // seconds
  LoadedModel model;
  model.reference = reference.empty() ? std::string(ModelAliases().front().name) : reference;
  model.path = ResolveModel(reference, ModelFolder());
  model.file = std::make_unique<const ModelFile>(ModelFile::Open(model.path));
  LoadOptions options = load_options;
  options.numerics = model.numerics = RecipeFor(*model.file, options.numerics);
  if (IsImageModel(*model.file)) {
    model.image_model = LoadImageModel(*model.file, options, team);
    model.sha256 = ModelSha256(*model.file, file_system, caches.hash_folder);
    return model;
  }
  LoadedText text = LoadText(*model.file);
  model.tokenizer = std::move(text.tokenizer);
  model.chat_template = std::move(text.chat_template);
  model.chat_template_error = std::move(text.chat_template_error);
  model.sha256 = ModelSha256(*model.file, file_system, caches.hash_folder);

  const std::unique_ptr<PackedCache> packed = FindPacked(model, options, team, file_system, caches);
  LoadOptions with_cache = options;
  with_cache.packed_cache = packed.get();
  const auto start = std::chrono::steady_clock::now();
  const size_t vocab_size = LoadWeights(model, with_cache, team);
  const bool is_worth_keeping =
      caches.packed == ModelCaches::Packed::kOn || SecondsSince(start) > kWorthKeeping;
  if (model.tokenizer->vocabulary().size() != vocab_size) {
    throw ModelError(model.path + ": the tokeniser has " +
                     std::to_string(model.tokenizer->vocabulary().size()) +
                     " tokens, but the model has " + std::to_string(vocab_size) +
                     "; the file was put together wrongly.");
  }
  if (packed != nullptr && !packed->found() && is_worth_keeping) {
    KeepPacked(*packed, caches.packed_folder, file_system);
  }
  return model;
}

}  // namespace rowmill
