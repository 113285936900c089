#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finds.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto In(std::string_view text) { return Finds(FindCryptoAddresses, text); }

TEST(Crypto, PublishedAddresses) {
  // The genesis block's, BIP 13's, BIP 173's and BIP 350's, EIP-55's.
  for (const char* address :
       {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}) {
    EXPECT_THAT(In(std::string("pay ") + address + "."),
                ElementsAre(std::string("CRYPTO ") + address));
  }
}

TEST(Crypto, WrongSumsAndLookAlikes) {
  for (const char* text :
       {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "12345678901234567890123456789012",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedff"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace rowmill
