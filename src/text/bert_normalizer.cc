#include "text/bert_normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "text/unicode.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

struct CodePointRange {
  uint32_t first, last;
};

// `ranges` ascend.
template <size_t kSize>
bool IsIn(const CodePointRange (&ranges)[kSize], uint32_t c) {
  const auto* range =
      std::lower_bound(std::begin(ranges), std::end(ranges), c,
                       [](const CodePointRange& r, uint32_t value) { return r.last < value; });
  return range != std::end(ranges) && c >= range->first;
}

// The reference implementation's own list; 2B920 stands there for 2B820.
constexpr CodePointRange kIdeographs[] = {
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
    {0x2A700, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F},
};

// Format characters that Unicode has had since version 9.
constexpr CodePointRange kNewControls[] = {
    {0x890, 0x891}, {0x8E2, 0x8E2}, {0x110CD, 0x110CD}, {0x13430, 0x1343F}};

// Punctuation that Unicode has had since version 9, as far as utf8proc knows it.
constexpr CodePointRange kNewPunctuation[] = {
    {0x61D, 0x61D},     {0x9FD, 0x9FD},     {0xA76, 0xA76},     {0xC77, 0xC77},
    {0xC84, 0xC84},     {0x1B7D, 0x1B7E},   {0x2E43, 0x2E4F},   {0x2E52, 0x2E5D},
    {0x10EAD, 0x10EAD}, {0x10F55, 0x10F59}, {0x10F86, 0x10F89}, {0x1144B, 0x1144F},
    {0x1145A, 0x1145B}, {0x1145D, 0x1145D}, {0x11660, 0x1166C}, {0x116B9, 0x116B9},
    {0x1183B, 0x1183B}, {0x11944, 0x11946}, {0x119E2, 0x119E2}, {0x11A3F, 0x11A46},
    {0x11A9A, 0x11A9C}, {0x11A9E, 0x11AA2}, {0x11B00, 0x11B09}, {0x11C41, 0x11C45},
    {0x11C70, 0x11C71}, {0x11EF7, 0x11EF8}, {0x11F43, 0x11F4F}, {0x11FFF, 0x11FFF},
    {0x12FF1, 0x12FF2}, {0x16E97, 0x16E9A}, {0x16FE2, 0x16FE2}, {0x1E95E, 0x1E95F},
};

// Nonspacing marks that Unicode has had since version 9, as far as utf8proc knows them: to the
// reference they are no marks, and stay.
constexpr CodePointRange kNewMarks[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8E1},     {0x9FE, 0x9FE},
    {0xAFA, 0xAFF},     {0xB55, 0xB55},     {0xC04, 0xC04},     {0xC3C, 0xC3C},
    {0xD00, 0xD00},     {0xD3B, 0xD3C},     {0xD81, 0xD81},     {0xEBA, 0xEBA},
    {0xECE, 0xECE},     {0x180F, 0x180F},   {0x1885, 0x1886},   {0x1ABF, 0x1ACE},
    {0x1DF6, 0x1DFB},   {0xA82C, 0xA82C},   {0xA8C5, 0xA8C5},   {0xA8FF, 0xA8FF},
    {0xA9BD, 0xA9BD},   {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF},
    {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x11073, 0x11074},
    {0x110C2, 0x110C2}, {0x111C9, 0x111C9}, {0x111CF, 0x111CF}, {0x1123E, 0x1123E},
    {0x11241, 0x11241}, {0x1133B, 0x1133B}, {0x11438, 0x1143F}, {0x11442, 0x11444},
    {0x11446, 0x11446}, {0x1145E, 0x1145E}, {0x1182F, 0x11837}, {0x11839, 0x1183A},
    {0x1193B, 0x1193C}, {0x1193E, 0x1193E}, {0x11943, 0x11943}, {0x119D4, 0x119D7},
    {0x119DA, 0x119DB}, {0x119E0, 0x119E0}, {0x11A01, 0x11A0A}, {0x11A33, 0x11A38},
    {0x11A3B, 0x11A3E}, {0x11A47, 0x11A47}, {0x11A51, 0x11A56}, {0x11A59, 0x11A5B},
    {0x11A8A, 0x11A96}, {0x11A98, 0x11A99}, {0x11C30, 0x11C36}, {0x11C38, 0x11C3D},
    {0x11C3F, 0x11C3F}, {0x11C92, 0x11CA7}, {0x11CAA, 0x11CB0}, {0x11CB2, 0x11CB3},
    {0x11CB5, 0x11CB6}, {0x11D31, 0x11D36}, {0x11D3A, 0x11D3A}, {0x11D3C, 0x11D3D},
    {0x11D3F, 0x11D45}, {0x11D47, 0x11D47}, {0x11D90, 0x11D91}, {0x11D95, 0x11D95},
    {0x11D97, 0x11D97}, {0x11EF3, 0x11EF4}, {0x11F00, 0x11F01}, {0x11F36, 0x11F3A},
    {0x11F40, 0x11F40}, {0x11F42, 0x11F42}, {0x13440, 0x13440}, {0x13447, 0x13455},
    {0x16F4F, 0x16F4F}, {0x16FE4, 0x16FE4}, {0x1CF00, 0x1CF2D}, {0x1CF30, 0x1CF46},
    {0x1E000, 0x1E006}, {0x1E008, 0x1E018}, {0x1E01B, 0x1E021}, {0x1E023, 0x1E024},
    {0x1E026, 0x1E02A}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE},
    {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1E944, 0x1E94A}};

