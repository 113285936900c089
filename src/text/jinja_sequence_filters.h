// The filters that pick, change and order the elements of a sequence. The table that names them is
// in jinja_filters.cc.
#pragma once

#include "text/jinja_builtin.h"

namespace rowmill {

JinjaValue MapElements(const JinjaCall& call);
JinjaValue SelectElements(const JinjaCall& call);
JinjaValue RejectElements(const JinjaCall& call);
JinjaValue SelectByAttribute(const JinjaCall& call);
JinjaValue RejectByAttribute(const JinjaCall& call);
// Stable. Keys have to be all numbers, all strings or all lists of such; strings are ordered
// without regard to case unless the arguments say otherwise.
JinjaValue SortDict(const JinjaCall& call);
JinjaValue SortElements(const JinjaCall& call);
// Each element once, where it first stands.
JinjaValue UniqueElements(const JinjaCall& call);

}  // namespace rowmill
