#include "tasks/loaded_model.h"

#include "base/error.h"
#include "tasks/file_hash.h"
#include "tasks/model_reference.h"
#include "text/gguf_vocabulary.h"

namespace rowmill {
namespace {

std::string TokenText(const Tokenizer& tokenizer, int32_t id) {
  return id == kNoToken ? std::string() : std::string(tokenizer.TokenBytes(id));
}

}  // namespace

LoadedText LoadText(const GgufFile& file) {
  LoadedText text;
  text.tokenizer = Tokenizer::Make(ReadGgufVocabulary(file));
  const std::optional<std::string_view> source = file.FindString("tokenizer.chat_template");
  if (!source || source->empty()) return text;
  const Vocabulary& vocabulary = text.tokenizer->vocabulary();
  ChatTemplateOptions options;
  options.name = "the chat template of " + file.name();
  try {
    text.chat_template = std::make_unique<const ChatTemplate>(
        ChatTemplate::Parse(*source, TokenText(*text.tokenizer, vocabulary.bos),
                            TokenText(*text.tokenizer, vocabulary.eos), std::move(options)));
  } catch (const ModelError& error) {  // Raw prompts do not need it.
    text.chat_template_error = error.what();
  }
  return text;
}

LoadedModel LoadModel(const std::string& reference, const LoadOptions& options, ThreadTeam& team,
                      FileSystem& file_system, const std::string& hash_folder) {
  LoadedModel model;
  model.reference = reference.empty() ? std::string(ModelAliases().front().name) : reference;
  model.path = ResolveModel(reference, ModelFolder());
  model.file = std::make_unique<const ModelFile>(GgufFile::Open(model.path));
  LoadedText text = LoadText(*model.file->gguf());
  model.tokenizer = std::move(text.tokenizer);
  model.chat_template = std::move(text.chat_template);
  model.chat_template_error = std::move(text.chat_template_error);
  model.decoder = LoadDecoder(*model.file, options, team);
  if (model.tokenizer->vocabulary().size() != model.decoder->vocab_size()) {
    throw ModelError(model.path + ": the tokeniser has " +
                     std::to_string(model.tokenizer->vocabulary().size()) +
                     " tokens, but the model has " + std::to_string(model.decoder->vocab_size()) +
                     "; the file was put together wrongly.");
  }
  model.sha256 = FileSha256(model.path, model.file->gguf()->bytes(), file_system, hash_folder);
  return model;
}

}  // namespace rowmill
