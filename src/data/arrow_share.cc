#include "data/arrow_share.h"

namespace rowmill {

void ShareArrowColumn(const std::shared_ptr<const ArrowArray>& batch, size_t column, ArrowRows rows,
                      ArrowArray* out) {
  ShareArrow(std::shared_ptr<const void>(batch), *batch->children[column], out);
  out->offset += batch->offset + static_cast<int64_t>(rows.begin);
  out->length = static_cast<int64_t>(rows.count);
  if (out->null_count != 0) out->null_count = -1;  // unknown of a part
}

void ShareArrowRows(const std::shared_ptr<const ArrowArray>& batch, ArrowRows rows,
                    ArrowArray* out) {
  *out = {};
  out->length = static_cast<int64_t>(rows.count);
  ArrowHolder<ArrowArray>& holder =
      HoldArrow(out, std::shared_ptr<const void>(batch), static_cast<size_t>(batch->n_children));
  holder.buffers = {nullptr};
  out->n_buffers = 1;
  out->buffers = holder.buffers.data();
  for (size_t i = 0; i < holder.children.size(); ++i) {
    ShareArrowColumn(batch, i, rows, &holder.children[i]);
  }
}

}  // namespace rowmill
