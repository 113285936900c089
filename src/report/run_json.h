// Reads OUTPUT.run.json, which may come from another version or from nobody: whatever is missing or
// of another type is nothing, and nothing throws but the parser of the whole.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

using Json = nlohmann::ordered_json;

// Throws DataError naming `where` for text that is no report of a run.
Json ParseRunJson(std::string_view text, const std::string& where);

// The value at a path such as "measures.wall_seconds"; null where there is none.
const Json& JsonAt(const Json& json, std::string_view path);
std::optional<double> NumberAt(const Json& json, std::string_view path);
uint64_t CountAt(const Json& json, std::string_view path);  // 0 where it is no count
std::string TextAt(const Json& json, std::string_view path);
// Empty where it is no array.
const Json& ArrayAt(const Json& json, std::string_view path);

}  // namespace rowmill
