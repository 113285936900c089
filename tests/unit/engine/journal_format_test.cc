#include "engine/journal_format.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/little_endian.h"

namespace rowmill {
namespace {

TEST(JournalFormat, NumbersAreLittleEndian) {
  std::vector<std::byte> bytes;
  AppendLittle32(bytes, 0x04030201);
  AppendLittle64(bytes, 0xfedcba9876543210);
  ASSERT_EQ(bytes.size(), 12U);
  EXPECT_EQ(bytes[0], std::byte{1});
  EXPECT_EQ(bytes[4], std::byte{0x10});
  EXPECT_EQ(bytes[11], std::byte{0xfe});
  EXPECT_EQ(LoadLittle32(bytes), 0x04030201U);
  EXPECT_EQ(LoadLittle64(std::span<const std::byte>(bytes).subspan(4)), 0xfedcba9876543210U);
}

TEST(JournalFormat, TheHeaderIsReadBackOrRefused) {
  const std::vector<std::byte> header = EncodeJournalHeader(~uint64_t{0} - 1);
  ASSERT_EQ(header.size(), kJournalHeaderBytes);
  const auto decoded = DecodeJournalHeader(header);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->version, kJournalVersion);
  EXPECT_EQ(decoded->identity, ~uint64_t{0} - 1);
  for (size_t size = 0; size < header.size(); ++size) {
    EXPECT_FALSE(DecodeJournalHeader(std::span(header).first(size)).has_value()) << size;
  }
  for (size_t bit = 0; bit < header.size() * 8; ++bit) {
    std::vector<std::byte> damaged = header;
    damaged[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_FALSE(DecodeJournalHeader(damaged).has_value()) << bit;
  }
}

TEST(JournalFormat, ARecordIsFramedAndItsSumDependsOnTheJob) {
  std::vector<std::byte> one = {std::byte{9}};  // Records go behind what is there.
  std::vector<std::byte> other = one;
  for (const uint64_t identity : {1, 2}) {
    std::vector<std::byte>& out = identity == 1 ? one : other;
    JournalRecordWriter writer(out, JournalRecordType::kNote, 0x0102030405060708);
    AppendLittle32(out, 77);
    writer.End(JournalCrcSeed(identity));
  }
  ASSERT_EQ(one.size(), 1 + kJournalOverheadBytes + 4);
  const std::span<const std::byte> record = std::span<const std::byte>(one).subspan(1);
  const JournalFrame frame = DecodeJournalFrame(record);
  EXPECT_EQ(frame.length, 4U);
  EXPECT_EQ(frame.type, static_cast<uint8_t>(JournalRecordType::kNote));
  EXPECT_EQ(frame.sequence, 0x0102030405060708U);
  EXPECT_EQ(frame.size(), record.size());
  EXPECT_EQ(LoadLittle32(record.subspan(kJournalFrameBytes)), 77U);
  EXPECT_EQ(LoadLittle32(record.last(kJournalCrcBytes)),
            Crc32c(record.first(record.size() - kJournalCrcBytes), JournalCrcSeed(1)));
  EXPECT_NE(one, other);
  one.resize(one.size() - kJournalCrcBytes);
  other.resize(other.size() - kJournalCrcBytes);
  EXPECT_EQ(one, other);
}

TEST(JournalFormat, ATooLongRecordIsABugOfOurs) {
  std::vector<std::byte> out;
  JournalRecordWriter writer(out, JournalRecordType::kNote, 1);
  out.resize(kJournalFrameBytes + kMaxJournalPayloadBytes + 1);
  EXPECT_THROW(writer.End(0), InternalError);
}

}  // namespace
}  // namespace rowmill
