// Several data files as one data set: the rows of each behind those of the one before, in the order
// of the list. Row numbers and ids count over all of them, lines in each file of its own.
//
// The files have one format and, where their columns are known beforehand, the same columns in the
// same order. That is looked at when the chain is opened, so that a file that does not fit is said
// before the first row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/source.h"

namespace rowmill {

class SourceChain final : public Source {
 public:
  // Of options.paths. Throws what OpenSource throws, and DataError naming the file and the column
  // where one does not fit the first.
  SourceChain(FileSystem& file_system, const SourceOptions& options);

  bool can_rewind() const override { return true; }
  bool spooled() const override { return false; }
  ReadProgress progress() const override;

 protected:
  bool ReadRecord(Record& record) override;
  void Restart() override;

 private:
  std::unique_ptr<Source> Open(size_t file);
  void CheckColumns(const Source& source, const std::string& path) const;
  void LearnColumns();

  FileSystem& file_system_;
  SourceOptions options_;
  std::vector<std::shared_ptr<const std::string>> names_;  // of the files, for messages
  size_t next_ = 0;                                        // the file that comes next
  std::unique_ptr<Source> current_;                        // null: between files
  size_t num_learned_ = 0;                                 // columns of current_ that are ours too
  uint64_t bytes_before_ = 0;                              // of the files that are done
};

}  // namespace rowmill
