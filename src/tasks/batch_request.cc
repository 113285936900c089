#include "tasks/batch_request.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/base64.h"
#include "base/error.h"
#include "base/little_endian.h"
#include "data/json_text.h"
#include "tasks/generate.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;

// Says what is wrong with a request, and which parameter it is.
struct Refusal {
  std::string parameter;
  std::string error;
};

[[noreturn]] void Refuse(const std::string& parameter, const std::string& error) {
  throw Refusal{parameter, error};
}

// Whether a value is what is done where the parameter is left out, so that saying it changes
// nothing.
bool SaysNothing(const Json& value) {
  return value.is_null() || (value.is_boolean() && !value.get<bool>()) ||
         (value.is_number() && value.get<double>() == 0.0) ||
         ((value.is_object() || value.is_array()) && value.empty());
}

double Number(const std::string& name, const Json& value) {
  if (!value.is_number()) Refuse(name, name + " must be a number");
  return value.get<double>();
}

uint32_t Count(const std::string& name, const Json& value, uint64_t least) {
  if (!value.is_number_integer() || value.get<int64_t>() < static_cast<int64_t>(least) ||
      value.get<int64_t>() > INT32_MAX) {
    Refuse(name, name + " must be a whole number of at least " + std::to_string(least));
  }
  return static_cast<uint32_t>(value.get<int64_t>());
}

std::string Text(const std::string& name, const Json& value) {
  if (!value.is_string()) Refuse(name, name + " must be a string");
  return value.get<std::string>();
}

// A message's content: a string, or parts that are all text.
std::string Content(const Json& message) {
  const auto found = message.find("content");
  if (found == message.end()) Refuse("messages", "a message has no content");
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) Refuse("messages", "the content of a message must be a string");
  std::string text;
  for (const Json& part : *found) {
    if (!part.is_object() || part.value("type", Json()) != "text" || !part.contains("text")) {
      Refuse("messages", "of the parts of a message only text is supported");
    }
    text += Text("text", part["text"]);
  }
  return text;
}

// The most messages of a chat, so that no request makes a job of thousands of columns.
constexpr size_t kMaxMessages = 256;

void ReadMessages(const Json& messages, BatchRequest& request) {
  if (!messages.is_array() || messages.empty()) Refuse("messages", "messages must be a list");
  if (messages.size() > kMaxMessages) {
    Refuse("messages", "a chat may have " + std::to_string(kMaxMessages) + " messages at most");
  }
  const auto role = [&](size_t i) {
    if (!messages[i].is_object() || !messages[i].contains("role")) {
      Refuse("messages", "a message must be an object with role and content");
    }
    return Text("role", messages[i]["role"]);
  };
  for (size_t i = 0; i + 1 < messages.size(); ++i) {
    std::string name = role(i);
    if (name == "developer") name = "system";
    if (name != "system" && name != "user" && name != "assistant") {
      Refuse("messages", "messages of the role " + name.substr(0, 60) + " are not supported");
    }
    for (const char* calls : {"tool_calls", "function_call"}) {
      if (!SaysNothing(messages[i].value(calls, Json()))) {
        Refuse("messages", std::string(calls) + " of a message are not supported");
      }
    }
    request.settings.roles.push_back(std::move(name));
    request.history.push_back(Content(messages[i]));
  }
  if (role(messages.size() - 1) != "user") {
    Refuse("messages", "the last message must be the user's");
  }
  request.texts = {Content(messages.back())};
}

// The most prompts or inputs of a request: the API's own limit.
constexpr size_t kMaxTexts = 2048;

void ReadTexts(const std::string& name, const Json& value, BatchRequest& request) {
  if (!value.is_array()) {
    request.texts = {Text(name, value)};
    return;
  }
  if (value.empty() || value.size() > kMaxTexts) {
    Refuse(name, name + " must have from 1 to " + std::to_string(kMaxTexts) + " texts");
  }
  for (const Json& text : value) {
    if (!text.is_string()) {
      Refuse(name, name + " must be a string or a list of strings; token ids are not supported");
    }
    request.texts.push_back(text.get<std::string>());
  }
}

// vLLM's parameters that are true where they are left out, so that false asks for something.
bool IsTrueByDefault(const std::string& name) {
  return name == "add_generation_prompt" || name == "skip_special_tokens" ||
         name == "spaces_between_special_tokens" || name == "detokenize";
}

void ReadStop(const Json& value, BatchSettings& settings) {
  if (value.is_null()) return;
  if (value.is_string()) {
    settings.stop.push_back(value.get<std::string>());
  } else if (value.is_array()) {
    for (const Json& stop : value) settings.stop.push_back(Text("stop", stop));
  } else {
    Refuse("stop", "stop must be a string or a list of strings");
  }
  for (const std::string& stop : settings.stop) {
    if (stop.empty()) Refuse("stop", "a stop string must not be empty");
  }
}

