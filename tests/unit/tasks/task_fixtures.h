// Records, chat templates and models without weights, for tests of tasks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/source.h"
#include "tasks/prompt_options.h"
#include "tasks/task.h"
#include "text/chat_template.h"
#include "unit/tasks/tiny_tokenizers.h"

namespace rowmill::testing {

// The rows of a JSONL or CSV text.
inline std::vector<Record> ReadRecords(const std::string& text, Format format = Format::kJsonl) {
  SourceOptions options;
  options.format = format;
  auto bytes = std::make_unique<MemoryByteSource>(text);
  auto source = MakeSource(std::make_unique<InputStream>(std::move(bytes), "test"), options);
  std::vector<Record> records;
  for (Record record; source->Next(record);) records.push_back(record);
  return records;
}

inline Record ReadRecord(const std::string& json) { return ReadRecords(json + "\n").at(0); }

// ChatML as SmolLM2 writes it, without a default system message.
inline constexpr const char* kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] "
    "+ '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

// Bytes as tokens and ChatML: every prompt can be read from its ids.
struct TinyModel {
  std::unique_ptr<const Tokenizer> tokenizer;
  std::unique_ptr<const ChatTemplate> chat_template;
  size_t max_seq_len = 512;

  TaskModel ForTasks() const {
    return {tokenizer.get(), chat_template.get(), {}, max_seq_len, nullptr, {}};
  }
};

inline TinyModel MakeTinyModel(const std::vector<std::string>& words = {}) {
  TinyModel model;
  model.tokenizer = ChatByteVocabulary(words).Make();
  model.chat_template =
      std::make_unique<const ChatTemplate>(ChatTemplate::Parse(kChatMl, "", "<|im_end|>"));
  return model;
}

// The text of ids, control tokens between « and ».
inline std::string Readable(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  std::string out;
  for (const int32_t id : ids) {
    const bool is_control = tokenizer.vocabulary().IsControl(id);
    out += is_control ? "\xC2\xAB" + std::string(tokenizer.TokenBytes(id)) + "\xC2\xBB"
                      : std::string(tokenizer.TokenBytes(id));
  }
  return out;
}

}  // namespace rowmill::testing
