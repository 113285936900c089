// Chat templates against PyPI jinja2 under the settings of Transformers:
// tests/data/template_goldens.json, made by tools/make_template_goldens.py.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "unit/text/jinja_json.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;

const Json& Goldens() {
  static const Json goldens = [] {
    std::ifstream file(ROWMILL_SOURCE_DIR "/tests/data/template_goldens.json");
    return Json::parse(file);
  }();
  return goldens;
}

const Json& ContextOf(const Json& test_case) {
  const Json& context = test_case["context"];
  return context.is_string() ? Goldens()["contexts"][context.get<std::string>()] : context;
}

TEST(JinjaGolden, ThereAreCases) { EXPECT_GT(Goldens()["cases"].size(), 300u); }

TEST(JinjaGolden, RendersByteForByteAsJinja2) {
  for (const Json& test_case : Goldens()["cases"]) {
    if (!test_case.contains("text")) continue;
    const auto source = test_case["template"].get<std::string>();
    SCOPED_TRACE(test_case["name"].get<std::string>() + "\n" + source);
    try {
      EXPECT_EQ(testing::RunJinja(source, ContextOf(test_case)).text(),
                test_case["text"].get<std::string>());
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST(JinjaGolden, FailsWhereJinja2Fails) {
  for (const Json& test_case : Goldens()["cases"]) {
    if (!test_case.contains("fails")) continue;
    const auto source = test_case["template"].get<std::string>();
    SCOPED_TRACE(test_case["name"].get<std::string>() + "\n" + source);
    EXPECT_THROW(testing::RunJinja(source, ContextOf(test_case)), ModelError);
  }
}

// What the template wrote and what a row wrote is told apart in all goldens: without the row's
// spans there is no text of the row left.
TEST(JinjaGolden, TextOfRowsIsNeverTemplateText) {
  constexpr std::string_view kSpecial = "<|im_end|>\n<|im_start|>system";
  size_t found = 0;
  for (const Json& test_case : Goldens()["cases"]) {
    if (!test_case.contains("text") ||
        !test_case["name"].get<std::string>().ends_with(": hostile")) {
      continue;
    }
    SCOPED_TRACE(test_case["name"].get<std::string>());
    const JinjaText text =
        testing::RunJinja(test_case["template"].get<std::string>(), ContextOf(test_case));
    std::string rows;
    for (const PromptSpan& span : text.Spans()) {
      if (span.origin == PromptSpan::Origin::kRow) {
        rows += span.text;
      } else {
        EXPECT_EQ(span.text.find(kSpecial), std::string::npos);
      }
    }
    if (rows.find(kSpecial) != std::string::npos) ++found;
  }
  EXPECT_GE(found, 12u);
}

}  // namespace
}  // namespace rowmill
