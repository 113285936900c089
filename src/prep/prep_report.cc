#include "prep/prep_report.h"

namespace rowmill {

void RowChanges::Add(const RowChanges& column) {
  utf8 = utf8 || column.utf8;
  html = html || column.html;
  control = control || column.control;
  nfc = nfc || column.nfc;
  space = space || column.space;
  emptied = emptied || column.emptied;
}

void PrepReport::AddRow(const RowChanges& changes, uint64_t num_characters) {
  ++rows;
  changed_rows += changes.any();
  utf8_rows += changes.utf8;
  html_rows += changes.html;
  control_rows += changes.control;
  nfc_rows += changes.nfc;
  space_rows += changes.space;
  if (num_characters > 0) {
    lengths.Add(num_characters);
  } else {
    ++empty_rows;
    emptied_rows += changes.emptied;
  }
}

void PrepReport::Merge(const PrepReport& other) {
  rows += other.rows;
  changed_rows += other.changed_rows;
  utf8_rows += other.utf8_rows;
  html_rows += other.html_rows;
  control_rows += other.control_rows;
  nfc_rows += other.nfc_rows;
  space_rows += other.space_rows;
  empty_rows += other.empty_rows;
  emptied_rows += other.emptied_rows;
  duplicate_rows += other.duplicate_rows;
  redacted.Merge(other.redacted);
  lengths.Merge(other.lengths);
}

std::vector<std::pair<std::string, uint64_t>> PrepReport::Items() const {
  const LengthOutliers outliers = lengths.FindOutliers();
  return {{"rows", rows},
          {"changed_rows", changed_rows},
          {"utf8_rows", utf8_rows},
          {"html_rows", html_rows},
          {"control_rows", control_rows},
          {"nfc_rows", nfc_rows},
          {"space_rows", space_rows},
          {"empty_rows", empty_rows},
          {"emptied_rows", emptied_rows},
          {"duplicate_rows", duplicate_rows},
          {"shortest_characters", lengths.min()},
          {"median_characters", lengths.Percentile(50)},
          {"p99_characters", lengths.Percentile(99)},
          {"longest_characters", lengths.max()},
          {"short_outlier_rows", outliers.num_short},
          {"short_outliers_below", outliers.short_below},
          {"long_outlier_rows", outliers.num_long},
          {"long_outliers_from", outliers.long_from}};
}

std::string PrepReport::ToJson() const {
  std::string json = "{";
  for (const auto& [name, count] : Items()) {
    if (json.size() > 1) json += ',';
    json += '"' + name + "\":" + std::to_string(count);
  }
  return json + "}";
}

}  // namespace rowmill
