// What the tests of the data room share: reading a whole input from memory and showing its rows as
// text, so that two readings can be compared at once.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "data/source.h"

namespace rowmill::testing {

inline SourceOptions Options(Format format) {
  SourceOptions options;
  options.format = format;
  return options;
}

// The bytes must outlive the source.
inline std::unique_ptr<Source> SourceOver(std::string_view bytes, const SourceOptions& options,
                                          size_t chunk = SIZE_MAX) {
  return MakeSource(
      std::make_unique<InputStream>(std::make_unique<MemoryByteSource>(bytes, chunk), "'memory'"),
      options);
}

// Everything that a row says, in one line of text.
inline std::string Show(const Record& record) {
  std::string out = std::to_string(record.index) + " @" + std::to_string(record.line) + "+" +
                    std::to_string(record.offset);
  for (size_t i = 0; i < record.num_fields(); ++i) {
    const FieldValue value = record.FieldAt(i);
    out += " <" + record.FieldName(i) + "=" + value.text + ">";
    if (value.kind != FieldKind::kString) out += std::string(FieldKindName(value.kind));
    if (value.repaired) out += " repaired";
  }
  if (!record.problem.empty()) out += " !" + record.problem;
  return out;
}

inline std::vector<std::string> ReadRows(Source& source) {
  std::vector<std::string> rows;
  Record record;
  while (source.Next(record)) rows.push_back(Show(record));
  if (source.damage().has_value()) rows.push_back("damage: " + *source.damage());
  return rows;
}

// All rows of `bytes`, or the DataError that opening them brings.
inline std::vector<std::string> ReadRows(std::string_view bytes, const SourceOptions& options,
                                         size_t chunk = SIZE_MAX) {
  try {
    return ReadRows(*SourceOver(bytes, options, chunk));
  } catch (const DataError& error) {
    return {std::string("DataError: ") + error.what()};
  }
}

// The text of the error of type E that `call` throws, or a note that none came.
template <typename E, typename Call>
std::string ErrorText(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  return "(no such error)";
}

// A folder of its own for each test, removed at its end.
class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/rowmill_data_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { ASSERT_EQ(std::system(("rm -rf '" + folder_ + "'").c_str()), 0); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Write(const std::string& name, std::string_view content) {
    const auto file = fs_->Open(Path(name), OpenMode::kTruncate);
    file->WriteAt(0, {reinterpret_cast<const std::byte*>(content.data()), content.size()});
    file->Close();
    return Path(name);
  }
  std::string Read(const std::string& name) {
    const auto file = fs_->Open(Path(name), OpenMode::kRead);
    std::string out(file->Info().size, '\0');
    file->ReadAt(0, {reinterpret_cast<std::byte*>(out.data()), out.size()});
    return out;
  }

  std::unique_ptr<FileSystem> fs_ = MakePosixFileSystem();
  std::string folder_;
};

}  // namespace rowmill::testing
