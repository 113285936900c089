// Fuzzes the reader of ratings: any bytes give interactions that hang together, or an error of
// ours; times that are read order as numbers do.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "recommend/items_reader.h"
#include "recommend/ratings_reader.h"

namespace {

using namespace rowmill;  // NOLINT(google-build-using-namespace)

void Require(bool condition) {
  if (!condition) std::abort();
}

void Check(const Ratings& ratings) {
  const Interactions& interactions = ratings.interactions;
  Require(interactions.num_users() == ratings.users.size());
  Require(interactions.num_items == ratings.items.size());
  Require(interactions.items.size() == interactions.ratings.size());
  Require(interactions.size() + ratings.num_invalid + ratings.num_repeated == ratings.num_rows);
  for (size_t user = 0; user < interactions.num_users(); ++user) {
    std::set<uint32_t> had;
    for (const uint32_t item : interactions.ItemsOf(user)) {
      Require(item < interactions.num_items && had.insert(item).second);
    }
    for (const float rating : interactions.RatingsOf(user)) Require(std::isfinite(rating));
  }
}

std::unique_ptr<Source> Open(std::string_view bytes, Format format) {
  SourceOptions options;
  options.format = format;
  return MakeSource(
      std::make_unique<InputStream>(std::make_unique<MemoryByteSource>(bytes, SIZE_MAX), "'fuzz'"),
      options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t setup = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::optional<double> time = ParseTime(bytes);
  Require(!time || std::isfinite(*time));
  const Format format = (setup & 1) != 0 ? Format::kJsonl : Format::kCsv;
  RatingColumns columns = {"u", "i", (setup & 2) != 0 ? "r" : "", (setup & 4) != 0 ? "t" : ""};
  NameTable items;
  try {
    const std::unique_ptr<Source> source = Open(bytes, format);
    Ratings ratings = ReadRatings(*source, columns, {});
    Check(ratings);
    items = std::move(ratings.items);
  } catch (const Error&) {
    // No such column, damage, or nothing usable.
  }
  try {
    const size_t num_rated = items.size();
    const std::unique_ptr<Source> source = Open(bytes, format);
    const ItemTexts texts = ReadItems(*source, {"i", {}, ""}, {}, items);
    Require(texts.texts.size() == items.size() && texts.titles.size() == items.size());
    Require(texts.num_unrated == items.size() - num_rated);
  } catch (const Error&) {
    // As above.
  }
  return 0;
}
