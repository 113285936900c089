#include "metrics/english_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <utility>

#include "base/check.h"
#include "data/utf8.h"
#include "metrics/english_numbers.h"
#include "metrics/word_errors.h"

namespace rowmill {
namespace {

struct FreeMemory {
  void operator()(utf8proc_uint8_t* memory) const { std::free(memory); }
};

std::string Nfkd(std::string_view text) {
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(text.size()), &out,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT));
  const std::unique_ptr<utf8proc_uint8_t, FreeMemory> owner(out);
  CHECK(size >= 0);
  return {reinterpret_cast<const char*>(out), static_cast<size_t>(size)};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpaceByte(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Letters, numbers and the underscore, as \w has them.
bool IsWord(char32_t character) {
  if (character == '_') return true;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

bool EndsInWord(std::string_view text) {
  if (text.empty()) return false;
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return IsWord(NextCharacter(text, at));
}
bool BeginsInWord(std::string_view text) {
  size_t at = 0;
  return !text.empty() && IsWord(NextCharacter(text, at));
}

struct Rule {
  std::string_view from;
  std::string_view to;
};

constexpr std::array kHesitations = {
    Rule{"hmm", ""}, Rule{"mm", ""}, Rule{"mhm", ""},
    Rule{"mmm", ""}, Rule{"uh", ""}, Rule{"um", ""},
};
// In this order. What begins with an apostrophe, and n't, may stand at the end of a word; the
// others are words.
constexpr std::array kContractions = {
    Rule{"won't", "will not"},
    Rule{"can't", "can not"},
    Rule{"let's", "let us"},
    Rule{"ain't", "aint"},
    Rule{"y'all", "you all"},
    Rule{"wanna", "want to"},
    Rule{"kinda", "kind of"},
    Rule{"sorta", "sort of"},
    Rule{"dunno", "do not know"},
    Rule{"gotta", "got to"},
    Rule{"gonna", "going to"},
    Rule{"i'ma", "i am going to"},
    Rule{"imma", "i am going to"},
    Rule{"woulda", "would have"},
    Rule{"coulda", "could have"},
    Rule{"shoulda", "should have"},
    Rule{"cause", "because"},
    Rule{"ma'am", "madam"},
    Rule{"mr", "mister "},
    Rule{"mrs", "missus "},
    Rule{"st", "saint "},
    Rule{"dr", "doctor "},
    Rule{"prof", "professor "},
    Rule{"capt", "captain "},
    Rule{"gov", "governor "},
    Rule{"ald", "alderman "},
    Rule{"gen", "general "},
    Rule{"sen", "senator "},
    Rule{"rep", "representative "},
    Rule{"pres", "president "},
    Rule{"rev", "reverend "},
    Rule{"hon", "honorable "},
    Rule{"asst", "assistant "},
    Rule{"assoc", "associate "},
    Rule{"lt", "lieutenant "},
    Rule{"col", "colonel "},
    Rule{"jr", "junior "},
    Rule{"sr", "senior "},
    Rule{"esq", "esquire "},
    Rule{"'d been", " had been"},
    Rule{"'s been", " has been"},
    Rule{"'d gone", " had gone"},
    Rule{"'s gone", " has gone"},
    Rule{"'d done", " had done"},
    Rule{"'s got", " has got"},
    Rule{"n't", " not"},
    Rule{"'re", " are"},
    Rule{"'s", " is"},
    Rule{"'d", " would"},
    Rule{"'ll", " will"},
    Rule{"'t", " not"},
    Rule{"'ve", " have"},
    Rule{"'m", " am"},
};

std::string Applied(const Rule& rule, const std::string& text) {
  const bool is_word = rule.from.front() != '\'' && rule.from != "n't";
  std::string out;
  size_t at = 0;
  for (size_t begin = text.find(rule.from); begin != std::string::npos;
       begin = text.find(rule.from, begin)) {
    const std::string_view whole = text;
    const size_t end = begin + rule.from.size();
    const bool matches =
        (!is_word || !EndsInWord(whole.substr(0, begin))) && !BeginsInWord(whole.substr(end));
    if (!matches) {
      ++begin;
      continue;
    }
    out.append(text, at, begin - at);
    out += rule.to;
    at = begin = end;
  }
  return out.append(text, at);
}

std::string WithoutSpacesBeforeApostrophes(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      while (!out.empty() && IsSpaceByte(out.back())) out.pop_back();
    }
    out += c;
  }
  return out;
}

// Commas between digits go; full stops that no digit follows become spaces.
std::string WithPlainDigits(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (!IsDigit(text[i]) || i + 2 >= text.size()) continue;
    if (text[i + 1] != ',' || !IsDigit(text[i + 2])) continue;
    out += text[i + 2];  // which does not begin another pair
    i += 2;
  }
  std::string spaced;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] != '.' || (i + 1 < out.size() && IsDigit(out[i + 1]))) {
      spaced += out[i];
      continue;
    }
    spaced += ' ';
    if (i + 1 < out.size()) spaced += out[++i];
  }
  return spaced;
}

