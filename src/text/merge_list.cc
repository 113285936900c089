#include "text/merge_list.h"

#include "formats/error_text.h"

namespace rowmill {

MergeListReader::MergeListReader(Vocabulary& vocabulary, size_t num_merges)
    : vocabulary_(vocabulary), tokens_(vocabulary.size()) {
  for (const std::string& text : vocabulary.texts) tokens_.Add(text, text);
  vocabulary.merges.reserve(num_merges);
  seen_.reserve(num_merges);
}

std::string MergeListReader::Add(std::string_view left, std::string_view right) {
  const std::string whole = std::string(left).append(right);
  MergeRule rule;
  for (const auto& [text, id] : {std::pair<std::string_view, int32_t*>(left, &rule.left),
                                 {right, &rule.right},
                                 {whole, &rule.result}}) {
    *id = tokens_.Find(text);
    if (*id == kNoToken) return "names " + Quoted(text) + ", which is not a token";
  }
  const uint64_t pair = static_cast<uint64_t>(rule.left) << 32 | static_cast<uint32_t>(rule.right);
  if (seen_.insert(pair).second) vocabulary_.merges.push_back(rule);
  ++num_read_;
  return "";
}

std::string MergeListReader::Add(std::string_view merge) {
  // The first space after position 0 parts the two, so that a left side may begin with one.
  const size_t space = merge.find(' ', 1);
  if (space == std::string_view::npos || space + 1 == merge.size()) {
    return "is not two tokens with a space between";
  }
  return Add(merge.substr(0, space), merge.substr(space + 1));
}

}  // namespace rowmill
