#include "text/jinja_string.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.h"
#include "text/jinja_unicode.h"

namespace rowmill {
namespace {

bool IsStripped(char32_t code, std::optional<std::string_view> characters) {
  if (!characters) return IsJinjaSpace(code);
  for (size_t at = 0; at < characters->size();) {
    const JinjaCharacter candidate = DecodeJinjaCharacter(*characters, at);
    if (candidate.code == code) return true;
    at += candidate.length;
  }
  return false;
}

// The byte offsets at which the characters begin, and the end of the text.
std::vector<size_t> CharacterOffsets(std::string_view text, JinjaBudget& budget) {
  budget.ChargeBytes(text.size() * sizeof(size_t));
  std::vector<size_t> offsets;
  for (size_t at = 0; at < text.size(); at += DecodeJinjaCharacter(text, at).length) {
    offsets.push_back(at);
  }
  offsets.push_back(text.size());
  return offsets;
}

std::vector<JinjaValue> SplitAtSpaces(const JinjaText& text, int64_t max_splits,
                                      JinjaBudget& budget) {
  std::vector<JinjaValue> out;
  const std::string_view view = text.view();
  size_t at = 0;
  while (true) {
    while (at < view.size()) {
      const JinjaCharacter next = DecodeJinjaCharacter(view, at);
      if (!IsJinjaSpace(next.code)) break;
      at += next.length;
    }
    if (at == view.size()) return out;
    budget.Charge(JinjaBudget::kStepsPerText);
    size_t end = at;
    if (max_splits >= 0 && static_cast<int64_t>(out.size()) == max_splits) {
      end = view.size();
    }
    while (end < view.size()) {
      const JinjaCharacter next = DecodeJinjaCharacter(view, end);
      if (IsJinjaSpace(next.code)) break;
      end += next.length;
    }
    out.emplace_back(text.Range(at, end));
    at = end;
  }
}

// One pass over a text that changes the case of its letters.
class CaseChanger {
 public:
  CaseChanger(const JinjaText& source, JinjaCase letter_case)
      : source_(source), letter_case_(letter_case) {}

  JinjaText Run() {
    const std::string_view view = source_.view();
    bool previous_cased = false;
    for (size_t at = 0; at < view.size();) {
      const JinjaCharacter next = DecodeJinjaCharacter(view, at);
      changed_.clear();
      const bool begins = letter_case_ == JinjaCase::kTitle ? !previous_cased : at == 0;
      if (letter_case_ == JinjaCase::kUpper) {
        AppendUpper(changed_, next.code);
      } else if (letter_case_ == JinjaCase::kLower || !begins) {
        AppendLower(changed_, view, at);
      } else {
        AppendTitle(changed_, next.code);
      }
      previous_cased = letter_case_ == JinjaCase::kTitle && IsJinjaCased(next.code);
      out_.Append(changed_, source_.OriginAt(at));
      at += next.length;
    }
    return std::move(out_);
  }

