// A model, file or folder, with everything that is read from it once: weights, tokeniser, chat
// template, hash. Shared, const, by all units and tasks of a process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "formats/model_file.h"
#include "models/any_model.h"
#include "parallel/thread_team.h"
#include "tasks/prompt_options.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace rowmill {

struct LoadedModel {
  std::string reference;  // as the person wrote it; the default's alias where nothing was written
  std::string path;
  std::string sha256;  // of the file, or of the list of a folder's files; hexadecimal
  Numerics numerics = Numerics::kAuto;    // the recipe that `auto` stood for
  std::unique_ptr<const ModelFile> file;  // mapped; texts and float weights may be views into it
  // One of the four; the others are null.
  std::unique_ptr<const Decoder> decoder;
  std::unique_ptr<const Encoder> encoder;
  std::unique_ptr<const EncoderDecoder> encoder_decoder;
  std::unique_ptr<const ImageModel> image_model;
  std::unique_ptr<const Whisper> whisper;
  std::unique_ptr<const Tokenizer> tokenizer;         // null where the model reads pictures
  std::unique_ptr<const ChatTemplate> chat_template;  // null where the file has none

  std::string chat_template_error;  // why it has one that cannot be used

  AnyModel Any() const;
  TaskModel ForTasks() const;
};

// The part of a model that reading text takes: no weights are loaded. For `tokenize`,
// `inspect` and tests.
struct LoadedText {
  std::unique_ptr<const Tokenizer> tokenizer;
  std::unique_ptr<const ChatTemplate> chat_template;  // null where the file has none that works
  std::string chat_template_error;
};

// Throws ModelError naming the file where it has no tokeniser that works. A chat template that does
// not work is an error only where it is used.
LoadedText LoadText(const ModelFile& file);

// What is kept from run to run. None of it is needed: whatever is wrong with it, the model's own
// files are read.
struct ModelCaches {
  // Whether packed weights are kept. kAuto: where packing them took longer than a second.
  enum class Packed : uint8_t { kOff, kAuto, kOn };

  std::string hash_folder;    // of files' hashes (tasks/file_hash.h); empty: nowhere
  std::string packed_folder;  // of packed weights (models/packed_cache.h); empty: nowhere
  Packed packed = Packed::kAuto;
};

// Resolves `reference` (tasks/model_reference.h) and loads it. Throws ModelError.
LoadedModel LoadModel(const std::string& reference, const LoadOptions& options, ThreadTeam& team,
                      FileSystem& file_system, const ModelCaches& caches);

}  // namespace rowmill