// Letters that no decomposition takes apart.
std::string_view WithoutStroke(char32_t character) {
  switch (character) {
    case U'œ':
      return "oe";
    case U'ø':
      return "o";
    case U'æ':
      return "ae";
    case U'ß':
      return "ss";
    case U'đ':
    case U'ð':
      return "d";
    case U'þ':
      return "th";
    case U'ł':
      return "l";
    default:
      return "";
  }
}

std::string WithoutSymbols(std::string_view text) {
  const std::string decomposed = Nfkd(text);
  std::string out;
  for (size_t at = 0; at < decomposed.size();) {
    const char32_t character = NextCharacter(decomposed, at);
    const utf8proc_category_t category =
        utf8proc_category(static_cast<utf8proc_int32_t>(character));
    const bool is_kept = character == '.' || character == '%' || character == '$' ||
                         character == U'¢' || character == U'€' || character == U'£';
    const bool is_symbol = category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME ||
                           (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_SO);
    if (is_kept) {
      AppendCharacter(character, out);
    } else if (const std::string_view plain = WithoutStroke(character); !plain.empty()) {
      out += plain;
    } else if (is_symbol) {
      out += ' ';
    } else if (category != UTF8PROC_CATEGORY_MN) {
      AppendCharacter(character, out);
    }
  }
  return out;
}

// Beginnings of words: what follows stays.
constexpr std::array kStems = {
    Rule{"colour", "color"},
    Rule{"favour", "favor"},
    Rule{"honour", "honor"},
    Rule{"labour", "labor"},
    Rule{"neighbour", "neighbor"},
    Rule{"behaviour", "behavior"},
    Rule{"flavour", "flavor"},
    Rule{"harbour", "harbor"},
    Rule{"humour", "humor"},
    Rule{"rumour", "rumor"},
    Rule{"vapour", "vapor"},
    Rule{"armour", "armor"},
    Rule{"endeavour", "endeavor"},
    Rule{"parlour", "parlor"},
    Rule{"saviour", "savior"},
    Rule{"splendour", "splendor"},
    Rule{"vigour", "vigor"},
    Rule{"odour", "odor"},
    Rule{"tumour", "tumor"},
    Rule{"candour", "candor"},
    Rule{"clamour", "clamor"},
    Rule{"fervour", "fervor"},
    Rule{"rancour", "rancor"},
    Rule{"savour", "savor"},
    Rule{"succour", "succor"},
    Rule{"valour", "valor"},
    Rule{"ardour", "ardor"},
    Rule{"organis", "organiz"},
    Rule{"realis", "realiz"},
    Rule{"recognis", "recogniz"},
    Rule{"apologis", "apologiz"},
    Rule{"criticis", "criticiz"},
    Rule{"emphasis", "emphasiz"},
    Rule{"authoris", "authoriz"},
    Rule{"characteris", "characteriz"},
    Rule{"civilis", "civiliz"},
    Rule{"generalis", "generaliz"},
    Rule{"specialis", "specializ"},
    Rule{"summaris", "summariz"},
    Rule{"utilis", "utiliz"},
    Rule{"minimis", "minimiz"},
    Rule{"maximis", "maximiz"},
    Rule{"modernis", "moderniz"},
    Rule{"mobilis", "mobiliz"},
    Rule{"memoris", "memoriz"},
    Rule{"analys", "analyz"},
    Rule{"centre", "center"},
    Rule{"theatre", "theater"},
    Rule{"metre", "meter"},
    Rule{"litre", "liter"},
    Rule{"fibre", "fiber"},
    Rule{"kilometre", "kilometer"},
    Rule{"centimetre", "centimeter"},
    Rule{"grey", "gray"},
    Rule{"defence", "defense"},
    Rule{"offence", "offense"},
    Rule{"travell", "travel"},
    Rule{"labell", "label"},
    Rule{"cancell", "cancel"},
    Rule{"counsell", "counsel"},
    Rule{"modell", "model"},
    Rule{"quarrell", "quarrel"},
    Rule{"jewellery", "jewelry"},
    Rule{"jewell", "jewel"},
    Rule{"marvell", "marvel"},
    Rule{"mould", "mold"},
    Rule{"plough", "plow"},
    Rule{"sceptic", "skeptic"},
    Rule{"encyclopaedia", "encyclopedia"},
    Rule{"archaeolog", "archeolog"},
    Rule{"manoeuvr", "maneuver"},
    Rule{"catalogue", "catalog"},
    Rule{"dialogue", "dialog"},
    Rule{"aluminium", "aluminum"},

    Rule{"programme", "program"},
    Rule{"pyjamas", "pajamas"},
    Rule{"tyre", "tire"},

};

