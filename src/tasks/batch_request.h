// One line of an OpenAI batch file: a request for a chat completion, a completion or an embedding,
// as rows of a job; and the line of results that answers it.
//
// A parameter that would change the answer and is not supported makes the request an error of its
// own; none is passed over in silence. Specification: OpenAI's batch API, and what vLLM's run-batch
// adds to it (top_k, min_p, repetition_penalty, ignore_eos). A chat is any sequence of messages of
// system, user and assistant that ends with one of the user.
//
// What it is not: it runs nothing (cli/command_batch.cc).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decode/sampler.h"

namespace rowmill {

enum class BatchEndpoint : uint8_t { kChat, kCompletion, kEmbedding };
std::string_view Path(BatchEndpoint endpoint);  // "/v1/chat/completions"

// What a job has to have in common: requests that agree in it run together.
struct BatchSettings {
  BatchEndpoint endpoint = BatchEndpoint::kChat;
  std::string model;
  std::vector<std::string> roles;  // of the messages before the last one
  uint32_t num_choices = 1;        // to each prompt
  uint32_t max_tokens = 0;
  bool ignore_eos = false;
  SamplingOptions sampling;
  std::vector<std::string> stop;

  // Equal exactly where all fields are.
  std::string Key() const;
};

// How an embedding is written: its numbers, or base64 (RFC 4648) of them as little-endian floats.
enum class EmbeddingEncoding : uint8_t { kFloat, kBase64 };

struct BatchRequest {
  std::string custom_id;
  std::string error;      // why it cannot be run; empty where it can
  std::string parameter;  // the one that is to blame; may be empty
  BatchSettings settings;
  std::vector<std::string> history;  // [roles]: contents of the messages before the last one
  std::vector<std::string> texts;    // the last message, the prompts, or the inputs
  EmbeddingEncoding encoding = EmbeddingEncoding::kFloat;
};

// `default_max_tokens`: where the request names no limit.
BatchRequest ParseBatchRequest(std::string_view line, uint32_t default_max_tokens);

// What came of a request.
struct BatchAnswer {
  uint64_t index = 0;  // of the request in its file
  std::string custom_id;
  std::string model;  // that has answered
  BatchEndpoint endpoint = BatchEndpoint::kChat;
  std::string error;  // of those that have no answer
  std::string parameter;
  struct Choice {
    std::string text;
    bool is_whole = true;  // ended by itself, not for want of room
  };
  std::vector<Choice> choices;                 // to the first prompt, then to the second one
  std::vector<std::vector<float>> embeddings;  // of each input
  EmbeddingEncoding encoding = EmbeddingEncoding::kFloat;
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
};

// A line of the results, with its line break. Times are 0 and ids count: equal files get equal
// results.
std::string BatchResultLine(const BatchAnswer& answer);

}  // namespace rowmill
