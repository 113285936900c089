// Numbers as people read them: "1,847", "5.4 s", "12.3 %", "98.2 MiB".
#pragma once

#include <cstdint>
#include <string>

namespace rowmill {

std::string CountText(uint64_t count);
// Three significant digits, with thousands separated: "0.0123", "12.3", "1,230".
std::string NumberText(double value);
std::string SecondsText(double seconds);
std::string PercentText(double share);
std::string BytesText(double bytes);

}  // namespace rowmill
