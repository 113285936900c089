// A row that a report shows because somebody should look at it: the model was wrong, or not sure.
#pragma once

#include <cstdint>
#include <string>

namespace rowmill {

struct ReportedRow {
  enum class Reason : uint8_t { kUncertain, kWrong } reason = Reason::kUncertain;
  uint64_t row = 0;   // from 0
  uint64_t line = 0;  // of the file, from 1
  std::string text;   // what the model read of the row, perhaps shortened
  std::string answer;
  std::string gold;  // empty where there is none
  double probability = 0.0;
};

}  // namespace rowmill
