#include "tasks/batch_request.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "data/json_text.h"

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

void ReadMessages(const Json& messages, BatchRequest& request) {
  if (!messages.is_array() || messages.empty()) Refuse("messages", "messages must be a list");
  size_t next = 0;
  const auto role = [&](size_t i) {
    if (!messages[i].is_object() || !messages[i].contains("role")) {
      Refuse("messages", "a message must be an object with role and content");
    }
    return Text("role", messages[i]["role"]);
  };
  if (role(0) == "system" || role(0) == "developer") {
    request.settings.has_system = true;
    request.system = Content(messages[next++]);
  }
  if (messages.size() != next + 1 || role(next) != "user") {
    Refuse("messages",
           "only one user message, perhaps behind a system message, is supported; this request has "
           "other turns");
  }
  request.text = Content(messages[next]);
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
  } else if (name == "n" || name == "best_of") {
    if (!value.is_null() && value != 1) Refuse(name, name + " is supported as 1 alone");
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
      const bool is_list = value.is_array() && value.size() == 1;
      request.text = Text(name, is_list ? value[0] : value);
    } else if (name == "user" || name == "metadata" || name == "store" || name == "service_tier") {
      // Says something to a service, and nothing about the answer.
    } else if (name == "encoding_format" && !writes) {
      if (value != "float") Refuse(name, "encoding_format is supported as float alone");
    } else if (name == "response_format" && value.is_object() &&
               value.value("type", Json()) == "text") {
      // What is done anyway.
    } else if (name == "tool_choice" && value == "none") {
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

Json Choice(const BatchAnswer& answer) {
  const bool is_whole =
      answer.finish == FinishReason::kEndToken || answer.finish == FinishReason::kStopRule;
  Json choice;
  choice["index"] = 0;
  if (answer.endpoint == BatchEndpoint::kChat) {
    choice["message"] = {{"role", "assistant"}, {"content", answer.text}};
  } else {
    choice["text"] = answer.text;
  }
  choice["logprobs"] = nullptr;
  choice["finish_reason"] = is_whole ? "stop" : "length";
  return choice;
}

Json Body(const BatchAnswer& answer, const std::string& number) {
  Json body;
  if (answer.endpoint == BatchEndpoint::kEmbedding) {
    body["object"] = "list";
    body["data"] = Json::array(
        {{{"object", "embedding"}, {"index", 0}, {"embedding", "\x01" /* filled in below */}}});
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
  body["choices"] = Json::array({Choice(answer)});
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
              has_system,
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
  if (answer.error.empty() && answer.endpoint == BatchEndpoint::kEmbedding) {
    // Numbers as everywhere in our outputs: the shortest that read back as the same float.
    std::string list = "[";
    for (size_t i = 0; i < answer.embedding.size(); ++i) {
      if (i > 0) list += ",";
      AppendJsonNumber(answer.embedding[i], list);
    }
    list += "]";
    constexpr std::string_view kPlace = R"("embedding":"\u0001")";
    const size_t at = text.find(kPlace);
    if (at != std::string::npos) text.replace(at, kPlace.size(), "\"embedding\":" + list);
  }
  return text + "\n";
}

}  // namespace rowmill
