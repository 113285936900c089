#include "tasks/answer_scores.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "text/jinja_unicode.h"
#include "text/unicode.h"
#include "text/utf8.h"
#include "text/words.h"

namespace rowmill {
namespace {

bool IsPunctuation(char c) {  // Python's string.punctuation
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

bool IsWordCharacter(uint32_t code_point) {  // of a regular expression's \w
  const CharClass kind = CharClassTable::Get().ClassOf(code_point);
  return kind == CharClass::kLetter || kind == CharClass::kNumber;
}

std::string LowerWithoutPunctuation(std::string_view text) {
  std::string lower;
  for (size_t at = 0; at < text.size(); at += DecodeJinjaCharacter(text, at).length) {
    AppendLower(lower, text, at);
  }
  std::erase_if(lower, IsPunctuation);
  return lower;
}

// Each article that stands as a word becomes a space.
std::string WithoutArticles(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size()) {
      const DecodedChar c = DecodeUtf8(text.substr(end));
      if (!IsWordCharacter(c.code_point)) break;
      end += c.num_bytes;
    }
    if (end == at) {
      const size_t size = DecodeUtf8(text.substr(at)).num_bytes;
      out += text.substr(at, size);
      at += size;
      continue;
    }
    const std::string_view word = text.substr(at, end - at);
    out += word == "a" || word == "an" || word == "the" ? std::string_view(" ") : word;
    at = end;
  }
  return out;
}

std::vector<std::string> Split(std::string_view text) {
  const CharClassTable& classes = CharClassTable::Get();
  std::vector<std::string> words;
  bool within = false;
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    const bool is_space = classes.ClassOf(c.code_point) == CharClass::kSpace;
    if (!is_space && !within) words.emplace_back();
    if (!is_space) words.back() += text.substr(at, c.num_bytes);
    within = !is_space;
    at += c.num_bytes;
  }
  return words;
}

double TokenF1(const std::vector<std::string>& answer, const std::vector<std::string>& gold) {
  std::map<std::string_view, int64_t> left;
  for (const std::string& word : gold) ++left[word];
  size_t common = 0;
  for (const std::string& word : answer) {
    const auto found = left.find(word);
    if (found != left.end() && found->second-- > 0) ++common;
  }
  if (common == 0) return 0.0;
  const double precision = static_cast<double>(common) / static_cast<double>(answer.size());
  const double recall = static_cast<double>(common) / static_cast<double>(gold.size());
  return 2.0 * precision * recall / (precision + recall);
}

}  // namespace

std::string NormalizeAnswer(std::string_view text) {
  std::string out;
  for (const std::string& word : Split(WithoutArticles(LowerWithoutPunctuation(text)))) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

AnswerScore ScoreAnswer(std::string_view answer, std::span<const std::string> gold) {
  AnswerScore best;
  const std::string normal = NormalizeAnswer(answer);
  const std::vector<std::string> words = Split(normal);
  for (const std::string& right : gold) {
    const std::string normal_right = NormalizeAnswer(right);
    if (normal == normal_right) best.exact_match = 1.0;
    best.f1 = std::max(best.f1, TokenF1(words, Split(normal_right)));
  }
  return best;
}

std::vector<std::string> GoldAnswers(const FieldValue& field) {
  if (field.kind == FieldKind::kNull) return {};
  if (field.text.starts_with('[')) {
    const nlohmann::json list = nlohmann::json::parse(field.text, nullptr, false);
    const bool is_list =
        list.is_array() &&
        std::all_of(list.begin(), list.end(), [](const auto& v) { return v.is_string(); });
    if (is_list) return list.get<std::vector<std::string>>();
  }
  return {field.text};
}

void AnswerMeasure::Add(const Record& record, std::span<const Cell> cells) {
  const std::optional<FieldValue> field = record.Field(gold_column_);
  if (!field) return;
  const std::vector<std::string> gold = GoldAnswers(*field);
  if (gold.empty()) return;
  ++num_rows_;
  const auto* answer = cells.empty() ? nullptr : std::get_if<std::string>(&cells[0]);
  if (answer == nullptr) return;
  const AnswerScore score = ScoreAnswer(*answer, gold);
  if (score.exact_match == 1.0) ++num_exact_;
  sum_f1_ += score.f1;
}

std::vector<std::pair<std::string, double>> AnswerMeasure::Values() const {
  if (num_rows_ == 0) return {};
  const auto rows = static_cast<double>(num_rows_);
  return {{"exact_match", static_cast<double>(num_exact_) / rows}, {"f1", sum_f1_ / rows}};
}

}  // namespace rowmill
