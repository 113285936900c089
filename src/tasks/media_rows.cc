#include "tasks/media_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/hash.h"

namespace rowmill {
namespace {

constexpr std::string_view kMediaFileChanged = "the file was changed while the job ran";

void Fail(ModelInput& input, RowStatus status, std::string error) {
  input.status = status;
  input.error = std::move(error);
  input.tokens.clear();
  input.path.clear();
  input.cost = 0;
}

}  // namespace

MediaRows::MediaRows(std::shared_ptr<FileSystem> file_system, MediaRowsOptions options)
    : file_system_(std::move(file_system)),
      options_(std::move(options)),
      columns_({options_.column}) {}

void MediaRows::CheckColumns(const ColumnNames& columns) const {
  RequireColumn(columns, options_.column, "--path");
}

void MediaRows::Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input,
                        Inspect inspect) const {
  input.Clear();
  ++scratch.report.rows;
  const std::string& column = options_.column;
  if (!record.problem.empty()) return Fail(input, RowStatus::kInvalid, record.problem);
  const std::optional<FieldValue> path = record.Field(column);
  const auto invalid = [&](const std::string& what) {
    Fail(input, RowStatus::kInvalid, "column '" + column + "' " + what);
  };
  if (!path) return invalid("is missing");
  if (path->kind == FieldKind::kNull) return invalid("is null");
  if (path->kind != FieldKind::kString) {
    return invalid("is " + std::string(FieldKindName(path->kind)) + ", not a path");
  }
  if (path->text.empty()) return invalid("is empty");
  if (path->repaired) return invalid("is not valid UTF-8");
  const bool is_relative = !path->text.starts_with('/') && !options_.base_folder.empty();
  input.path = is_relative ? options_.base_folder + "/" + path->text : path->text;
  const std::string error =
      ReadMediaFile(*file_system_, input.path, options_.max_file_bytes, scratch.file);
  if (!error.empty()) return Fail(input, RowStatus::kError, error);
  input.cost = 1;
  inspect(scratch.file, input);
  if (!input.error.empty()) return Fail(input, input.status, input.error);
  input.tokens = ContentIds(scratch.file);
}

std::string ReadMediaFile(FileSystem& file_system, const std::string& path, uint64_t max_bytes,
                          std::vector<std::byte>& content) {
  content.clear();
  try {
    if (!file_system.Exists(path)) return "there is no such file";
    const FileInfo::Kind kind = file_system.Info(path).kind;
    if (kind == FileInfo::Kind::kFolder) return "the file is a folder";
    if (kind != FileInfo::Kind::kRegular) return "the file is no regular file";
    const std::unique_ptr<File> file = file_system.Open(path, OpenMode::kRead);
    const uint64_t size = file->Info().size;
    if (size == 0) return "the file is empty";
    if (size > max_bytes) {
      return "the file has " + std::to_string(size) + " bytes, more than the limit of " +
             std::to_string(max_bytes);
    }
    content.resize(static_cast<size_t>(size));
    if (file->ReadAt(0, content) != content.size()) return std::string(kMediaFileChanged);
  } catch (const IoError&) {  // Its text names the file.
    content.clear();
    return "the file cannot be read";
  }
  return "";
}

std::string ReadPlannedFile(FileSystem& file_system, const std::string& path,
                            std::span<const int32_t> ids, std::vector<std::byte>& content) {
  std::string error = ReadMediaFile(file_system, path, MediaRowsOptions{}.max_file_bytes, content);
  if (error.empty() && !std::ranges::equal(ContentIds(content), ids)) error = kMediaFileChanged;
  return error;
}

std::vector<int32_t> ContentIds(std::span<const std::byte> content) {
  Sha256 hash;
  hash.Update(content);
  const std::array<uint8_t, 32> digest = hash.Finish();
  std::vector<int32_t> ids;
  for (size_t i = 0; i < digest.size(); i += 4) {
    const uint32_t word = static_cast<uint32_t>(digest[i]) << 24 |
                          static_cast<uint32_t>(digest[i + 1]) << 16 |
                          static_cast<uint32_t>(digest[i + 2]) << 8 | digest[i + 3];
    ids.push_back(static_cast<int32_t>(word >> 1));
  }
  return ids;
}

}  // namespace rowmill
