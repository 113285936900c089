#include "report/number_text.h"

#include <fmt/format.h>

#include <cmath>

namespace rowmill {

std::string CountText(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string NumberText(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::fabs(value);
  if (size >= 999.5) {
    return (value < 0 ? "-" : "") + CountText(static_cast<uint64_t>(std::llround(size)));
  }
  if (size >= 99.95) return fmt::format("{:.0f}", value);
  if (size >= 9.995) return fmt::format("{:.1f}", value);
  if (size >= 0.9995) return fmt::format("{:.2f}", value);
  if (size == 0.0) return "0";
  return fmt::format("{:.3g}", value);
}

std::string SecondsText(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  if (seconds >= 3600.0) {
    const auto minutes = static_cast<uint64_t>(seconds / 60.0);
    return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  }
  if (seconds >= 100.0) {
    const auto whole = static_cast<uint64_t>(seconds);
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  }
  if (seconds >= 1.0 || seconds == 0.0) return NumberText(seconds) + " s";
  if (seconds >= 1e-3) return NumberText(seconds * 1e3) + " ms";
  return NumberText(seconds * 1e6) + " µs";
}

std::string PercentText(double share) {
  if (!std::isfinite(share)) return "–";
  return fmt::format("{:.1f} %", share * 100.0);
}

std::string BytesText(double bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1024.0 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024.0;
  return NumberText(bytes) + " " + kUnits[unit];
}

}  // namespace rowmill
