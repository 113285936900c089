#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finds.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto In(std::string_view text) { return Finds(FindNetworkAddresses, text); }

TEST(Network, Ipv4) {
  EXPECT_THAT(In("from 192.0.2.17, then 203.0.113.255."),
              ElementsAre("IP_ADDRESS 192.0.2.17", "IP_ADDRESS 203.0.113.255"));
  EXPECT_THAT(In("http://198.51.100.1:8080/ [10.0.0.1]"),
              ElementsAre("IP_ADDRESS 198.51.100.1", "IP_ADDRESS 10.0.0.1"));
  for (const char* text : {"256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "v1.2.3.4",
                           "version 1.2.3.4", "release 10.0.1.2", "1.2.3.4-beta", "0.1.2.3.4"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

// Of RFC 4291 and RFC 5952.
TEST(Network, Ipv6) {
  for (const char* address : {"2001:db8:0:0:8:800:200c:417a", "2001:DB8::8:800:200C:417A",
                              "ff01::101", "::1", "::ffff:129.144.52.38", "2001:db8::1:0:0:1",
                              "fe80::1", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"}) {
    EXPECT_THAT(In(std::string("at ") + address + " now"),
                ElementsAre(std::string("IP_ADDRESS ") + address));
  }
  for (const char* text : {"std::vector", "dead::beef", "12:30:45", "a::b::1", "1:2:3:4:5:6:7",
                           "::", "x::1", "1:2:3:4:5:6:7:8:9", "fe80:::1"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

TEST(Network, Mac) {
  EXPECT_THAT(In("00:00:5E:00:53:af or 00-00-5e-00-53-01 or 0000.5e00.5301"),
              ElementsAre("MAC_ADDRESS 00:00:5E:00:53:af", "MAC_ADDRESS 00-00-5e-00-53-01",
                          "MAC_ADDRESS 0000.5e00.5301"));
  for (const char* text : {"00:00:5E:00:53", "00:00:5E:00:53:AG", "00:00:5E:00:53:AF:01",
                           "2024.1127.0915", "00:00-5E:00:53:AF", "x00:00:5E:00:53:AF"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace rowmill
