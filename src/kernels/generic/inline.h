// Attributes for the bodies that several instruction sets share.
//
// generic/*-inl.h and the vector headers are included by sources that are compiled with different
// instruction sets. Everything in them lives in anonymous namespaces and is forced inline, so that
// no function compiled for one CPU can be linked into the code for another. For the same reason
// they include no header of the standard library but <cstddef> and <cstdint>.
#pragma once

#define ROWMILL_INLINE inline __attribute__((always_inline))
// For the bodies of hot loops: inlined into loops over tiles they are copied and reordered at no
// gain.
#define ROWMILL_NOINLINE __attribute__((noinline))
