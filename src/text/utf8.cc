#include "text/utf8.h"

#include <cstring>

#include "base/check.h"

namespace rowmill {
namespace {

// What table 3-7 allows after a lead byte. Only the second byte's range depends on the lead byte.
struct LeadByte {
  uint32_t num_bytes;  // 0 where no character starts with this byte
  uint8_t second_min;
  uint8_t second_max;
};

constexpr LeadByte ClassifyLeadByte(uint8_t lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};  // a continuation byte, or an overlong form
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};  // lower ones would be overlong
  if (lead == 0xED) return {3, 0x80, 0x9F};  // higher ones would be surrogates
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};  // higher ones would be past U+10FFFF
  return {0, 0, 0};
}

// Bytes at the start of `bytes` that are ASCII, found eight at a time.
size_t AsciiPrefix(const char* bytes, size_t size) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, sizeof(word));
    if (word & kHighBits) break;
  }
  while (i < size && static_cast<uint8_t>(bytes[i]) < 0x80) ++i;
  return i;
}

}  // namespace

DecodedChar DecodeUtf8(std::string_view bytes) {
  DCHECK(!bytes.empty());
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const LeadByte lead = ClassifyLeadByte(byte(0));
  if (lead.num_bytes == 1) return {byte(0), 1, Utf8Status::kValid};
  if (lead.num_bytes == 0) return {kReplacementCharacter, 1, Utf8Status::kIllFormed};

  uint32_t code_point = byte(0) & (0x7Fu >> lead.num_bytes);
  for (uint32_t i = 1; i < lead.num_bytes; ++i) {
    if (i == bytes.size()) return {kReplacementCharacter, i, Utf8Status::kIncomplete};
    const uint8_t min = i == 1 ? lead.second_min : 0x80;
    const uint8_t max = i == 1 ? lead.second_max : 0xBF;
    if (byte(i) < min || byte(i) > max) {
      return {kReplacementCharacter, i, Utf8Status::kIllFormed};
    }
    code_point = code_point << 6 | (byte(i) & 0x3Fu);
  }
  return {code_point, lead.num_bytes, Utf8Status::kValid};
}

void AppendUtf8(uint32_t code_point, std::string& out) {
  DCHECK(code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF));
  const auto push = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
    push(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  } else {
    push(0xF0 | code_point >> 18);
    push(0x80 | (code_point >> 12 & 0x3F));
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  }
}

size_t ValidUtf8Prefix(std::string_view bytes) {
  size_t i = 0;
  for (;;) {
    i += AsciiPrefix(bytes.data() + i, bytes.size() - i);
    // Text in other scripts stays here, without a detour through the ASCII loop for each character.
    while (i < bytes.size() && static_cast<uint8_t>(bytes[i]) >= 0x80) {
      const DecodedChar decoded = DecodeUtf8(bytes.substr(i));
      if (decoded.status != Utf8Status::kValid) return i;
      i += decoded.num_bytes;
    }
    if (i == bytes.size()) return i;
  }
}

size_t AppendValidUtf8(std::string_view bytes, std::string& out) {
  size_t num_replacements = 0;
  for (;;) {
    const size_t valid = ValidUtf8Prefix(bytes);
    out.append(bytes.substr(0, valid));
    bytes.remove_prefix(valid);
    if (bytes.empty()) return num_replacements;
    AppendUtf8(kReplacementCharacter, out);
    bytes.remove_prefix(DecodeUtf8(bytes).num_bytes);
    ++num_replacements;
  }
}

ValidUtf8 MakeValidUtf8(std::string_view bytes) {
  ValidUtf8 result;
  result.num_replacements = AppendValidUtf8(bytes, result.text);
  return result;
}

void Utf8Assembler::Append(std::string_view bytes, std::string& out) {
  while (num_held_ > 0 && !bytes.empty()) {
    CHECK(num_held_ < sizeof(held_));  // four bytes are never incomplete
    held_[num_held_] = bytes[0];
    const std::string_view candidate(held_, num_held_ + 1);
    const DecodedChar decoded = DecodeUtf8(candidate);
    if (decoded.status == Utf8Status::kIncomplete) {
      ++num_held_;
      bytes.remove_prefix(1);
      continue;
    }
    // Either the byte completes the character, or it does not belong to it and what was held back
    // is a maximal ill-formed subpart on its own.
    if (decoded.status == Utf8Status::kValid) {
      out.append(candidate);
      bytes.remove_prefix(1);
    } else {
      DCHECK(decoded.num_bytes == num_held_);
      AppendUtf8(kReplacementCharacter, out);
    }
    num_held_ = 0;
  }
  while (!bytes.empty()) {
    const size_t valid = ValidUtf8Prefix(bytes);
    out.append(bytes.substr(0, valid));
    bytes.remove_prefix(valid);
    if (bytes.empty()) return;
    const DecodedChar decoded = DecodeUtf8(bytes);
    if (decoded.status == Utf8Status::kIncomplete) {
      num_held_ = bytes.size();  // at most three bytes, or it would not be incomplete
      std::memcpy(held_, bytes.data(), num_held_);
      return;
    }
    AppendUtf8(kReplacementCharacter, out);
    bytes.remove_prefix(decoded.num_bytes);
  }
}

void Utf8Assembler::Finish(std::string& out) {
  if (num_held_ > 0) AppendUtf8(kReplacementCharacter, out);
  num_held_ = 0;
}

}  // namespace rowmill
