// The three structs of Apache Arrow's C data interface and C stream interface, by which libraries
// of one process hand tables to each other without copying them: "The Arrow C data interface" and
// "The Arrow C stream interface", https://arrow.apache.org/docs/format/CDataInterface.html. The
// layout and the names are the specification's; the guards are the ones by which several copies of
// it live in one program.
//
// Whoever takes a struct over copies its bytes and sets the original's `release` to null; whoever
// holds it last calls `release`.
#pragma once

#include <cstdint>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {

// A type: of a column, or as a struct of a whole record batch.
struct ArrowSchema {
  const char* format;    // the type, in the specification's letters
  const char* name;      // may be null
  const char* metadata;  // pairs in binary; may be null
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;   // [n_children]
  struct ArrowSchema* dictionary;  // the values' type where `format` is that of indices
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

// Values of such a type.
struct ArrowArray {
  int64_t length;      // in values, behind `offset`
  int64_t null_count;  // -1: not counted
  int64_t offset;      // values at the beginning of the buffers that are not part of the array
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;          // [n_buffers]
  struct ArrowArray** children;  // [n_children]
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

}  // extern "C"

#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

extern "C" {

// Record batches of one type, one after the other.
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);  // out->release null: the end
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

}  // extern "C"

#endif  // ARROW_C_STREAM_INTERFACE