// Parameters of all endpoints that write; false where the name is none of them.
bool ReadSampling(const std::string& name, const Json& value, BatchSettings& settings) {
  SamplingOptions& sampling = settings.sampling;
  if (name == "temperature") {
    if (!value.is_null()) sampling.temperature = static_cast<float>(Number(name, value));
  } else if (name == "top_p") {
    if (!value.is_null()) sampling.top_p = static_cast<float>(Number(name, value));
  } else if (name == "min_p") {
    if (!value.is_null()) sampling.min_p = static_cast<float>(Number(name, value));
  } else if (name == "repetition_penalty") {
    if (!value.is_null()) sampling.repetition_penalty = static_cast<float>(Number(name, value));
  } else if (name == "top_k") {
    // vLLM: -1 is all.
    if (value != -1 && !value.is_null()) {
      sampling.top_k = static_cast<int32_t>(Count(name, value, 0));
    }
  } else if (name == "seed") {
    if (!value.is_null()) sampling.seed = Count(name, value, 0);
  } else if (name == "max_tokens" || name == "max_completion_tokens") {
    if (!value.is_null()) settings.max_tokens = Count(name, value, 1);
  } else if (name == "ignore_eos") {
    if (!value.is_boolean()) Refuse(name, "ignore_eos must be true or false");
    settings.ignore_eos = value.get<bool>();
  } else if (name == "stop") {
    ReadStop(value, settings);
  } else if (name == "n") {
    if (!value.is_null()) settings.num_choices = Count(name, value, 1);
    if (settings.num_choices > kMaxSamples) {
      Refuse(name, "n must be at most " + std::to_string(kMaxSamples));
    }
  } else {
    return false;
  }
  return true;
}

void ReadBody(const Json& body, BatchRequest& request) {
  BatchSettings& settings = request.settings;
  const bool writes = settings.endpoint != BatchEndpoint::kEmbedding;
  const std::string wanted = settings.endpoint == BatchEndpoint::kChat         ? "messages"
                             : settings.endpoint == BatchEndpoint::kCompletion ? "prompt"
                                                                               : "input";
  if (!body.contains(wanted)) Refuse(wanted, "the request has no " + wanted);
  if (writes) settings.sampling.temperature = 1.0f;  // the API's default
  for (const auto& [name, value] : body.items()) {
    if (name == "model") {
      settings.model = Text(name, value);
    } else if (name == wanted && wanted == "messages") {
      ReadMessages(value, request);
    } else if (name == wanted) {
      ReadTexts(name, value, request);
    } else if (name == "user" || name == "metadata" || name == "store" || name == "service_tier") {
      // Says something to a service, and nothing about the answer.
    } else if (name == "encoding_format" && !writes) {
      if (value == "base64") {
        request.encoding = EmbeddingEncoding::kBase64;
      } else if (value != "float" && !value.is_null()) {
        Refuse(name, "encoding_format must be float or base64");
      }
    } else if (name == "response_format" && value.is_object() &&
               value.value("type", Json()) == "text") {
      // What is done anyway.
    } else if (name == "tool_choice" && value == "none") {
    } else if (IsTrueByDefault(name) && value.is_boolean()) {
      if (!value.get<bool>()) Refuse(name, name + " is supported as true alone");
    } else if (name == "best_of" && value.is_number()) {
      // As many as n leaves nothing to choose from.
      if (value != body.value("n", Json(1))) Refuse(name, "best_of is supported as n alone");
    } else if (name == "logprobs" && value.is_number()) {
      // 0 asks for the log-probabilities of the tokens themselves.
      Refuse(name, "the parameter logprobs is not supported");
    } else if (writes && ReadSampling(name, value, settings)) {
    } else if (!SaysNothing(value)) {
      Refuse(name, "the parameter " + name.substr(0, 60) + " is not supported");
    }
  }
  if (writes) {
    try {
      settings.sampling.Validate();
    } catch (const UsageError& error) {
      Refuse("", error.what());
    }
  }
}

void ReadRequest(const Json& json, BatchRequest& request) {
  if (!json.is_object()) Refuse("", "a request must be a JSON object");
  if (!json.contains("custom_id")) Refuse("custom_id", "the request has no custom_id");
  request.custom_id = Text("custom_id", json["custom_id"]);
  if (json.value("method", Json("POST")) != "POST") Refuse("method", "method must be POST");
  const std::string url = json.contains("url") ? Text("url", json["url"]) : "";
  bool is_known = false;
  for (const BatchEndpoint endpoint :
       {BatchEndpoint::kChat, BatchEndpoint::kCompletion, BatchEndpoint::kEmbedding}) {
    if (url != Path(endpoint)) continue;
    request.settings.endpoint = endpoint;
    is_known = true;
  }
  if (!is_known) {
    Refuse("url", "url must be /v1/chat/completions, /v1/completions or /v1/embeddings");
  }
  if (!json.contains("body") || !json["body"].is_object()) {
    Refuse("body", "the request has no body");
  }
  ReadBody(json["body"], request);
}

