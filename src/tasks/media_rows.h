// Rows that are files: pictures, sound. A row has a path; its model input is the digest of the
// file's content, so that equal files run once, whatever they are called, and the journal notices a
// file that is another one when the job goes on. The content itself is read again by the unit that
// runs the row (ReadMediaFile), so that no more of it is in memory than what runs.
//
// What it is not: a decoder (media/). What a file is worth is asked of the task's Inspect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/function_ref.h"
#include "data/record.h"
#include "data/schema.h"
#include "tasks/task.h"

namespace rowmill {

struct MediaRowsOptions {
  std::string column = "path";
  // Where paths that are not absolute begin: the folder of the data file that has them. Empty: the
  // working folder.
  std::string base_folder;
  uint64_t max_file_bytes = uint64_t{1} << 30;
};

class MediaRows {
 public:
  MediaRows(std::shared_ptr<FileSystem> file_system, MediaRowsOptions options);

  const std::vector<std::string>& input_columns() const { return columns_; }
  void CheckColumns(const ColumnNames& columns) const;

  // Looks at a file's content: sets the input's cost, or its status and error.
  using Inspect = FunctionRef<void(std::span<const std::byte> content, ModelInput& input)>;
  // Fills path, tokens and what `inspect` says; or status and error. `input` is cleared first.
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input,
               Inspect inspect) const;

 private:
  std::shared_ptr<FileSystem> file_system_;
  MediaRowsOptions options_;
  std::vector<std::string> columns_;
};

// Reads a whole regular file. Returns what is wrong with it, in words for the row's `error` that do
// not name it; empty where it was read.
std::string ReadMediaFile(FileSystem& file_system, const std::string& path, uint64_t max_bytes,
                          std::vector<std::byte>& content);

// The content's SHA-256 as ids of a model input: 8 numbers of 31 bits, the lowest bit of each 32
// left out.
std::vector<int32_t> ContentIds(std::span<const std::byte> content);

// Reads a file once more where its row runs; `ids` are those of the content that was planned.
// Returns what is wrong, also that the file is another one by now; empty where it was read.
std::string ReadPlannedFile(FileSystem& file_system, const std::string& path,
                            std::span<const int32_t> ids, std::vector<std::byte>& content);

}  // namespace rowmill
