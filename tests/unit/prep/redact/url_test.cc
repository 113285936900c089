#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finds.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto In(std::string_view text) { return Finds(FindUrlCredentials, text); }

TEST(Url, UserAndPassword) {
  EXPECT_THAT(In("postgres://svc:s3cr#t@db.example.org:5432/x"),
              ElementsAre("URL_CREDENTIALS svc:s3cr#t"));
  EXPECT_THAT(In("redis://:only@cache and amqp://u:p@ss@q.example/"),
              ElementsAre("URL_CREDENTIALS :only", "URL_CREDENTIALS u:p@ss"));
}

TEST(Url, WithoutAPasswordThereIsNothingToHide) {
  for (const char* text : {"https://example.org/a:b@c", "ftp://anonymous@example.org", "://a:b@c",
                           "http://example.org:80/", "https://<URL_CREDENTIALS>@example.org"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace rowmill