Json ChoiceJson(const BatchAnswer& answer, size_t index) {
  const BatchAnswer::Choice& made = answer.choices[index];
  Json choice;
  choice["index"] = index;
  if (answer.endpoint == BatchEndpoint::kChat) {
    choice["message"] = {{"role", "assistant"}, {"content", made.text}};
  } else {
    choice["text"] = made.text;
  }
  choice["logprobs"] = nullptr;
  choice["finish_reason"] = made.is_whole ? "stop" : "length";
  return choice;
}

void AppendEmbedding(std::span<const float> embedding, EmbeddingEncoding encoding,
                     std::string& out) {
  if (encoding == EmbeddingEncoding::kBase64) {
    std::vector<std::byte> bytes;
    for (const float value : embedding) AppendLittle32(bytes, std::bit_cast<uint32_t>(value));
    out += '"';
    AppendBase64(bytes, out);
    out += '"';
    return;
  }
  // Numbers as everywhere in our outputs: the shortest that read back as the same float.
  out += '[';
  for (size_t i = 0; i < embedding.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonNumber(embedding[i], out);
  }
  out += ']';
}

// What stands where BatchResultLine puts the numbers of an embedding in.
constexpr const char* kEmbeddingPlace = "\x01";

Json Body(const BatchAnswer& answer, const std::string& number) {
  Json body;
  if (answer.endpoint == BatchEndpoint::kEmbedding) {
    body["object"] = "list";
    body["data"] = Json::array();
    for (size_t i = 0; i < answer.embeddings.size(); ++i) {
      body["data"].push_back(
          {{"object", "embedding"}, {"index", i}, {"embedding", kEmbeddingPlace}});
    }
    body["model"] = answer.model;
    body["usage"] = {{"prompt_tokens", answer.prompt_tokens},
                     {"total_tokens", answer.prompt_tokens}};
    return body;
  }
  const bool is_chat = answer.endpoint == BatchEndpoint::kChat;
  body["id"] = (is_chat ? "chatcmpl-" : "cmpl-") + number;
  body["object"] = is_chat ? "chat.completion" : "text_completion";
  body["created"] = 0;
  body["model"] = answer.model;
  body["choices"] = Json::array();
  for (size_t i = 0; i < answer.choices.size(); ++i) {
    body["choices"].push_back(ChoiceJson(answer, i));
  }
  body["usage"] = {{"prompt_tokens", answer.prompt_tokens},
                   {"completion_tokens", answer.generated_tokens},
                   {"total_tokens", answer.prompt_tokens + answer.generated_tokens}};
  return body;
}

}  // namespace

std::string_view Path(BatchEndpoint endpoint) {
  switch (endpoint) {
    case BatchEndpoint::kChat:
      return "/v1/chat/completions";
    case BatchEndpoint::kCompletion:
      return "/v1/completions";
    case BatchEndpoint::kEmbedding:
      break;
  }
  return "/v1/embeddings";
}

std::string BatchSettings::Key() const {
  Json key = {std::string(Path(endpoint)),
              model,
              roles,
              num_choices,
              max_tokens,
              ignore_eos,
              sampling.temperature,
              sampling.top_k,
              sampling.top_p,
              sampling.min_p,
              sampling.repetition_penalty,
              sampling.seed,
              stop};
  return key.dump(-1, ' ', false, Json::error_handler_t::replace);
}

BatchRequest ParseBatchRequest(std::string_view line, uint32_t default_max_tokens) {
  BatchRequest request;
  request.settings.max_tokens = default_max_tokens;
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  try {
    if (json.is_discarded()) Refuse("", "the line is not JSON");
    ReadRequest(json, request);
  } catch (Refusal& refusal) {
    request.error = std::move(refusal.error);
    request.parameter = std::move(refusal.parameter);
  }
  return request;
}

std::string BatchResultLine(const BatchAnswer& answer) {
  const std::string number = std::to_string(answer.index);
  Json line;
  line["id"] = "batch_req_" + number;
  line["custom_id"] = answer.custom_id;
  if (answer.error.empty()) {
    line["response"] = {
        {"status_code", 200}, {"request_id", "req_" + number}, {"body", Body(answer, number)}};
    line["error"] = nullptr;
  } else {
    const Json error = {{"message", answer.error},
                        {"type", "invalid_request_error"},
                        {"param", answer.parameter.empty() ? Json() : Json(answer.parameter)},
                        {"code", "invalid_request"}};
    line["response"] = {
        {"status_code", 400}, {"request_id", "req_" + number}, {"body", {{"error", error}}}};
    line["error"] = {{"code", "invalid_request"}, {"message", answer.error}};
  }
  std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (!answer.error.empty() || answer.endpoint != BatchEndpoint::kEmbedding) return text + "\n";
  constexpr std::string_view kPlace = R"("embedding":"\u0001")";
  std::string filled;
  size_t begin = 0;
  for (const std::vector<float>& embedding : answer.embeddings) {
    const size_t at = text.find(kPlace, begin);
    filled.append(text, begin, at - begin);
    filled += "\"embedding\":";
    AppendEmbedding(embedding, answer.encoding, filled);
    begin = at + kPlace.size();
  }
  return filled + text.substr(begin) + "\n";
}

}  // namespace rowmill
