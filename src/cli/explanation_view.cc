#include "cli/explanation_view.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "tasks/explanation_page.h"

namespace rowmill {

ExplanationView::ExplanationView(const std::string& path, const std::string& title)
    : path_(path), file_(path + ".part", std::ios::binary) {
  if (!file_) throw IoError("--explain-html: cannot write '" + path + "'");
  AppendPageBegin(title, html_);
}

ExplanationView::~ExplanationView() {
  std::error_code ignored;
  std::filesystem::remove(path_ + ".part", ignored);
}

void ExplanationView::Add(const ExplainTask& task, const RowAnswer& row, const OutputRow& output) {
  if (num_rows_++ >= kMaxRows) return;
  ExplainedRow shown;
  shown.row = row.record.index;
  shown.error = output.error;
  const bool answered = output.cells.size() >= 2 &&
                        std::holds_alternative<std::string>(output.cells[0]) &&
                        std::holds_alternative<double>(output.cells[1]);
  if (answered) {
    shown.label = std::get<std::string>(output.cells[0]);
    shown.probability = std::get<double>(output.cells[1]);
  }
  AppendPageRow(shown, task.Explain(row), html_);
  file_ << html_;
  html_.clear();
}

void ExplanationView::Finish() {
  if (num_rows_ == 0) return;
  AppendPageEnd(std::min(num_rows_, kMaxRows), num_rows_, html_);
  file_ << html_;
  file_.close();
  std::error_code failure;
  if (file_) std::filesystem::rename(path_ + ".part", path_, failure);
  if (!file_ || failure) throw IoError("--explain-html: cannot write '" + path_ + "'");
}

}  // namespace rowmill
