// Overflow-checked arithmetic for sizes that come from files. The guard is around the whole
// expression: an overflowed value stays overflowed through every further operation, so
// `(Checked(a) * b + c).RoundUp(d).value()` cannot wrap anywhere inside.
#pragma once

#include <cstdint>
#include <optional>

namespace rowmill {

class Checked {
 public:
  constexpr Checked(uint64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor)

  constexpr Checked operator+(Checked other) const {
    uint64_t out = 0;
    const bool overflow = __builtin_add_overflow(value_, other.value_, &out);
    return Checked(out, ok_ && other.ok_ && !overflow);
  }
  constexpr Checked operator*(Checked other) const {
    uint64_t out = 0;
    const bool overflow = __builtin_mul_overflow(value_, other.value_, &out);
    return Checked(out, ok_ && other.ok_ && !overflow);
  }
  constexpr Checked operator-(Checked other) const {
    uint64_t out = 0;
    const bool overflow = __builtin_sub_overflow(value_, other.value_, &out);
    return Checked(out, ok_ && other.ok_ && !overflow);
  }
  // Rounds up to a multiple of `alignment`, a power of two.
  constexpr Checked RoundUp(uint64_t alignment) const {
    const Checked padded = *this + (alignment - 1);
    return Checked(padded.value_ & ~(alignment - 1), padded.ok_);
  }
  // The result, or nullopt where any operation on the way overflowed.
  constexpr std::optional<uint64_t> value() const {
    return ok_ ? std::optional<uint64_t>(value_) : std::nullopt;
  }

 private:
  constexpr Checked(uint64_t value, bool ok) : value_(value), ok_(ok) {}

  uint64_t value_;
  bool ok_ = true;
};

}  // namespace rowmill
