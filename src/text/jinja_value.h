// The values of a chat template: Python's scalars, strings, lists, tuples and dicts, immutable and
// shared, plus namespaces, the `loop` object and functions. There is nothing else: no value leads
// to an attribute, a class, a file or a module of the host.
//
// A value cannot refer to itself: containers are made from finished values and only namespaces can
// be assigned to; those belong to the rendering, not to the values that name them. Nesting is
// limited where containers are made, so that everything that walks a value may recurse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja_text.h"

namespace rowmill {

// What goes wrong while a template runs. The interpreter adds line and column and throws
// ModelError. The message never quotes a value.
struct JinjaFailure {
  std::string message;
};
[[noreturn]] void FailJinja(std::string message);

// The work that one rendering may do. A step is one node of the template evaluated, one element of
// a list touched, or kBytesPerStep bytes of text made or compared, which bounds time and memory.
class JinjaBudget {
 public:
  static constexpr size_t kBytesPerStep = 64;
  static constexpr uint64_t kStepsPerText = 4;

  explicit JinjaBudget(uint64_t steps) : steps_(steps), steps_left_(steps) {}
  // Throws JinjaFailure where the budget is spent.
  void Charge(uint64_t steps);
  void ChargeBytes(size_t bytes) { Charge(bytes / kBytesPerStep); }

 private:
  uint64_t steps_;
  uint64_t steps_left_;
};

class JinjaValue;
struct JinjaMacro;  // text/jinja_ast.h
struct JinjaList;
struct JinjaDict;
struct JinjaNamespace;
struct JinjaLoop;

struct JinjaNone {};
// What a missing name, key or index gives: empty where it is printed or iterated, false as a
// condition, and a failure that says `name` in any other use.
struct JinjaUndefined {
  const std::string* name = nullptr;  // owned by the template; null where the key was computed
};
// A macro, a global function, or a method that was named without being called.
struct JinjaFunction {
  enum class Kind : uint8_t { kMacro, kRange, kNamespace, kRaiseException, kStrftimeNow, kMethod };
  Kind kind = Kind::kMethod;
  const JinjaMacro* macro = nullptr;
};

class JinjaValue {
 public:
  JinjaValue() = default;  // undefined
  // Not inline: where GCC 12 sees into a moved variant it warns of members that are never read.
  JinjaValue(const JinjaValue& other);
  JinjaValue(JinjaValue&& other) noexcept;
  JinjaValue& operator=(const JinjaValue& other);
  JinjaValue& operator=(JinjaValue&& other) noexcept;
  ~JinjaValue();
  JinjaValue(JinjaUndefined undefined) : data_(undefined) {}                       // NOLINT
  JinjaValue(JinjaNone none) : data_(none) {}                                      // NOLINT
  JinjaValue(bool value) : data_(value) {}                                         // NOLINT
  JinjaValue(int64_t value) : data_(value) {}                                      // NOLINT
  JinjaValue(double value) : data_(value) {}                                       // NOLINT
  JinjaValue(JinjaFunction value) : data_(value) {}                                // NOLINT
  JinjaValue(JinjaNamespace* value) : data_(value) {}                              // NOLINT
  JinjaValue(std::shared_ptr<const JinjaLoop> value) : data_(std::move(value)) {}  // NOLINT
  JinjaValue(JinjaText text)                                                       // NOLINT
      : data_(std::make_shared<const JinjaText>(std::move(text))) {}
  JinjaValue(const void*) = delete;  // no pointer becomes a bool

  static JinjaValue Text(std::string_view text, PromptSpan::Origin origin) {
    return JinjaText(text, origin);
  }
  // Throw JinjaFailure where the values are nested deeper than kMaxNesting.
  static JinjaValue List(std::vector<JinjaValue> items) {
    return Sequence(std::move(items), SequenceKind::kList);
  }
  static JinjaValue Tuple(std::vector<JinjaValue> items) {
    return Sequence(std::move(items), SequenceKind::kTuple);
  }
  // Of two equal keys the later value counts, in the place of the earlier one.
  static JinjaValue Dict(std::vector<std::pair<JinjaValue, JinjaValue>> items, JinjaBudget& budget);

