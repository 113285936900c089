#include <algorithm>
#include <array>

#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

constexpr size_t kMaxToken = 4096;
constexpr size_t kMaxPrivateKey = size_t{1} << 16;

bool IsTokenCharacter(char c) {
  return IsAlnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '+' || c == '=';
}

enum class Alphabet : uint8_t { kUpperAndDigits, kAlnum, kAlnumUnderscoreDash, kHex };

bool Belongs(char c, Alphabet alphabet) {
  switch (alphabet) {
    case Alphabet::kUpperAndDigits:
      return IsAsciiUpper(c) || IsAsciiDigit(c);
    case Alphabet::kAlnum:
      return IsAlnum(c);
    case Alphabet::kAlnumUnderscoreDash:
      return IsAlnum(c) || c == '_' || c == '-' || c == '.';
    case Alphabet::kHex:
      return IsHexDigit(c);
  }
  return false;
}

// Tokens that their issuers have given a beginning so that they can be found.
struct TokenRule {
  std::string_view prefix;
  Alphabet alphabet;
  uint16_t min_size;  // behind the prefix
  uint16_t max_size;
};

constexpr std::array<TokenRule, 36> kTokens = {{
    {"AKIA", Alphabet::kUpperAndDigits, 16, 16},
    {"ASIA", Alphabet::kUpperAndDigits, 16, 16},
    {"AGPA", Alphabet::kUpperAndDigits, 16, 16},
    {"AIDA", Alphabet::kUpperAndDigits, 16, 16},
    {"AROA", Alphabet::kUpperAndDigits, 16, 16},
    {"ghp_", Alphabet::kAlnum, 36, 255},
    {"gho_", Alphabet::kAlnum, 36, 255},
    {"ghu_", Alphabet::kAlnum, 36, 255},
    {"ghs_", Alphabet::kAlnum, 36, 255},
    {"ghr_", Alphabet::kAlnum, 36, 255},
    {"github_pat_", Alphabet::kAlnumUnderscoreDash, 40, 255},
    {"glpat-", Alphabet::kAlnumUnderscoreDash, 20, 64},
    {"xoxb-", Alphabet::kAlnumUnderscoreDash, 20, 255},
    {"xoxa-", Alphabet::kAlnumUnderscoreDash, 20, 255},
    {"xoxp-", Alphabet::kAlnumUnderscoreDash, 20, 255},
    {"xoxr-", Alphabet::kAlnumUnderscoreDash, 20, 255},
    {"xoxs-", Alphabet::kAlnumUnderscoreDash, 20, 255},
    {"xapp-", Alphabet::kAlnumUnderscoreDash, 20, 255},
    {"sk-", Alphabet::kAlnumUnderscoreDash, 32, 255},
    {"sk_live_", Alphabet::kAlnum, 16, 255},
    {"sk_test_", Alphabet::kAlnum, 16, 255},
    {"rk_live_", Alphabet::kAlnum, 16, 255},
    {"rk_test_", Alphabet::kAlnum, 16, 255},
    {"pk_live_", Alphabet::kAlnum, 16, 255},
    {"whsec_", Alphabet::kAlnum, 24, 255},
    {"AIza", Alphabet::kAlnumUnderscoreDash, 35, 35},
    {"ya29.", Alphabet::kAlnumUnderscoreDash, 20, 1024},
    {"npm_", Alphabet::kAlnum, 36, 36},
    {"pypi-", Alphabet::kAlnumUnderscoreDash, 40, 255},
    {"hf_", Alphabet::kAlnum, 30, 64},
    {"dop_v1_", Alphabet::kHex, 64, 64},
    {"shpat_", Alphabet::kHex, 32, 32},
    {"SG.", Alphabet::kAlnumUnderscoreDash, 60, 80},
    {"key-", Alphabet::kHex, 32, 32},
    {"PMAK-", Alphabet::kAlnumUnderscoreDash, 40, 80},
    {"AccountKey=", Alphabet::kAlnum, 20, 88},
}};