 private:
  const JinjaText& source_;
  JinjaCase letter_case_;
  std::string changed_;
  JinjaText out_;
};

JinjaText ReplaceBetweenCharacters(const JinjaText& text, const JinjaReplacement& replacement) {
  JinjaText out;
  int64_t left = replacement.max_count;
  for (size_t at = 0;;) {
    if (left != 0) {
      out.Append(replacement.new_text);
      --left;
    }
    if (at == text.size()) return out;
    const size_t length = DecodeJinjaCharacter(text.view(), at).length;
    out.AppendRange(text, at, at + length);
    CheckJinjaTextSize(out.size());
    at += length;
  }
}

}  // namespace

void CheckJinjaTextSize(uint64_t size) {
  if (size > kMaxJinjaText) {
    FailJinja("a text grows beyond " + std::to_string(kMaxJinjaText >> 20) + " MiB");
  }
}

JinjaText StripText(const JinjaText& text, const JinjaText* characters, JinjaSide side,
                    JinjaBudget& budget) {
  budget.ChargeBytes(text.size() * (characters == nullptr ? 1 : 1 + characters->size()));
  std::optional<std::string_view> set;
  if (characters != nullptr) set = characters->view();
  const std::string_view view = text.view();
  size_t begin = 0;
  size_t end = view.size();
  while (side != JinjaSide::kRight && begin < end) {
    const JinjaCharacter next = DecodeJinjaCharacter(view, begin);
    if (!IsStripped(next.code, set)) break;
    begin += next.length;
  }
  while (side != JinjaSide::kLeft && begin < end) {
    const size_t last = PreviousJinjaCharacter(view, end);
    if (!IsStripped(DecodeJinjaCharacter(view, last).code, set)) break;
    end = last;
  }
  return text.Range(begin, end);
}

std::vector<JinjaValue> SplitText(const JinjaText& text, const JinjaText* separator,
                                  int64_t max_splits, JinjaBudget& budget) {
  budget.ChargeBytes(text.size());
  if (separator == nullptr) return SplitAtSpaces(text, max_splits, budget);
  if (separator->empty()) FailJinja("split() needs a separator that is not empty");
  std::vector<JinjaValue> out;
  size_t begin = 0;
  while (max_splits < 0 || static_cast<int64_t>(out.size()) < max_splits) {
    const size_t found = FindJinjaText(text.view(), separator->view(), begin);
    if (found == std::string_view::npos) break;
    budget.Charge(JinjaBudget::kStepsPerText);
    out.emplace_back(text.Range(begin, found));
    begin = found + separator->size();
  }
  out.emplace_back(text.Range(begin, text.size()));
  return out;
}

JinjaText ReplaceText(const JinjaText& text, const JinjaReplacement& replacement,
                      JinjaBudget& budget) {
  JinjaText out;
  if (replacement.old_text.empty()) {
    out = ReplaceBetweenCharacters(text, replacement);
  } else {
    size_t begin = 0;
    for (int64_t left = replacement.max_count; left != 0; --left) {
      const size_t found = FindJinjaText(text.view(), replacement.old_text.view(), begin);
      if (found == std::string_view::npos) break;
      out.AppendRange(text, begin, found);
      out.Append(replacement.new_text);
      CheckJinjaTextSize(out.size());
      begin = found + replacement.old_text.size();
    }
    out.AppendRange(text, begin, text.size());
  }
  CheckJinjaTextSize(out.size());
  budget.ChargeBytes(text.size() + out.size());
  return out;
}

JinjaText ChangeCase(const JinjaText& text, JinjaCase letter_case, JinjaBudget& budget) {
  budget.ChargeBytes(text.size());
  JinjaText out = CaseChanger(text, letter_case).Run();
  CheckJinjaTextSize(out.size());
  return out;
}

JinjaText RepeatText(const JinjaText& text, int64_t count, JinjaBudget& budget) {
  JinjaText out;
  if (count <= 0 || text.empty()) return out;
  CheckJinjaTextSize(
      (Checked(text.size()) * static_cast<uint64_t>(count)).value().value_or(UINT64_MAX));
  budget.ChargeBytes(text.size() * static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) out.Append(text);
  return out;
}

std::vector<size_t> JinjaSlice::Indices(int64_t length, JinjaBudget& budget) const {
  const int64_t stride = step.value_or(1);
  if (stride == 0) FailJinja("the step of a slice cannot be 0");
  // The rules of Python's slice.indices: bounds count from the end where they are negative, and are
  // cut to [0, length], or to [-1, length - 1] where the slice runs backwards.
  const int64_t lowest = stride > 0 ? 0 : -1;
  const int64_t highest = stride > 0 ? length : length - 1;
  const auto bound = [&](std::optional<int64_t> value, int64_t missing) {
    if (!value) return missing;
    if (*value < 0) return *value < -length ? lowest : std::max(*value + length, lowest);
    return std::min(*value, highest);
  };
  int64_t at = bound(start, stride > 0 ? lowest : highest);
  const int64_t end = bound(stop, stride > 0 ? highest : lowest);
  std::vector<size_t> out;
  while (stride > 0 ? at < end : at > end) {
    out.push_back(static_cast<size_t>(at));
    if (__builtin_add_overflow(at, stride, &at)) break;
  }
  budget.Charge(out.size() / 8);
  return out;
}

JinjaText SliceText(const JinjaText& text, const JinjaSlice& slice, JinjaBudget& budget) {
  const std::vector<size_t> offsets = CharacterOffsets(text.view(), budget);
  JinjaText out;
  for (const size_t i : slice.Indices(static_cast<int64_t>(offsets.size()) - 1, budget)) {
    out.AppendRange(text, offsets[i], offsets[i + 1]);
  }
  return out;
}

JinjaValue CharacterAt(const JinjaText& text, int64_t index, JinjaBudget& budget) {
  const std::vector<size_t> offsets = CharacterOffsets(text.view(), budget);
  const int64_t length = static_cast<int64_t>(offsets.size()) - 1;
  if (index < -length || index >= length) return {};
  const size_t i = static_cast<size_t>(index < 0 ? index + length : index);
  return text.Range(offsets[i], offsets[i + 1]);
}

int64_t FindFirst(const JinjaText& text, const JinjaText& part, JinjaBudget& budget) {
  budget.ChargeBytes(text.size());
  const size_t found = FindJinjaText(text.view(), part.view(), 0);
  if (found == std::string_view::npos) return -1;
  return static_cast<int64_t>(CountJinjaCharacters(text.view().substr(0, found)));
}

int64_t FindLast(const JinjaText& text, const JinjaText& part, JinjaBudget& budget) {
  // Backwards there is no linear search in the C library; the budget pays for the worst case.
  budget.ChargeBytes((Checked(text.size()) * (part.size() + 1)).value().value_or(UINT64_MAX));
  const size_t found = text.view().rfind(part.view());
  if (found == std::string_view::npos) return -1;
  return static_cast<int64_t>(CountJinjaCharacters(text.view().substr(0, found)));
}

}  // namespace rowmill
