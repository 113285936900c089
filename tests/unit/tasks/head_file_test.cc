#include "tasks/head_file.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rowmill {
namespace {

NamedHead Example() {
  return {{"yes", "no \"quoted\""}, {2, 3, {1, 0.1, -1e-300, 3, 1.0 / 3.0, 0}, {0.5, -0.25}}, "ab"};
}

TEST(HeadFile, ReadsBackWhatItWrites) {
  const NamedHead read = ParseHead(FormatHead(Example()), "head.json");
  EXPECT_EQ(read.labels, Example().labels);
  EXPECT_EQ(read.head.weights, Example().head.weights);
  EXPECT_EQ(read.head.bias, Example().head.bias);
  EXPECT_EQ(read.head.dim, 3u);
  EXPECT_EQ(read.model_sha256, "ab");
}

TEST(HeadFile, EveryTruncationIsRefused) {
  const std::string text = FormatHead(Example());
  for (size_t size = 0; size + 1 < text.size(); ++size) {
    EXPECT_THROW(ParseHead(text.substr(0, size), "head.json"), UsageError) << size;
  }
}

TEST(HeadFile, RefusesWhatIsNoHead) {
  for (const char* text :
       {"", "3", "[]", "{}", R"({"rowmill_head":2})", R"({"rowmill_head":1})",
        R"({"rowmill_head":1,"labels":["a"],"bias":[0],"weights":[[1]]})",
        R"({"rowmill_head":1,"labels":["a","b"],"bias":[0],"weights":[[1],[1]]})",
        R"({"rowmill_head":1,"labels":["a","b"],"bias":[0,0],"weights":[[1],[1,2]]})",
        R"({"rowmill_head":1,"labels":["a","b"],"bias":[0,0],"weights":[[],[]]})",
        R"({"rowmill_head":1,"labels":["a","b"],"bias":[0,1e999],"weights":[[1],[1]]})",
        R"({"rowmill_head":1,"labels":["a",7],"bias":[0,0],"weights":[[1],[1]]})",
        R"({"rowmill_head":1,"labels":["a","b"],"bias":[0,"0"],"weights":[[1],[1]]})"}) {
    EXPECT_THROW(ParseHead(text, "head.json"), UsageError) << text;
  }
  EXPECT_THROW(ParseHead(std::string(100000, '['), "head.json"), UsageError);
}

}  // namespace
}  // namespace rowmill
