#include "prep/preprocessor.h"

#include <utility>

#include "data/utf8.h"
#include "prep/clean_text.h"
#include "prep/html_text.h"
#include "text/unicode_nfc.h"

namespace rowmill {
namespace {

// Applies one step and says whether it changed anything.
bool Apply(void (*append)(std::string_view, std::string&), std::string& text) {
  std::string out;
  out.reserve(text.size());
  append(text, out);
  if (out == text) return false;
  text = std::move(out);
  return true;
}

}  // namespace

RowChanges Preprocessor::Clean(std::string& text) const {
  RowChanges changes;
  changes.utf8 = RepairUtf8(text);
  const bool was_blank = !options_.any() || IsBlankText(text);
  if (options_.html) changes.html = Apply(AppendHtmlText, text);
  if (options_.control) changes.control = Apply(AppendWithoutControls, text);
  if (options_.nfc) changes.nfc = Apply(AppendNfc, text);
  if (options_.space) changes.space = Apply(AppendCollapsedSpace, text);
  changes.emptied = !was_blank && IsBlankText(text);
  return changes;
}

RowChanges Preprocessor::Clean(FieldValue& value) const {
  RowChanges changes;
  if (value.kind == FieldKind::kString) changes = Clean(value.text);
  changes.utf8 = changes.utf8 || value.repaired;
  return changes;
}

}  // namespace rowmill
