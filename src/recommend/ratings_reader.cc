#include "recommend/ratings_reader.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/error.h"

namespace rowmill {
namespace {

// Rows between two looks at the stop flag.
constexpr uint64_t kStopRows = 4096;

// A number that fills the text and is finite.
std::optional<double> ParseReal(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

// Takes `count` digits off the front of `text`.
std::optional<int> TakeDigits(std::string_view& text, size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// "hh:mm[:ss[.fraction]]" in seconds.
std::optional<double> TakeClock(std::string_view& text) {
  const std::optional<int> hour = TakeDigits(text, 2);
  if (!hour || *hour > 24 || !Take(text, ':')) return std::nullopt;
  const std::optional<int> minute = TakeDigits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  double seconds = *hour * 3600.0 + *minute * 60.0;
  if (!Take(text, ':')) return seconds;
  const std::optional<int> second = TakeDigits(text, 2);
  if (!second || *second > 60) return std::nullopt;
  seconds += *second;
  if (!Take(text, '.')) return seconds;
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  double unit = 0.1;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; unit /= 10.0) {
    seconds += (text[0] - '0') * unit;
    text.remove_prefix(1);
  }
  return seconds;
}

// "Z", "+hh:mm", "-hhmm" or nothing, in seconds east of Greenwich.
std::optional<double> TakeOffset(std::string_view& text) {
  if (text.empty() || Take(text, 'Z')) return 0.0;
  const double sign = text[0] == '-' ? -1.0 : 1.0;
  if (!Take(text, '+') && !Take(text, '-')) return std::nullopt;
  const std::optional<int> hours = TakeDigits(text, 2);
  Take(text, ':');
  const std::optional<int> minutes = text.empty() ? 0 : TakeDigits(text, 2);
  if (!hours || !minutes) return std::nullopt;
  return sign * (*hours * 3600.0 + *minutes * 60.0);
}

struct Row {
  uint32_t user;
  uint32_t item;
  float rating;
  double time;
};

class Reader {
 public:
  Reader(const RatingColumns& columns, Ratings& ratings) : columns_(columns), ratings_(ratings) {}

  void Add(const Record& record) {
    const std::string problem = Take(record);
    if (problem.empty()) return;
    ++ratings_.num_invalid;
    if (!ratings_.first_problem) {
      ratings_.first_problem = {record.index, record.line, problem};
    }
  }

  // Sorts by user and time, and keeps the last of each pair.
  void Finish() {
    const size_t num_users = ratings_.users.size();
    std::vector<uint64_t> begin(num_users + 1, 0);
    for (const Row& row : rows_) ++begin[row.user + 1];
    for (size_t user = 0; user < num_users; ++user) begin[user + 1] += begin[user];
    std::vector<uint64_t> order(rows_.size());
    {
      std::vector<uint64_t> next(begin.begin(), begin.end() - 1);
      for (size_t i = 0; i < rows_.size(); ++i) order[next[rows_[i].user]++] = i;
    }
    Interactions& out = ratings_.interactions;
    out.num_items = ratings_.items.size();
    out.items.reserve(rows_.size());
    out.ratings.reserve(rows_.size());
    // The last place of each item in the history at hand, marked by user.
    std::vector<uint64_t> last(out.num_items, UINT64_MAX);
    for (size_t user = 0; user < num_users; ++user) {
      const auto first = order.begin() + static_cast<ptrdiff_t>(begin[user]);
      const auto end = order.begin() + static_cast<ptrdiff_t>(begin[user + 1]);
      std::sort(first, end, [&](uint64_t a, uint64_t b) {
        return std::pair(rows_[a].time, a) < std::pair(rows_[b].time, b);
      });
      for (auto at = first; at != end; ++at) last[rows_[*at].item] = *at;
      for (auto at = first; at != end; ++at) {
        const Row& row = rows_[*at];
        if (last[row.item] != *at) {
          ++ratings_.num_repeated;
          continue;
        }
        out.items.push_back(row.item);
        out.ratings.push_back(row.rating);
      }
      out.begin.push_back(out.items.size());
    }
  }

 private:
  // Returns what is wrong with the row; empty where all is well.
  std::string Take(const Record& record) {
    if (!record.problem.empty()) return record.problem;
    const std::optional<FieldValue> user = record.Field(columns_.user);
    if (const char* problem = NameProblem(user)) return Column(columns_.user) + problem;
    // A user whose rows are all broken is one all the same, without a history.
    Row row = {ratings_.users.Add(user->text), 0, 1.0f, 0.0};
    const std::optional<FieldValue> item = record.Field(columns_.item);
    if (const char* problem = NameProblem(item)) return Column(columns_.item) + problem;
    if (!columns_.rating.empty()) {
      const std::optional<FieldValue> field = record.Field(columns_.rating);
      const std::optional<double> rating = field ? ParseReal(field->text) : std::nullopt;
      if (!rating || std::abs(*rating) > 1e6) return Column(columns_.rating) + "is no rating";
      row.rating = static_cast<float>(*rating);
    }
    if (!columns_.time.empty()) {
      const std::optional<FieldValue> field = record.Field(columns_.time);
      const std::optional<double> time = field ? ParseTime(field->text) : std::nullopt;
      if (!time) return Column(columns_.time) + "is neither a number nor a date";
      row.time = *time;
    }
    row.item = ratings_.items.Add(item->text);
    rows_.push_back(row);
    return "";
  }

  static std::string Column(const std::string& name) { return "column '" + name + "' "; }

  const RatingColumns& columns_;
  Ratings& ratings_;
  std::vector<Row> rows_;
};

void RequireColumns(const ColumnNames& names, const RatingColumns& columns) {
  RequireColumn(names, columns.user, "--user");
  RequireColumn(names, columns.item, "--item");
  if (!columns.rating.empty()) RequireColumn(names, columns.rating, "--rating");
  if (!columns.time.empty()) RequireColumn(names, columns.time, "--time");
}

}  // namespace

const char* NameProblem(const std::optional<FieldValue>& value) {
  if (!value) return "is missing";
  if (value->kind == FieldKind::kNull || value->text.empty()) return "is empty";
  if (value->kind == FieldKind::kArray || value->kind == FieldKind::kObject) {
    return "is neither a string nor a number";
  }
  return nullptr;
}

uint32_t NameTable::Add(std::string_view name) {
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return found->second;
  if (names_.size() >= kNoItem) throw DataError("more than 2^32 - 1 users or items");
  const auto number = static_cast<uint32_t>(names_.size());
  names_.push_back(&numbers_.emplace(name, number).first->first);
  return number;
}

std::optional<uint32_t> NameTable::Find(std::string_view name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> ParseTime(std::string_view text) {
  if (const std::optional<double> number = ParseReal(text)) return number;
  const std::optional<int> year = TakeDigits(text, 4);
  if (!year || !Take(text, '-')) return std::nullopt;
  const std::optional<int> month = TakeDigits(text, 2);
  if (!month || !Take(text, '-')) return std::nullopt;
  const std::optional<int> day = TakeDigits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  double seconds = 86400.0 * std::chrono::sys_days(date).time_since_epoch().count();
  if (text.empty()) return seconds;
  if (!Take(text, 'T') && !Take(text, ' ')) return std::nullopt;
  const std::optional<double> clock = TakeClock(text);
  if (!clock) return std::nullopt;
  const std::optional<double> offset = TakeOffset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return seconds + *clock - *offset;
}

Ratings ReadRatings(Source& source, const RatingColumns& columns, const ReadLimits& limits) {
  if (source.format() != Format::kJsonl && source.columns().size() > 0) {
    RequireColumns(source.columns(), columns);
  }
  Ratings ratings;
  Reader reader(columns, ratings);
  Record record;
  const uint64_t end = limits.rows.value_or(UINT64_MAX);
  while (ratings.num_rows < end && source.Next(record)) {
    ++ratings.num_rows;
    reader.Add(record);
    if (ratings.num_rows % kStopRows == 0 && limits.stop_requested && limits.stop_requested()) {
      throw StoppedError("stopped while reading the ratings");
    }
  }
  if (source.damage()) throw DataError(*source.damage());
  // A name that no row has is a slip of the pen.
  if (source.format() == Format::kJsonl && source.columns().size() > 0 &&
      !source.columns_overflowed()) {
    RequireColumns(source.columns(), columns);
  }
  if (ratings.items.size() == 0) {
    throw DataError("there is no usable rating among " + std::to_string(ratings.num_rows) +
                    " rows" +
                    (ratings.first_problem
                         ? "; the first (line " + std::to_string(ratings.first_problem->line) +
                               "): " + ratings.first_problem->what
                         : ""));
  }
  reader.Finish();
  return ratings;
}

}  // namespace rowmill
