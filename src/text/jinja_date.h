// The date that strftime_now() formats. Some models' templates put today's date into the prompt; a
// run that read the clock would give other bytes tomorrow, and a run resumed after midnight two
// kinds of rows. The rule is therefore: the date is an option of the run, 1 January 2024, 00:00:00,
// unless the operator sets another one, and part of what makes two runs the same job.
//
// What it is not: a clock, a time zone or a locale. Names are English, as in the C locale.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

struct JinjaDate {
  int year = 2024;  // 1 to 9999
  int month = 1;    // 1 to 12
  int day = 1;      // 1 to 31
  int hour = 0;
  int minute = 0;
  int second = 0;

  bool operator==(const JinjaDate&) const = default;
};

// Throws UsageError where there is no such date or time.
void CheckJinjaDate(const JinjaDate& date);

// strftime for %Y %y %m %d %e %j %B %b %h %A %a %u %w %H %I %M %S %f %p %D %F %T %R %n %t %%, and
// `%-` before a number for one without leading zeros. Throws JinjaFailure for any other.
std::string FormatJinjaDate(std::string_view format, const JinjaDate& date);

}  // namespace rowmill
