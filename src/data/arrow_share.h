// Structs of Arrow's C data interface that are given away while what they point to stays with
// whoever keeps it: a struct of a tree holds on to its owner until it is released.
//
// Specification: https://arrow.apache.org/docs/format/CDataInterface.html, "Release callback
// semantics".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "data/arrow_abi.h"

namespace rowmill {

// What an exported struct holds on to. Each struct of a tree has one of its own, since whoever gets
// the tree may take a child out of it and keep it longer than the rest.
template <typename T>
struct ArrowHolder {
  std::shared_ptr<const void> owner;  // of the buffers and names
  std::vector<T> children;
  std::vector<T*> pointers;  // to the children
  std::unique_ptr<T> dictionary;
  std::vector<const void*> buffers;

  // The release callback.
  static void Release(T* given) {
    const std::unique_ptr<ArrowHolder> held(static_cast<ArrowHolder*>(given->private_data));
    for (T& child : held->children) {
      if (child.release != nullptr) child.release(&child);
    }
    if (held->dictionary != nullptr && held->dictionary->release != nullptr) {
      held->dictionary->release(held->dictionary.get());
    }
    given->release = nullptr;
  }
};

// Makes `out` hold on to `owner` and to so many children, which the caller fills in.
template <typename T>
ArrowHolder<T>& HoldArrow(T* out, std::shared_ptr<const void> owner, size_t num_children) {
  auto* holder =
      new ArrowHolder<T>{std::move(owner), std::vector<T>(num_children), {}, nullptr, {}};
  for (T& child : holder->children) holder->pointers.push_back(&child);
  out->n_children = static_cast<int64_t>(num_children);
  out->children = holder->pointers.data();
  out->release = &ArrowHolder<T>::Release;
  out->private_data = holder;
  return *holder;
}

// A second handle to what `owner` keeps. Nests as deep as the type, whose depth was checked.
template <typename T>
void ShareArrow(const std::shared_ptr<const void>& owner, const T& source, T* out) {
  *out = source;
  ArrowHolder<T>& holder = HoldArrow(out, owner, static_cast<size_t>(source.n_children));
  for (size_t i = 0; i < holder.children.size(); ++i) {
    ShareArrow(owner, *source.children[i], &holder.children[i]);
  }
  if (source.dictionary == nullptr) return;
  holder.dictionary = std::make_unique<T>();
  ShareArrow(owner, *source.dictionary, holder.dictionary.get());
  out->dictionary = holder.dictionary.get();
}

// Rows of a batch or of a result.
struct ArrowRows {
  uint64_t begin = 0;
  uint64_t count = 0;
};

// Those rows of a column of a record batch, whose offset counts.
void ShareArrowColumn(const std::shared_ptr<const ArrowArray>& batch, size_t column, ArrowRows rows,
                      ArrowArray* out);
// The same of all columns.
void ShareArrowRows(const std::shared_ptr<const ArrowArray>& batch, ArrowRows rows,
                    ArrowArray* out);

}  // namespace rowmill
