#include <array>
#include <cstring>
#include <span>

#include "base/hash.h"
#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

// 25 bytes: a version, 20 of the hash, 4 of the checksum (double SHA-256).
bool PassesBase58Check(std::string_view address) {
  constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::array<uint8_t, 25> bytes{};
  for (const char c : address) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return false;
    uint32_t carry = static_cast<uint32_t>(digit);
    for (size_t i = bytes.size(); i-- > 0;) {
      carry += 58u * bytes[i];
      bytes[i] = static_cast<uint8_t>(carry);
      carry >>= 8;
    }
    if (carry != 0) return false;
  }
  Sha256 first;
  first.Update(std::as_bytes(std::span(bytes).first(21)));
  const std::array<uint8_t, 32> once = first.Finish();
  Sha256 second;
  second.Update(std::as_bytes(std::span(once)));
  const std::array<uint8_t, 32> twice = second.Finish();
  return std::memcmp(twice.data(), bytes.data() + 21, 4) == 0;
}

// BIP 173 and BIP 350: the polynomial's remainder over "bc" and the data.
bool PassesBech32(std::string_view address) {
  constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  constexpr std::array<uint32_t, 5> kGenerators = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                   0x2a1462b3};
  uint32_t remainder = 1;
  const auto add = [&](uint32_t value) {
    const uint32_t top = remainder >> 25;
    remainder = (remainder & 0x1ffffff) << 5 ^ value;
    for (size_t i = 0; i < kGenerators.size(); ++i) {
      if (top >> i & 1) remainder ^= kGenerators[i];
    }
  };
  for (const char c : {'b', 'c'}) add(static_cast<uint32_t>(c) >> 5);
  add(0);
  for (const char c : {'b', 'c'}) add(static_cast<uint32_t>(c) & 31);
  for (const char c : address.substr(3)) {
    const size_t value = kAlphabet.find(ToAsciiLower(c));
    if (value == std::string_view::npos) return false;
    add(static_cast<uint32_t>(value));
  }
  return remainder == 1 || remainder == 0x2bc830a3;
}

size_t AlnumEnd(std::string_view text, size_t begin, size_t limit) {
  size_t end = begin;
  while (end < text.size() && end - begin < limit && IsAlnum(text[end])) ++end;
  return end;
}

}  // namespace

void FindCryptoAddresses(std::string_view text, SpanList& found) {
  for (size_t i = 0; i + 26 <= text.size(); ++i) {
    const char c = text[i];
    if ((c != '1' && c != '3' && c != 'b' && c != 'B' && c != '0') || !AtWordBegin(text, i)) {
      continue;
    }
    const size_t end = AlnumEnd(text, i, 96);
    const std::string_view word = text.substr(i, end - i);
    if (!AtWordEnd(text, end) || word.size() < 26) continue;
    bool is_address = false;
    if (c == '0') {  // 20 bytes in hexadecimal; its letters' case is the only check there is
      is_address = word.size() == 42 && word[1] == 'x' &&
                   word.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
    } else if (c == 'b' || c == 'B') {
      is_address =
          word.size() <= 90 && ToAsciiLower(word[1]) == 'c' && word[2] == '1' && PassesBech32(word);
    } else {
      is_address = word.size() <= 35 && PassesBase58Check(word);
    }
    if (is_address) found.Add(i, end, Entity::kCrypto);
    i = end - 1;
  }
}

}  // namespace rowmill
