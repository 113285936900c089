#include "data/source_chain.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "data/parquet_reader.h"

namespace rowmill {
namespace {

Format FormatOf(const SourceOptions& options, const std::string& path) {
  return options.format ? *options.format : RequireFormat(path);
}

// Parquet is read as JSONL, and so are the records of it.
Format RecordFormat(Format format) { return format == Format::kParquet ? Format::kJsonl : format; }

// Also of columns that are no text, and of what they are made of.
void CheckParquetTypes(FileSystem& file_system, const std::vector<std::string>& paths) {
  const ArrowType first = ParquetReader(file_system, paths.front()).schema().type();
  for (const std::string& path : paths) {
    const ArrowType other = ParquetReader(file_system, path).schema().type();
    for (size_t i = 0; i < std::max(first.children.size(), other.children.size()); ++i) {
      const bool is_there = i < first.children.size() && i < other.children.size();
      if (is_there && SameArrowType(first.children[i], other.children[i])) continue;
      const ArrowType& column = (i < other.children.size() ? other : first).children[i];
      throw DataError("'" + path + "': the column '" + column.name +
                      "' has another name or type than in '" + paths.front() +
                      "', or is in one of the two alone; the files of one data set have the same "
                      "columns in the same order");
    }
  }
}

}  // namespace

SourceChain::SourceChain(FileSystem& file_system, const SourceOptions& options)
    : Source(RecordFormat(FormatOf(options, options.paths.at(0))), nullptr),
      file_system_(file_system),
      options_(options) {
  // Compressed files are decompressed again for the second pass: the place for a copy is one.
  options_.input.spool_path.clear();
  options_.paths.clear();
  const Format format = FormatOf(options, options.paths.front());
  for (const std::string& path : options.paths) {
    const Format other = FormatOf(options, path);
    if (other != format) {
      throw UsageError("'" + options.paths.front() + "' is " + std::string(FormatName(format)) +
                       " and '" + path + "' is " + std::string(FormatName(other)) +
                       ": the files of one data set have one format");
    }
    names_.push_back(std::make_shared<const std::string>(path));
  }
  for (size_t file = 0; file < names_.size(); ++file) {
    const std::unique_ptr<Source> source = Open(file);
    if (!source->knows_columns()) continue;
    if (columns().size() > 0 || source->columns().size() == 0) {
      CheckColumns(*source, *names_[file]);
    } else {
      set_columns(source->columns());
    }
  }
  if (format == Format::kParquet) CheckParquetTypes(file_system, options.paths);
}

std::unique_ptr<Source> SourceChain::Open(size_t file) {
  SourceOptions options = options_;
  options.input.path = *names_[file];
  return OpenSource(file_system_, options);
}

// An empty file has neither rows nor columns, and hinders nobody.
void SourceChain::CheckColumns(const Source& source, const std::string& path) const {
  const std::vector<std::string>& ours = columns().names();
  const std::vector<std::string>& theirs = source.columns().names();
  if (theirs.empty() || theirs == ours) return;
  const auto [our, their] = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  const std::string where =
      "'" + path + "': column " + std::to_string(our - ours.begin() + 1) + " is ";
  const std::string is = their == theirs.end() ? "missing" : "'" + *their + "'";
  const std::string should = our == ours.end() ? "has no such column" : "has '" + *our + "'";
  throw DataError(where + is + ", where '" + *names_.front() + "' " + should +
                  "; the files of one data set have the same columns in the same order");
}

bool SourceChain::ReadRecord(Record& record) {
  const uint64_t index = record.index;
  while (true) {
    if (current_ == nullptr) {
      if (next_ == names_.size()) return false;
      current_ = Open(next_++);
      num_learned_ = 0;
    }
    if (current_->Next(record)) {
      record.index = index;
      if (record.file != names_[next_ - 1]) record.file = names_[next_ - 1];
      line_ = record.line;
      LearnColumns();
      return true;
    }
    if (current_->damage().has_value()) {
      set_damage(*current_->damage());
      return false;
    }
    bytes_before_ += current_->progress().bytes_read;
    current_ = nullptr;
  }
}

// The names that rows of JSONL files have, by first appearance in all of them.
void SourceChain::LearnColumns() {
  if (format() != Format::kJsonl) return;
  const std::vector<std::string>& theirs = current_->columns().names();
  for (; num_learned_ < theirs.size(); ++num_learned_) {
    if (!columns().Find(theirs[num_learned_]).has_value()) RememberColumn(theirs[num_learned_]);
  }
  if (current_->columns_overflowed()) SetColumnsOverflowed();
}

void SourceChain::Restart() {
  current_ = nullptr;
  next_ = 0;
  bytes_before_ = 0;
}

ReadProgress SourceChain::progress() const {
  const uint64_t now = current_ != nullptr ? current_->progress().bytes_read : 0;
  return {bytes_before_ + now, std::nullopt};
}

}  // namespace rowmill