utf8proc_category_t CategoryOf(uint32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool IsSpace(uint32_t c) { return CharClassTable::Get().ClassOf(c) == CharClass::kSpace; }

bool IsNonspacingMark(uint32_t c) {
  // U+1734 was one until Unicode 14.
  return c == 0x1734 || (CategoryOf(c) == UTF8PROC_CATEGORY_MN && !IsIn(kNewMarks, c));
}

}  // namespace

bool IsBertControl(uint32_t c) {
  if (c == 0 || c == kReplacementCharacter) return true;
  if (c == '\t' || c == '\n' || c == '\r') return false;
  switch (CategoryOf(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
      return !IsIn(kNewControls, c);
    default:
      return false;
  }
}

bool IsBertPunctuation(uint32_t c) {
  if (c < 0x80) {
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
           (c >= 123 && c <= 126);
  }
  // Two that Unicode has since taken for symbols.
  if (c == 0x166D || c == 0x111C9) return true;
  switch (CategoryOf(c)) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
      return !IsIn(kNewPunctuation, c);
    default:
      return false;
  }
}

bool IsBertIdeograph(uint32_t c) { return IsIn(kIdeographs, c); }

BertNormalizer::BertNormalizer(const BertNormalizerOptions& options) : options_(options) {
  for (uint32_t c = 0; c < 128; ++c) {
    char to = static_cast<char>(c);
    if (IsSpace(c)) to = ' ';
    if (options_.controls == BertNormalizerOptions::Controls::kDrop && IsBertControl(c)) to = 0;
    if (options_.letter_case == BertNormalizerOptions::Case::kLower && c >= 'A' && c <= 'Z') {
      to = static_cast<char>(c + ('a' - 'A'));
    }
    ascii_[c] = to;
    ascii_alone_[c] = IsBertPunctuation(c);
  }
}

namespace {

// Ends the word that stands at the end of what was written since `begin`.
void EndWord(size_t begin, std::string& out) {
  if (out.size() > begin && out.back() != ' ') out.push_back(' ');
}

}  // namespace

void BertNormalizer::AppendWords(std::string_view text, std::string& out) const {
  const size_t begin = out.size();
  size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x80) {
      ++i;
      const char to = ascii_[byte];
      if (to == ' ') {
        EndWord(begin, out);
      } else if (ascii_alone_[byte]) {
        EndWord(begin, out);
        out.push_back(to);
        out.push_back(' ');
      } else if (to != 0 || byte == 0) {
        // A NUL that is kept stays one; where controls are dropped it is among them.
        if (to != 0 || options_.controls == BertNormalizerOptions::Controls::kKeep) {
          out.push_back(to);
        }
      }
      continue;
    }
    const DecodedChar decoded = DecodeUtf8(text.substr(i));
    AppendOther(decoded.code_point, begin, out);
    i += decoded.num_bytes;
  }
  EndWord(begin, out);
}

// A character beyond ASCII: dropped, a space, or what its decomposition without accents and in
// lower case stands for.
void BertNormalizer::AppendOther(uint32_t code_point, size_t begin, std::string& out) const {
  if (options_.controls == BertNormalizerOptions::Controls::kDrop && IsBertControl(code_point)) {
    return;
  }
  const bool set_apart = options_.ideographs == BertNormalizerOptions::Ideographs::kSetApart &&
                         IsBertIdeograph(code_point);
  if (set_apart) EndWord(begin, out);

  // The longest canonical decomposition of one character has four.
  constexpr utf8proc_ssize_t kLongest = 16;
  utf8proc_int32_t parts[kLongest];
  utf8proc_ssize_t num_parts = 1;
  parts[0] = static_cast<utf8proc_int32_t>(code_point);
  // U+11938 decomposes since Unicode 13, later than the reference's table.
  if (options_.accents == BertNormalizerOptions::Accents::kStrip && code_point != 0x11938) {
    int boundary = 0;
    const utf8proc_ssize_t size = utf8proc_decompose_char(
        parts[0], parts, kLongest,
        static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE), &boundary);
    if (size >= 1 && size <= kLongest) num_parts = size;
  }
  for (utf8proc_ssize_t k = 0; k < num_parts; ++k) {
    auto c = static_cast<uint32_t>(parts[k]);
    if (options_.accents == BertNormalizerOptions::Accents::kStrip && IsNonspacingMark(c)) continue;
    if (options_.letter_case == BertNormalizerOptions::Case::kLower) {
      if (c == 0x130) {  // the one letter that becomes two
        out.append("i\xCC\x87");
        continue;
      }
      c = static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
    }
    if (IsSpace(c)) {
      EndWord(begin, out);
    } else if (IsBertPunctuation(c)) {
      EndWord(begin, out);
      AppendUtf8(c, out);
      out.push_back(' ');
    } else {
      AppendUtf8(c, out);
    }
  }
  if (set_apart) EndWord(begin, out);
}

}  // namespace rowmill
