// The files that a person named: patterns ('photos/*.jpg'), folders, names. A data set whose rows
// are files is the list of them: one JSON line {"path": ...} a file, read like any JSONL input
// (data/input_stream.h).
//
// What it is not: a reader of the files themselves (tasks/media_rows.h), and no shell: a pattern
// knows * ? [...] within a part of a path, as fnmatch(3) does, and names that begin with a dot are
// found only by patterns that begin with one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace rowmill {

// What to look for.
struct FilePatterns {
  std::vector<std::string> patterns;  // none: the input is no list of files
  // Of files that count where a pattern is a folder, which is then searched with all below it: in
  // lower case, with the dot. Empty: all files.
  std::vector<std::string> suffixes;
  // A path that is left out, and what begins with it and a dot: the output, and what lies beside it
  // while a job runs, where a pattern would find them. Empty: none.
  std::string output;
};

// The paths, pattern by pattern; those of one pattern in the order of their bytes, so that the list
// depends on the names alone. A file that two patterns name is there twice, as it was asked for.
// A name without * ? [ is taken as it is, there or not: what is wrong with a file is for its row to
// say. Throws UsageError where a pattern matches nothing or a folder holds no such file, IoError
// where a folder cannot be read.
std::vector<std::string> ListFiles(FileSystem& file_system, const FilePatterns& files);

// The same as JSONL. Bytes of a name that are not UTF-8 become U+FFFD.
std::string ListFilesAsJsonl(FileSystem& file_system, const FilePatterns& files);

struct DataFiles {
  std::vector<std::string> paths;
  // Files of folders that are named as compressed, without a word of what they are.
  std::vector<std::string> passed_over;
};

// How a person named the data files of a job.
struct DataInputs {
  std::vector<std::string> inputs;
  std::string output;            // left out, as in FilePatterns; where it ends with /, all below it
  bool format_is_given = false;  // then all compressed files of a folder count
};

// The data files that a person named, as ListFiles lists them; folders give those with the names of
// data formats. The same list serves a job from its first check to its last row.
DataFiles ListDataFiles(FileSystem& file_system, const DataInputs& named);

// Whether the list is one file or standard input, there or not, as it was named: no pattern, no
// folder.
bool IsOneFile(FileSystem& file_system, const std::vector<std::string>& inputs);

// How messages and reports call the list: the pattern, or the first and how many more.
std::string DescribeFiles(const FilePatterns& files);

// Whether a name ends in one of the suffixes (".jpg"), whose letters are small ones; in any where
// there are none.
bool HasSuffix(std::string_view name, const std::vector<std::string>& suffixes);

}  // namespace rowmill
