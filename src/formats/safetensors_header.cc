#include "formats/safetensors_header.h"

#include <nlohmann/json.hpp>

#include "formats/error_text.h"
#include "formats/name_index.h"

namespace rowmill {
namespace {

using nlohmann::json;

constexpr size_t kMaxTensors = 262'144;
constexpr size_t kMaxNameBytes = 1024;
constexpr size_t kMaxDimensions = 8;
constexpr std::string_view kMetadataName = "__metadata__";

class HeaderReader {
 public:
  explicit HeaderReader(SafetensorsHeader& out) : out_(out) {}

  const std::string& problem() const { return problem_; }

  bool null() { return Unexpected("null"); }
  bool boolean(bool) { return Unexpected("true or false"); }
  bool number_integer(json::number_integer_t) { return Unexpected("a negative number"); }
  bool number_float(json::number_float_t, const std::string&) {
    return Unexpected("a number that is no integer of 64 bits");
  }
  bool binary(json::binary_t&) { return Unexpected("a binary value"); }

  bool number_unsigned(json::number_unsigned_t value) {
    if (place_ == Place::kShape) {
      if (tensor().shape.size() == kMaxDimensions) {
        return Stop("has more than " + std::to_string(kMaxDimensions) + " dimensions");
      }
      tensor().shape.push_back(value);
      return true;
    }
    if (place_ == Place::kOffsets) {
      if (num_offsets_ == 2) return Stop("has more than two data_offsets");
      (num_offsets_++ == 0 ? tensor().begin : tensor().end) = value;
      return true;
    }
    return Unexpected("a number");
  }
  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      out_.metadata.emplace_back(std::move(key_), std::move(value));
      return true;
    }
    if (place_ == Place::kTensor && field_ == Field::kDtype) {
      tensor().dtype = std::move(value);
      return true;
    }
    return Unexpected("a string");
  }
  bool start_object(size_t) {
    switch (place_) {
      case Place::kOutside:
        place_ = Place::kTop;
        return true;
      case Place::kTop:
        if (key_ == kMetadataName) {
          if (has_metadata_) return Stop("occurs twice");
          has_metadata_ = true;
          place_ = Place::kMetadata;
          return true;
        }
        return BeginTensor();
      default:
        return Unexpected("an object");
    }
  }
  bool key(std::string& name) {
    if (place_ != Place::kTensor) {
      key_ = std::move(name);
      return true;
    }
    constexpr std::string_view kFields[] = {"dtype", "shape", "data_offsets"};
    for (size_t i = 0; i < std::size(kFields); ++i) {
      if (name != kFields[i]) continue;
      if (seen_[i]) return Stop("has the field " + name + " twice");
      seen_[i] = true;
      field_ = static_cast<Field>(i);
      return true;
    }
    return Stop("has a field " + Quoted(name) + ", expected are dtype, shape and data_offsets");
  }
  bool end_object() {
    if (place_ == Place::kTensor) {
      if (!seen_[0] || !seen_[1] || !seen_[2]) {
        return Stop("lacks one of the fields dtype, shape and data_offsets");
      }
      if (num_offsets_ != 2) return Stop("has fewer than two data_offsets");
    }
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }
  bool start_array(size_t) {
    if (place_ == Place::kTensor && field_ == Field::kShape) {
      place_ = Place::kShape;
      return true;
    }
    if (place_ == Place::kTensor && field_ == Field::kOffsets) {
      place_ = Place::kOffsets;
      return true;
    }
    return Unexpected("an array");
  }
  bool end_array() {
    place_ = Place::kTensor;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) {
    problem_ = "the header is not valid JSON at its byte " + std::to_string(position);
    return false;
  }

 private:
  enum class Place : uint8_t { kOutside, kTop, kMetadata, kTensor, kShape, kOffsets };
  enum class Field : uint8_t { kDtype, kShape, kOffsets };

  SafetensorsEntry& tensor() { return out_.tensors.back(); }
  bool Stop(const std::string& what) {
    problem_ = "the header's entry " + Quoted(key_) + " " + what;
    return false;
  }
  bool Unexpected(const std::string& what) {
    if (place_ == Place::kOutside) {
      problem_ = "the header is not a JSON object";
      return false;
    }
    return Stop("has " + what + " where none belongs");
  }
  bool BeginTensor() {
    if (key_.empty() || key_.size() > kMaxNameBytes) {
      return Stop("has a name of " + std::to_string(key_.size()) + " bytes, allowed are 1 to " +
                  std::to_string(kMaxNameBytes));
    }
    if (out_.tensors.size() == kMaxTensors) {
      return Stop("is one too many: the limit is " + std::to_string(kMaxTensors) + " tensors");
    }
    out_.tensors.emplace_back().name = key_;
    num_offsets_ = 0;
    seen_[0] = seen_[1] = seen_[2] = false;
    place_ = Place::kTensor;
    return true;
  }

  SafetensorsHeader& out_;
  Place place_ = Place::kOutside;
  Field field_ = Field::kDtype;
  bool seen_[3] = {};
  bool has_metadata_ = false;
  int num_offsets_ = 0;
  std::string key_;  // of the entry that is being read
  std::string problem_;
};

template <typename T, typename NameOf>
std::string FindDuplicate(const std::vector<T>& items, NameOf name_of) {
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const T& item : items) names.emplace_back(name_of(item));
  const auto duplicate = NameIndex(names).FindDuplicate();
  return duplicate ? "the header's entry " + Quoted(*duplicate) + " occurs twice" : "";
}

}  // namespace

SafetensorsHeader ParseSafetensorsHeader(std::string_view text, std::string& problem) {
  SafetensorsHeader header;
  HeaderReader reader(header);
  problem.clear();
  if (!json::sax_parse(text.begin(), text.end(), &reader)) {
    problem = reader.problem();
    return header;
  }
  problem = FindDuplicate(header.tensors,
                          [](const SafetensorsEntry& e) -> std::string_view { return e.name; });
  if (problem.empty()) {
    problem = FindDuplicate(header.metadata,
                            [](const auto& pair) -> std::string_view { return pair.first; });
  }
  return header;
}

}  // namespace rowmill
