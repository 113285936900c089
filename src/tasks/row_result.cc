#include "tasks/row_result.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

// The numbers stand in journals.
static_assert(static_cast<int>(RowStatus::kOk) == 0 &&
              static_cast<int>(RowStatus::kTruncated) == 1 &&
              static_cast<int>(RowStatus::kInvalid) == 2 &&
              static_cast<int>(RowStatus::kError) == 3 &&
              static_cast<int>(RowStatus::kSkipped) == 4);
static_assert(static_cast<int>(FinishReason::kScored) == 0 &&
              static_cast<int>(FinishReason::kEndToken) == 1 &&
              static_cast<int>(FinishReason::kStopRule) == 2 &&
              static_cast<int>(FinishReason::kMaxTokens) == 3 &&
              static_cast<int>(FinishReason::kContext) == 4);

class Writer {
 public:
  template <typename Unsigned>
  void Put(Unsigned value) {
    for (size_t i = 0; i < sizeof(Unsigned); ++i) {
      bytes_.push_back(static_cast<std::byte>(static_cast<uint64_t>(value) >> (8 * i)));
    }
  }
  void PutCount(size_t count) {
    CHECK(count <= UINT32_MAX);
    Put(static_cast<uint32_t>(count));
  }
  void PutText(std::string_view text) {
    PutCount(text.size());
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), data, data + text.size());
  }
  std::vector<std::byte> Take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename Unsigned>
  Unsigned Get() {
    Require(sizeof(Unsigned));
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(Unsigned); ++i) {
      value |= static_cast<uint64_t>(bytes_[offset_ + i]) << (8 * i);
    }
    offset_ += sizeof(Unsigned);
    return static_cast<Unsigned>(value);
  }
  // A byte that is at most `last`.
  uint8_t GetChoice(uint8_t last) {
    const uint8_t value = Get<uint8_t>();
    if (value > last) Fail("a byte has a value that is never written");
    return value;
  }
  // A number of elements that take at least `element_bytes` each, so that nothing is allocated for
  // a count that the bytes cannot hold.
  size_t GetCount(size_t element_bytes) {
    const size_t count = Get<uint32_t>();
    if (count > (bytes_.size() - offset_) / element_bytes)
      Fail("a count is larger than what follows");
    return count;
  }
  std::string GetText() {
    const size_t size = GetCount(1);
    std::string text(reinterpret_cast<const char*>(bytes_.data()) + offset_, size);
    offset_ += size;
    return text;
  }
  void RequireEnd() const {
    if (offset_ != bytes_.size()) Fail("there are bytes after its end");
  }

 private:
  void Require(size_t size) const {
    if (bytes_.size() - offset_ < size) Fail("it ends too early");
  }
  [[noreturn]] void Fail(const char* what) const {
    throw DataError("a row's result is damaged at its byte " + std::to_string(offset_) + ": " +
                    what + ". Start the job anew with --force-new.");
  }

  std::span<const std::byte> bytes_;
  size_t offset_ = 0;
};

}  // namespace

std::string_view Name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kScored:
      return "scored";
    case FinishReason::kEndToken:
      return "end";
    case FinishReason::kStopRule:
      return "stop";
    case FinishReason::kMaxTokens:
      return "max_tokens";
    case FinishReason::kContext:
      return "context";
  }
  CHECK(false);
}

const RowResult& DecidingResult(std::span<const RowResult> results) {
  CHECK(!results.empty());
  const auto badness = [](RowStatus status) {
    switch (status) {
      case RowStatus::kOk:
        return 0;
      case RowStatus::kTruncated:
        return 1;
      case RowStatus::kSkipped:
        return 2;
      case RowStatus::kInvalid:
      case RowStatus::kError:
        return 3;
    }
    CHECK(false);
  };
  return *std::max_element(results.begin(), results.end(),
                           [&](const RowResult& a, const RowResult& b) {
                             return badness(a.status) < badness(b.status);
                           });
}

std::vector<std::byte> Serialize(const RowResult& result) {
  Writer writer;
  writer.Put(static_cast<uint8_t>(result.status));
  writer.PutText(result.error);
  writer.Put(result.prompt_tokens);
  writer.Put(result.generated_tokens);
  writer.Put(static_cast<uint8_t>(result.decoded.finite ? 1 : 0));
  writer.Put(static_cast<uint8_t>(result.decoded.finish));
  writer.PutCount(result.decoded.label_log_probs.size());
  for (const double value : result.decoded.label_log_probs) {
    writer.Put(std::bit_cast<uint64_t>(value));
  }
  writer.PutCount(result.decoded.answers.size());
  for (const std::vector<int32_t>& answer : result.decoded.answers) {
    writer.PutCount(answer.size());
    for (const int32_t token : answer) writer.Put(static_cast<uint32_t>(token));
  }
  writer.PutCount(result.decoded.embedding.size());
  for (const float value : result.decoded.embedding) writer.Put(std::bit_cast<uint32_t>(value));
  return writer.Take();
}

RowResult ParseRowResult(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  RowResult result;
  result.status =
      static_cast<RowStatus>(reader.GetChoice(static_cast<uint8_t>(RowStatus::kSkipped)));
  result.error = reader.GetText();
  result.prompt_tokens = reader.Get<uint32_t>();
  result.generated_tokens = reader.Get<uint32_t>();
  result.decoded.finite = reader.GetChoice(1) == 1;
  result.decoded.finish =
      static_cast<FinishReason>(reader.GetChoice(static_cast<uint8_t>(FinishReason::kContext)));
  result.decoded.label_log_probs.resize(reader.GetCount(sizeof(uint64_t)));
  for (double& value : result.decoded.label_log_probs) {
    value = std::bit_cast<double>(reader.Get<uint64_t>());
  }
  result.decoded.answers.resize(reader.GetCount(sizeof(uint32_t)));
  for (std::vector<int32_t>& answer : result.decoded.answers) {
    answer.resize(reader.GetCount(sizeof(uint32_t)));
    for (int32_t& token : answer) token = static_cast<int32_t>(reader.Get<uint32_t>());
  }
  result.decoded.embedding.resize(reader.GetCount(sizeof(uint32_t)));
  for (float& value : result.decoded.embedding) {
    value = std::bit_cast<float>(reader.Get<uint32_t>());
  }
  reader.RequireEnd();
  return result;
}

}  // namespace rowmill
