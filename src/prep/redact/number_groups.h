// A run of letters and digits in groups with one separator between them, as people write numbers:
// "4111 1111 1111 1111", "12-345-678", "AB 12 34 56 C". Reads a bounded number of characters, so
// that detectors stay linear.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowmill {

class NumberGroups {
 public:
  static constexpr size_t kMaxCharacters = 40;  // letters and digits
  static constexpr size_t kMaxGroups = 20;

  struct Group {
    size_t begin = 0;        // in the text
    size_t end = 0;          // in the text
    size_t compact_end = 0;  // in compact()
    char separator = 0;      // that stands before it; 0 before the first
  };

  // Groups from `position` on, separated by one character of `separators` each. Stops before the
  // group that would pass the limits. `position` is a letter or digit.
  NumberGroups(std::string_view text, size_t position, std::string_view separators);

  size_t num_groups() const { return num_groups_; }
  const Group& group(size_t i) const { return groups_[i]; }
  size_t group_size(size_t i) const { return groups_[i].end - groups_[i].begin; }
  // The letters and digits of the first `count` groups, letters in upper case.
  std::string_view compact(size_t count) const {
    return count == 0 ? std::string_view()
                      : std::string_view(compact_.data(), groups_[count - 1].compact_end);
  }
  // How many of the first groups have `size` characters together; 0 where no number of them has.
  size_t GroupsOf(size_t size) const;
  // Whether the first `count` groups have one and the same separator between them.
  bool OneSeparator(size_t count) const;
  // Whether group i is made of digits.
  bool IsDigits(size_t i) const;

 private:
  std::array<Group, kMaxGroups> groups_{};
  std::array<char, kMaxCharacters> compact_{};
  size_t num_groups_ = 0;
};

// Whether a number may begin at `position`: no word character stands before it, nor a sign that
// ties it to one ("A-123", "1.23", "#12/3", "x_1").
bool NumberMayBegin(std::string_view text, size_t position);
// The same for what comes behind it: "12.5", "12-A", "12:30" go on, "12." and "12, " end.
bool NumberMayEnd(std::string_view text, size_t end);

}  // namespace rowmill
