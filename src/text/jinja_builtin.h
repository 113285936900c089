// Filters, tests and methods: functions of a value and a few arguments, found by name while a
// template is parsed. A name that is not in these tables does not exist, which is what keeps a
// template from reaching anything but its values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "text/jinja_value.h"

namespace rowmill {

struct JinjaBuiltin;

// One call. `arguments[i]` belongs to the builtin's parameter i and is null where it is not given.
struct JinjaCall {
  const JinjaValue& self;
  std::span<const JinjaValue* const> arguments;
  JinjaBudget& budget;
  // What map, select and so on apply to each element; null where they are given none.
  const JinjaBuiltin* element_builtin = nullptr;
  std::span<const JinjaValue* const> element_arguments = {};

  const JinjaValue* Argument(size_t i) const {
    return i < arguments.size() ? arguments[i] : nullptr;
  }
  // The argument, or `missing` where it is not given. Throw JinjaFailure where it is of another
  // type.
  int64_t IntArgument(size_t i, int64_t missing) const;
  const JinjaText& TextArgument(size_t i) const;
  // Python's truth of the argument, false where it is not given.
  bool BoolArgument(size_t i) const;
  // The argument, which is a str; null where it is not given or None.
  const JinjaText* OptionalText(size_t i) const;
};

struct JinjaBuiltin {
  static constexpr size_t kMaxParameters = 4;
  // What the first positional arguments are where they name another builtin, always literally.
  enum class Element : uint8_t {
    kNone,
    kFilter,         // map("upper"), or map(attribute="role")
    kTest,           // select("string")
    kAttributeTest,  // selectattr("role", "equalto", "user")
  };

  std::string_view name;
  std::array<std::string_view, kMaxParameters> parameters;  // empty after the last one
  size_t num_required = 0;
  JinjaValue (*function)(const JinjaCall& call) = nullptr;
  Element element = Element::kNone;

  size_t NumParameters() const;
};

// The entry of that name, or null.
const JinjaBuiltin* FindJinjaBuiltin(std::span<const JinjaBuiltin> table, std::string_view name);

// The same in each of the tables, which live in jinja_filters.cc, jinja_tests.cc and
// jinja_methods.cc.
const JinjaBuiltin* FindJinjaFilter(std::string_view name);
const JinjaBuiltin* FindJinjaTest(std::string_view name);
const JinjaBuiltin* FindJinjaMethod(std::string_view name);

// A path like "function.name" or "0", or an index, that filters take as the name of an attribute. A
// part that is undefined becomes `missing` where that is given.
JinjaValue GetPath(const JinjaValue& value, const JinjaValue& path, const JinjaValue* missing,
                   JinjaBudget& budget);

// `value[key]` and `value.name` of Jinja: an element or a character, else undefined. `name` is
// owned by the template and used in error texts; it may be null.
JinjaValue GetElement(const JinjaValue& value, const JinjaValue& key, const std::string* name,
                      JinjaBudget& budget);
JinjaValue GetAttribute(const JinjaValue& value, const std::string& name);

}  // namespace rowmill
