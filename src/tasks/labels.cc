#include "tasks/labels.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "decode/label_trie.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\v\f";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

bool BeginsInSpace(std::string_view text) {
  return !text.empty() && kSpaces.find(text.front()) != std::string_view::npos;
}

std::string Quoted(const Label& label) { return "'" + label.name + "'"; }

void RefuseEqualTokens(std::span<const Label> labels,
                       const std::vector<std::vector<int32_t>>& tokens) {
  std::map<std::vector<int32_t>, size_t> first;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto [entry, is_new] = first.emplace(tokens[i], i);
    if (is_new) continue;
    throw UsageError(
        "the labels " + Quoted(labels[entry->second]) + " and " + Quoted(labels[i]) +
        " are the same tokens to this model, so it cannot tell them apart; change one of them.");
  }
}

}  // namespace

std::vector<Label> ParseLabelList(std::string_view list) {
  std::vector<Label> labels;
  size_t begin = 0;
  while (true) {
    const size_t comma = std::min(list.find(',', begin), list.size());
    const std::string_view name = Trim(list.substr(begin, comma - begin));
    if (name.empty()) {
      throw UsageError("--labels: label " + std::to_string(labels.size() + 1) +
                       " is empty; write them as --labels billing,bug,other, or one per line in a "
                       "--labels-file.");
    }
    labels.push_back({std::string(name), std::string(name)});
    if (comma == list.size()) return labels;
    begin = comma + 1;
  }
}

std::vector<Label> ParseLabelFile(std::string_view content, std::string_view file_name) {
  if (content.starts_with(kByteOrderMark)) content.remove_prefix(kByteOrderMark.size());
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) {
    content.remove_suffix(1);
  }
  std::vector<Label> labels;
  size_t begin = 0;
  while (begin <= content.size() && !content.empty()) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view line = content.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (Trim(line).empty()) {
      throw UsageError(std::string(file_name) + ": line " + std::to_string(labels.size() + 1) +
                       " is empty; give one label per line.");
    }
    labels.push_back({std::string(Trim(line)), std::string(line)});
    begin = end + 1;
  }
  return labels;
}

void ValidateLabels(std::span<const Label> labels) {
  if (labels.size() < 2) {
    throw UsageError("there " +
                     std::string(labels.empty() ? "are no labels" : "is only one label") +
                     "; classifying needs at least two, as in --labels billing,bug,other.");
  }
  std::map<std::string_view, size_t> first;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (Trim(labels[i].text).empty() || labels[i].name.empty()) {
      throw UsageError("label " + std::to_string(i + 1) + " of " + std::to_string(labels.size()) +
                       " is empty; give every label a name.");
    }
    for (const std::string& text : {labels[i].name, labels[i].text}) {
      if (ValidUtf8Prefix(text) == text.size()) continue;
      throw UsageError("label " + std::to_string(i + 1) + " of " + std::to_string(labels.size()) +
                       " is not valid UTF-8; save the labels as UTF-8.");
    }
    const auto [entry, is_new] = first.emplace(labels[i].name, i);
    if (is_new) continue;
    throw UsageError("the label " + Quoted(labels[i]) + " is given twice (as number " +
                     std::to_string(entry->second + 1) + " and " + std::to_string(i + 1) +
                     "); give each label once.");
  }
}

std::string JoinLabelNames(std::span<const Label> labels) {
  std::string out;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out += i + 1 == labels.size() ? " or " : ", ";
    out += labels[i].name;
  }
  return out;
}

std::vector<int32_t> EncodeContinuation(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<int32_t> alone = tokenizer.Encode(text, SpecialTokens::kPlainText);
  if (!tokenizer.vocabulary().add_space_prefix) return alone;
  // The space is put before the first character of the text only. A line break is a token of its
  // own in vocabularies of this kind (it is no part of a word, and mostly the byte <0x0A>), so what
  // follows it is tokenised as after any other text.
  constexpr std::string_view kAnchor = "\n";
  const std::vector<int32_t> anchor = tokenizer.Encode(kAnchor, SpecialTokens::kPlainText);
  const std::vector<int32_t> both =
      tokenizer.Encode(std::string(kAnchor) + std::string(text), SpecialTokens::kPlainText);
  if (both.size() <= anchor.size() || !std::equal(anchor.begin(), anchor.end(), both.begin())) {
    return alone;  // The vocabulary joins line breaks to what follows: there is no such anchor.
  }
  return {both.begin() + static_cast<ptrdiff_t>(anchor.size()), both.end()};
}

LabelTokens TokenizeLabels(std::span<const Label> labels, const Tokenizer& tokenizer,
                           const LabelTokenOptions& options) {
  ValidateLabels(labels);
  LabelTokens result;
  for (const Label& label : labels) {
    const bool add_space = options.seam == LabelSeam::kSpace && !BeginsInSpace(label.text);
    result.tokens.push_back(
        EncodeContinuation(tokenizer, add_space ? " " + label.text : label.text));
    if (result.tokens.back().empty()) {
      throw UsageError("the label " + Quoted(label) +
                       " has no tokens in this model's vocabulary; use other characters.");
    }
  }
  RefuseEqualTokens(labels, result.tokens);

  result.end_scored = options.end == LabelEnd::kAlways ||
                      (options.end == LabelEnd::kAuto && !LabelTrie(result.tokens).IsPrefixFree());
  if (!result.end_scored) return result;
  if (options.end_tokens.empty()) {
    throw UsageError(
        options.end == LabelEnd::kAlways
            ? "--label-end always: this model names no token that ends an answer; use "
              "--label-end none."
            : "one label is the beginning of another, and this model names no token that "
              "ends an answer; change the labels or use --label-end none.");
  }
  for (std::vector<int32_t>& tokens : result.tokens) {
    tokens.insert(tokens.end(), options.end_tokens.begin(), options.end_tokens.end());
  }
  // Ends of several tokens could make two labels equal in the end (`a` + `b c` and `a b` + `c`).
  RefuseEqualTokens(labels, result.tokens);
  return result;
}

}  // namespace rowmill
