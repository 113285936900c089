// JSON Lines: one object per line, read by source.h's rules.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/line_reader.h"
#include "data/source.h"

namespace rowmill {

class JsonlSource final : public Source {
 public:
  JsonlSource(std::unique_ptr<InputStream> stream, const SourceOptions& options);

 protected:
  bool ReadRecord(Record& record) override;
  void Restart() override {}

 private:
  void Examine(Record& record, const LineState& line);
  void RememberColumns(const Record& record);
  bool IsReserved(std::string_view name) const;

  size_t max_line_bytes_;
  JsonLimits limits_;
  std::set<std::string, std::less<>> reserved_;
  std::vector<std::string> last_names_;  // as written in the row before: mostly the same again
  size_t remembered_bytes_ = 0;
};

}  // namespace rowmill
