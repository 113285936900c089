#include "text/jinja_date.h"

#include <array>

#include "base/error.h"
#include "text/jinja_value.h"

namespace rowmill {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<int, 12> kDaysBefore = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
constexpr std::array<int, 12> kDaysIn = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int DayOfYear(const JinjaDate& date) {
  const int leap_day = IsLeap(date.year) && date.month > 2 ? 1 : 0;
  return kDaysBefore[static_cast<size_t>(date.month - 1)] + date.day + leap_day;
}

// 0 is Sunday. 1 January of year 1 was a Monday in the calendar carried backwards.
int Weekday(const JinjaDate& date) {
  const int years = date.year - 1;
  return (years * 365 + years / 4 - years / 100 + years / 400 + DayOfYear(date)) % 7;
}

int Hour12(const JinjaDate& date) { return date.hour % 12 == 0 ? 12 : date.hour % 12; }

struct NumberField {
  int value = 0;
  size_t width = 0;
  char fill = '0';
};

// True where `directive` stands for a number.
bool FindNumber(char directive, const JinjaDate& date, NumberField* field) {
  switch (directive) {
    case 'Y':
      *field = {date.year, 4};
      return true;
    case 'y':
      *field = {date.year % 100, 2};
      return true;
    case 'm':
      *field = {date.month, 2};
      return true;
    case 'd':
      *field = {date.day, 2};
      return true;
    case 'e':
      *field = {date.day, 2, ' '};
      return true;
    case 'j':
      *field = {DayOfYear(date), 3};
      return true;
    case 'H':
      *field = {date.hour, 2};
      return true;
    case 'I':
      *field = {Hour12(date), 2};
      return true;
    case 'M':
      *field = {date.minute, 2};
      return true;
    case 'S':
      *field = {date.second, 2};
      return true;
    case 'f':
      *field = {0, 6};
      return true;
    case 'u':
      *field = {Weekday(date) == 0 ? 7 : Weekday(date), 1};
      return true;
    case 'w':
      *field = {Weekday(date), 1};
      return true;
    default:
      return false;
  }
}

// What `directive` stands for where it is no number; empty where it is not known.
std::string_view FindWords(char directive, const JinjaDate& date) {
  const std::string_view month = kMonths[static_cast<size_t>(date.month - 1)];
  const std::string_view weekday = kWeekdays[static_cast<size_t>(Weekday(date))];
  switch (directive) {
    case 'B':
      return month;
    case 'b':
    case 'h':
      return month.substr(0, 3);
    case 'A':
      return weekday;
    case 'a':
      return weekday.substr(0, 3);
    case 'p':
      return date.hour < 12 ? "AM" : "PM";
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case '%':
      return "%";
    default:
      return {};
  }
}

// The directives that are short for a whole format.
std::string_view FindFormat(char directive) {
  switch (directive) {
    case 'D':
      return "%m/%d/%y";
    case 'F':
      return "%Y-%m-%d";
    case 'T':
      return "%H:%M:%S";
    case 'R':
      return "%H:%M";
    default:
      return {};
  }
}

}  // namespace

void CheckJinjaDate(const JinjaDate& date) {
  bool valid = date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
               date.day >= 1 && date.hour >= 0 && date.hour < 24 && date.minute >= 0 &&
               date.minute < 60 && date.second >= 0 && date.second < 60;
  if (valid) {
    const int leap_day = date.month == 2 && IsLeap(date.year) ? 1 : 0;
    valid = date.day <= kDaysIn[static_cast<size_t>(date.month - 1)] + leap_day;
  }
  if (!valid) throw UsageError("the date for the chat template does not exist; give YYYY-MM-DD");
}

std::string FormatJinjaDate(std::string_view format, const JinjaDate& date) {
  std::string out;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out += format[at];
      continue;
    }
    ++at;
    const bool unpadded = at < format.size() && format[at] == '-';
    if (unpadded) ++at;
    const char directive = at < format.size() ? format[at] : '\0';
    NumberField field;
    if (FindNumber(directive, date, &field)) {
      const std::string digits = std::to_string(field.value);
      if (!unpadded && digits.size() < field.width) {
        out.append(field.width - digits.size(), field.fill);
      }
      out += digits;
    } else if (!unpadded && !FindFormat(directive).empty()) {
      out += FormatJinjaDate(FindFormat(directive), date);
    } else if (!unpadded && !FindWords(directive, date).empty()) {
      out += FindWords(directive, date);
    } else {
      FailJinja("strftime_now() is given a directive that is not supported");
    }
  }
  return out;
}

}  // namespace rowmill