void FindTokens(std::string_view text, SpanList& found) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsAsciiLetter(text[i]) || !AtWordBegin(text, i)) continue;
    for (const TokenRule& rule : kTokens) {
      if (text[i] != rule.prefix[0] || text.substr(i, rule.prefix.size()) != rule.prefix) continue;
      const size_t begin = i + rule.prefix.size();
      size_t end = begin;
      while (end < text.size() && end - begin < rule.max_size &&
             Belongs(text[end], rule.alphabet)) {
        ++end;
      }
      while (end > begin && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
      const std::string_view body = text.substr(begin, end - begin);
      const bool has_digit = std::any_of(body.begin(), body.end(), IsAsciiDigit);
      if (body.size() < rule.min_size || !AtWordEnd(text, end) || !has_digit) continue;
      found.Add(i, end, Entity::kSecret);
      i = end - 1;
      break;
    }
  }
}

// RFC 7519: three parts in Base64url, of which the first two are JSON objects ("eyJ" is '{"').
void FindJsonWebTokens(std::string_view text, SpanList& found) {
  for (size_t at = text.find("eyJ"); at != std::string_view::npos; at = text.find("eyJ", at + 3)) {
    if (!AtWordBegin(text, at)) continue;
    size_t end = at;
    size_t dots = 0;
    size_t second = at;
    while (end < text.size() && end - at < kMaxToken &&
           (IsAlnum(text[end]) || text[end] == '_' || text[end] == '-' ||
            (text[end] == '.' && dots < 4))) {
      if (text[end] == '.' && ++dots == 1) second = end + 1;
      ++end;
    }
    while (end > at && text[end - 1] == '.') --end;
    if (dots < 2 || text.substr(second, 2) != "ey" || end - at < 20) continue;
    found.Add(at, end, Entity::kSecret);
    at = end - 3;
  }
}

// RFC 7468. A block without its end is taken to where its Base64 ends.
void FindPrivateKeys(std::string_view text, SpanList& found) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  for (size_t at = text.find(kBegin); at != std::string_view::npos;
       at = text.find(kBegin, at + 1)) {
    const std::string_view head = text.substr(at, 80);
    const size_t mark = head.find("PRIVATE KEY");
    if (mark == std::string_view::npos || head.find('\n') < mark) continue;
    const std::string_view block = text.substr(at, kMaxPrivateKey);
    size_t end = block.find("-----END ", mark);
    if (end != std::string_view::npos) {
      end = block.find("-----", end + 9);
      end = end == std::string_view::npos ? block.size() : end + 5;
    } else {
      end = mark;
      while (end < block.size() &&
             (IsTokenCharacter(block[end]) || block[end] == '\n' || block[end] == '\r' ||
              block[end] == ' ' || block[end] == ':' || block[end] == ',')) {
        ++end;
      }
    }
    found.Add(at, at + end, Entity::kSecret);
    at += end - 1;
  }
}

constexpr std::array<std::string_view, 16> kSecretNames = {
    "password",   "passwd",          "pwd",       "passphrase",  "secret",       "apikey",
    "accesskey",  "secretkey",       "authtoken", "accesstoken", "refreshtoken", "clientsecret",
    "privatekey", "secretaccesskey", "passwort",  "token"};

// The name that ends at `end`, as "api_key", "API-Key" and "apiKey" are the same: letters only, in
// lower case, at most `out.size()` of them from the end.
std::string_view NameBefore(std::string_view text, size_t end, std::array<char, 24>& out) {
  size_t filled = out.size();
  while (end > 0 && filled > 0) {
    const char c = text[end - 1];
    if (IsAsciiLetter(c)) {
      out[--filled] = ToAsciiLower(c);
    } else if (c != '_' && c != '-') {
      break;
    }
    --end;
  }
  return {out.data() + filled, out.size() - filled};
}

bool IsSecretName(std::string_view name) {
  return std::any_of(kSecretNames.begin(), kSecretNames.end(),
                     [&](std::string_view known) { return name.ends_with(known); });
}

