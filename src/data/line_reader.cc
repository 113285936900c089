#include "data/line_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace rowmill {
namespace {

// Doubles the memory of `line` until it holds `size` bytes, but never beyond `max_bytes`: no line
// can use more. Through a new string because reserve() rounds up to twice the old capacity.
void Grow(size_t size, size_t max_bytes, std::string& line) {
  if (size <= line.capacity()) return;
  std::string larger;
  larger.reserve(std::max(size, std::min(max_bytes, 2 * size)));
  larger.append(line);
  line = std::move(larger);
}

}  // namespace

bool ReadLine(InputStream& stream, size_t max_bytes, std::string& line, LineState& state) {
  line.clear();
  state = LineState();
  state.offset = stream.offset();
  bool any_bytes = false;
  while (true) {
    const std::string_view bytes = stream.Peek();
    if (bytes.empty()) return any_bytes && !stream.damage().has_value();
    any_bytes = true;
    const size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (piece.size() > max_bytes - line.size()) {
      state.is_too_long = true;
      max_bytes = 0;
      line.clear();
    }
    if (!state.is_too_long) {
      Grow(line.size() + piece.size(), max_bytes, line);
      line.append(piece);
    }
    if (end != std::string_view::npos) {
      state.is_terminated = true;
      stream.Consume(end + 1);
      return true;
    }
    stream.Consume(piece.size());
  }
}

}  // namespace rowmill
