// Where tests find what is not part of the project: reference outputs and data (ROWMILL_SHARED, by
// default
// `../shared` beside the checkout) and real weights (ROWMILL_MODELS, by default
// ~/.cache/rowmill/models). A test that needs them skips with a plain word where they are absent;
// scripts/test.sh counts the skips.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace rowmill::testing {

inline std::optional<std::string> SharedPath(const std::string& name) {
  const char* set = std::getenv("ROWMILL_SHARED");
  const std::string root = set != nullptr ? set : std::string(ROWMILL_SOURCE_DIR) + "/../shared";
  const std::string path = root + "/" + name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

inline std::optional<std::string> ModelPath(const std::string& name) {
  const char* set = std::getenv("ROWMILL_MODELS");
  const char* home = std::getenv("HOME");
  const std::string root =
      set != nullptr ? set : std::string(home != nullptr ? home : ".") + "/.cache/rowmill/models";
  const std::string path = root + "/" + name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

inline constexpr const char* kSmolLm2 = "SmolLM2-135M-Instruct.Q4_1.gguf";

inline std::vector<nlohmann::json> ReadJsonLines(const std::string& path) {
  std::vector<nlohmann::json> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) rows.push_back(nlohmann::json::parse(line));
  }
  return rows;
}

}  // namespace rowmill::testing
