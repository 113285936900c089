#include "report/run_json.h"

#include "base/error.h"

namespace rowmill {

Json ParseRunJson(std::string_view text, const std::string& where) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !JsonAt(json, "rowmill").is_string() ||
      !JsonAt(json, "measures").is_object()) {
    throw DataError("'" + where + "' is no report of a run; a job writes one as OUTPUT.run.json");
  }
  return json;
}

const Json& JsonAt(const Json& json, std::string_view path) {
  static const Json kNull;
  const Json* at = &json;
  while (true) {
    const size_t dot = path.find('.');
    const std::string name(path.substr(0, dot));
    if (!at->is_object() || !at->contains(name)) return kNull;
    at = &(*at)[name];
    if (dot == std::string_view::npos) return *at;
    path.remove_prefix(dot + 1);
  }
}

std::optional<double> NumberAt(const Json& json, std::string_view path) {
  const Json& value = JsonAt(json, path);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

uint64_t CountAt(const Json& json, std::string_view path) {
  const Json& value = JsonAt(json, path);
  return value.is_number_unsigned() ? value.get<uint64_t>() : 0;
}

std::string TextAt(const Json& json, std::string_view path) {
  const Json& value = JsonAt(json, path);
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() || value.is_structured() ? "" : value.dump();
}

const Json& ArrayAt(const Json& json, std::string_view path) {
  static const Json kEmpty = Json::array();
  const Json& value = JsonAt(json, path);
  return value.is_array() ? value : kEmpty;
}

}  // namespace rowmill
