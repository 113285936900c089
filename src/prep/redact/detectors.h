// The detectors, one file for each family. Each reads the folded text once and appends what it
// finds, in any order and overlapping as it may be; the redactor sorts it out. All are linear in
// the text: what is looked at around a place has a fixed limit.
#pragma once

#include <string_view>

#include "prep/redact/span.h"

namespace rowmill {

// local@domain with a dot in the domain. Not obfuscated ones ("bob at example dot org"), not
// user@host without a dot, not the address of a Git remote ("git@host.org:path").
void FindEmailAddresses(std::string_view text, SpanList& found);

// The user:password of scheme://user:password@host, without the rest of the address.
void FindUrlCredentials(std::string_view text, SpanList& found);

// Private keys in PEM, tokens with a known beginning (AWS, GitHub, Slack, ...), JSON Web Tokens,
// bearer tokens, and the values of what is called password, secret, token or key.
void FindSecrets(std::string_view text, SpanList& found);

// 12 to 19 digits of a known issuer, in one piece or in groups, that pass Luhn.
void FindCreditCards(std::string_view text, SpanList& found);

// ISO 13616, in one piece or in groups of four; the length is the country's, mod 97 is 1.
void FindIbans(std::string_view text, SpanList& found);

// Bitcoin addresses (Base58Check, Bech32) and Ethereum's.
void FindCryptoAddresses(std::string_view text, SpanList& found);

// IPv4 and IPv6, but not version numbers; MAC addresses with ':' or '-', or Cisco's dots.
void FindNetworkAddresses(std::string_view text, SpanList& found);

// Numbers that states give to people: national_id_rules.h.
void FindNationalIds(std::string_view text, SpanList& found);

// International numbers (ITU-T E.164) of a country that exists, North American ones, national ones
// with a leading 0 in groups, and other groups of digits next to a word like "phone".
void FindPhoneNumbers(std::string_view text, SpanList& found);

}  // namespace rowmill