bool EndsValue(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '"' || c == '\'' || c == '&' ||
         c == ';' || c == ',' || c == '<' || c == '>' || c == '`' || c == ')' || c == '}' ||
         c == FoldedText::kOther;
}

// Behind ": " stands a sentence as often as a secret: a secret has a digit, or letters beside other
// signs, or capitals within.
bool LooksSecret(std::string_view value) {
  if (value.size() < 6) return false;
  bool digit = false;
  bool sign = false;
  bool inner_capital = false;
  for (size_t i = 0; i < value.size(); ++i) {
    digit = digit || IsAsciiDigit(value[i]);
    const bool is_last = i + 1 == value.size();
    sign = sign || (!IsWordCharacter(value[i]) && !is_last && value[i] != '-' && value[i] != '\'');
    inner_capital = inner_capital || (i > 0 && IsAsciiUpper(value[i]) &&
                                      !IsAsciiUpper(value[i - 1]) && IsAsciiLetter(value[i - 1]));
  }
  return digit || sign || inner_capital;
}

// password=..., "api_key": "...", token: ...
void FindAssignments(std::string_view text, SpanList& found) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=' && text[i] != ':') continue;
    size_t name_end = i;
    if (name_end > 0 && (text[name_end - 1] == '"' || text[name_end - 1] == '\'')) --name_end;
    while (name_end > 0 && i - name_end < 3 && text[name_end - 1] == ' ') --name_end;
    std::array<char, 24> buffer{};
    if (!IsSecretName(NameBefore(text, name_end, buffer))) continue;
    size_t begin = i + 1;
    while (begin < text.size() && begin - i < 4 &&
           (text[begin] == ' ' || text[begin] == '=' || text[begin] == '>')) {
      ++begin;
    }
    const bool quoted = begin < text.size() && (text[begin] == '"' || text[begin] == '\'');
    const char quote = quoted ? text[begin++] : '\0';
    size_t end = begin;
    while (end < text.size() && end - begin < kMaxToken &&
           (quoted ? text[end] != quote && text[end] != '\n' : !EndsValue(text[end]))) {
      ++end;
    }
    if (!quoted) {
      while (end > begin && (text[end - 1] == '.' || text[end - 1] == ':')) --end;
    }
    const std::string_view value = text.substr(begin, end - begin);
    const bool is_direct = text[i] == '=' && (quoted || begin == i + 1);
    const bool is_secret = is_direct || quoted ? value.size() >= 4 : LooksSecret(value);
    // What a redactor or a template has put there already.
    const bool is_placeholder = value.starts_with('<') || value.starts_with("{{") ||
                                value.starts_with("${") || value.starts_with("***");
    if (is_secret && !is_placeholder) found.Add(begin, end, Entity::kSecret);
  }
}

// RFC 6750 and RFC 7617: "Authorization: Bearer ...", "Basic ...".
void FindAuthorization(std::string_view text, SpanList& found) {
  for (const std::string_view scheme :
       {std::string_view("Bearer "), std::string_view("bearer "), std::string_view("Basic ")}) {
    for (size_t at = text.find(scheme); at != std::string_view::npos;
         at = text.find(scheme, at + 1)) {
      if (!AtWordBegin(text, at)) continue;
      const size_t begin = at + scheme.size();
      size_t end = begin;
      while (end < text.size() && end - begin < kMaxToken && IsTokenCharacter(text[end])) ++end;
      while (end > begin && text[end - 1] == '.') --end;
      const std::string_view token = text.substr(begin, end - begin);
      const bool is_mixed =
          std::any_of(token.begin(), token.end(), IsAsciiDigit) ||
          std::any_of(token.begin() + (token.empty() ? 0 : 1), token.end(), IsAsciiUpper);
      if (token.size() >= 16 && is_mixed) found.Add(begin, end, Entity::kSecret);
    }
  }
}

}  // namespace

void FindSecrets(std::string_view text, SpanList& found) {
  FindTokens(text, found);
  FindJsonWebTokens(text, found);
  FindPrivateKeys(text, found);
  FindAssignments(text, found);
  FindAuthorization(text, found);
}

}  // namespace rowmill