  bool IsUndefined() const { return std::holds_alternative<JinjaUndefined>(data_); }
  bool IsNone() const { return std::holds_alternative<JinjaNone>(data_); }
  // Null where the value is of another type.
  const JinjaUndefined* AsUndefined() const { return std::get_if<JinjaUndefined>(&data_); }
  const bool* AsBool() const { return std::get_if<bool>(&data_); }
  const int64_t* AsInt() const { return std::get_if<int64_t>(&data_); }
  const double* AsFloat() const { return std::get_if<double>(&data_); }
  const JinjaText* AsText() const { return Pointee<JinjaText>(); }
  const JinjaList* AsList() const { return Pointee<JinjaList>(); }  // lists and tuples
  std::shared_ptr<const JinjaList> SharedList() const;
  const JinjaDict* AsDict() const { return Pointee<JinjaDict>(); }
  const JinjaLoop* AsLoop() const { return Pointee<JinjaLoop>(); }
  JinjaNamespace* AsNamespace() const;
  const JinjaFunction* AsFunction() const { return std::get_if<JinjaFunction>(&data_); }

  // The type as Python calls it, for error texts.
  std::string_view TypeName() const;
  // How many containers deep the value is: 0 for scalars and strings.
  size_t Nesting() const;

  static constexpr size_t kMaxNesting = 64;

 private:
  enum class SequenceKind : uint8_t { kList, kTuple };
  static JinjaValue Sequence(std::vector<JinjaValue> items, SequenceKind kind);

  template <typename T>
  const T* Pointee() const {
    const auto* pointer = std::get_if<std::shared_ptr<const T>>(&data_);
    return pointer == nullptr ? nullptr : pointer->get();
  }

  std::variant<JinjaUndefined, JinjaNone, bool, int64_t, double, std::shared_ptr<const JinjaText>,
               std::shared_ptr<const JinjaList>, std::shared_ptr<const JinjaDict>,
               std::shared_ptr<const JinjaLoop>, JinjaNamespace*, JinjaFunction>
      data_;
};

struct JinjaList {
  std::vector<JinjaValue> items;
  bool is_tuple = false;
  size_t nesting = 1;
};

// In the order of insertion. Keys are strings in all but made-up templates and dicts are small, so
// a look-up scans.
struct JinjaDict {
  std::vector<std::pair<JinjaValue, JinjaValue>> items;
  size_t nesting = 1;

  const JinjaValue* Find(std::string_view key) const;
};

// What namespace() makes: the one thing whose attributes a template can set.
struct JinjaNamespace {
  std::vector<std::pair<std::string, JinjaValue>> attributes;

  const JinjaValue* Find(std::string_view name) const;
  void Set(std::string_view name, JinjaValue value);
};

// The `loop` variable: position in the sequence that is iterated.
struct JinjaLoop {
  std::shared_ptr<const JinjaList> items;
  size_t index = 0;

  JinjaValue Attribute(std::string_view name) const;  // undefined where there is no such
};

// Python's bool().
bool IsTrue(const JinjaValue& value);
// Python's == and its dict and tuple rules: 1 == 1.0 == True, [1] != (1,).
bool AreEqual(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget);
// Negative, zero or positive as `a` is less than, equal to or greater than `b`. Numbers, strings
// and lists of such; anything else fails as in Python. A NaN fails.
int Compare(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget);
// Python's `item in container`.
bool Contains(const JinjaValue& container, const JinjaValue& item, JinjaBudget& budget);
// The first place of `part` in `text` at or after byte `from`, npos where there is none. Linear
// time.
size_t FindJinjaText(std::string_view text, std::string_view part, size_t from);
// What iterating over the value gives: elements, characters, keys; nothing for undefined.
std::shared_ptr<const JinjaList> Iterate(const JinjaValue& value, JinjaBudget& budget);
// Python's len() in elements, characters or keys.
int64_t Length(const JinjaValue& value, JinjaBudget& budget);
// Throws the failure of using an undefined value where it is one.
void RequireDefined(const JinjaValue& value);

}  // namespace rowmill