// Whether British words go on like this behind one of the stems.
bool GoesOn(std::string_view stem, std::string_view rest) {
  const auto begins_with = [&](std::initializer_list<std::string_view> beginnings) {
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](std::string_view beginning) { return rest.starts_with(beginning); });
  };
  // "analyse", not "analysis".
  if (stem.ends_with("is") || stem.ends_with("ys")) {
    return begins_with({"e", "ing", "ation", "abl"});
  }
  // "cancelled", not "cancellation".
  if (stem.ends_with("ll")) return begins_with({"ed", "ing", "er", "or"});
  if (stem.ends_with("our") || stem == "mould" || stem == "sceptic") return true;
  return rest.empty() || rest == "s";
}

std::string American(const std::string& word) {
  for (const Rule& stem : kStems) {
    if (!word.starts_with(stem.from)) continue;
    const std::string_view rest = std::string_view(word).substr(stem.from.size());
    if (GoesOn(stem.from, rest)) return std::string(stem.to) + std::string(rest);
  }
  return word;
}

bool IsNumberSign(std::string_view text, size_t at, size_t& size) {
  for (const std::string_view sign : {".", "$", "¢", "€", "£"}) {
    size = sign.size();
    if (text.substr(at).starts_with(sign)) return true;
  }
  return false;
}

// Signs of numbers that no digit follows, and per cents that follow no digit, become spaces.
std::string WithoutLooseSigns(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t size = 0;
    if (!IsNumberSign(text, at, size) || at + size >= text.size() || IsDigit(text[at + size])) {
      out += text[at++];
      continue;
    }
    at += size;
    const size_t begin = at;
    NextCharacter(text, at);
    out += ' ';
    out.append(text, begin, at - begin);
  }
  std::string plain;
  for (size_t at = 0; at < out.size(); ++at) {
    plain += out[at] == '%' && at > 0 && !IsDigit(out[at - 1]) ? ' ' : out[at];
  }
  return plain;
}

std::string Respelled(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) {
      if (!out.empty()) out += ' ';
      out += American(text.substr(at, end - at));
    }
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string NormalizeEnglish(std::string_view text) {
  std::string out = LowerWithoutBrackets(text);
  for (const Rule& rule : kHesitations) out = Applied(rule, out);
  out = WithoutSpacesBeforeApostrophes(out);
  for (const Rule& rule : kContractions) out = Applied(rule, out);
  out = WithoutSymbols(WithPlainDigits(out));
  out = WithoutLooseSigns(Respelled(NormalizeEnglishNumbers(out)));
  std::string words;
  for (const char c : out) {
    if (c != ' ' || (!words.empty() && words.back() != ' ')) words += c;
  }
  if (words.ends_with(' ')) words.pop_back();
  return words;
}

}  // namespace rowmill
