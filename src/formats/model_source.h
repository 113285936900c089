// One way to read a model's config and weights, whatever container they lie in, so that a family is
// written once. A family asks by the names of GGUF ("attention.head_count",
// "blk.3.attn_q.weight"); for a Hugging Face folder a table of the family (HuggingFaceNames) says
// what the same thing is called there and how the weight is stored differently.
//
// What it is not: it checks no ranges and no shapes and packs nothing (models/config_reader.h,
// models/weight_loader.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf.h"
#include "formats/hugging_face_folder.h"

namespace rowmill {

// How a weight in the container differs from the one that the family computes with. Both follow
// from what frameworks call natural, and GGUF's converters have undone them already.
enum class StoredAs : uint8_t {
  kSame,
  kTransposed,  // [in, out]: the Conv1D of GPT-2, the matrices of Marian
  kMinusOne,    // a norm's gain g as g - 1: Gemma
};

struct SourceWeight {
  const TensorView* tensor = nullptr;
  StoredAs stored = StoredAs::kSame;
};

class ModelSource {
 public:
  enum class Container : uint8_t { kGguf, kHuggingFace };

  virtual ~ModelSource() = default;

  virtual Container container() const = 0;
  virtual const std::string& name() const = 0;  // path of the file or folder

  // A value of the config, by its GGUF key without the architecture in front. Nullopt where it is
  // missing; ModelError where it has another type.
  virtual std::optional<int64_t> FindInt(std::string_view key) const = 0;
  virtual std::optional<double> FindFloat(std::string_view key) const = 0;
  virtual std::optional<bool> FindBool(std::string_view key) const = 0;
  virtual std::optional<std::string_view> FindString(std::string_view key) const = 0;
  virtual std::optional<std::vector<std::string_view>> FindStrings(std::string_view key) const = 0;
  // What the container calls this value, for error texts.
  virtual std::string KeyName(std::string_view key) const = 0;

  // A weight by its GGUF name; nullopt where there is none. ModelError where it is there in a type
  // that cannot be computed with.
  virtual std::optional<SourceWeight> FindWeight(std::string_view weight_name) const = 0;
  // What the container calls this weight, for error texts.
  virtual std::string WeightName(std::string_view weight_name) const = 0;

  // Rows of the tokeniser's list where the container says it along with the weights.
  virtual std::optional<size_t> NumTokens() const = 0;
};

class GgufSource final : public ModelSource {
 public:
  explicit GgufSource(const GgufFile& file)
      : file_(file), prefix_(std::string(file.GetString("general.architecture")) + ".") {}

  Container container() const override { return Container::kGguf; }
  const std::string& name() const override { return file_.name(); }
  std::optional<int64_t> FindInt(std::string_view key) const override;
  std::optional<double> FindFloat(std::string_view key) const override;
  std::optional<bool> FindBool(std::string_view key) const override;
  std::optional<std::string_view> FindString(std::string_view key) const override;
  std::optional<std::vector<std::string_view>> FindStrings(std::string_view key) const override;
  std::string KeyName(std::string_view key) const override { return prefix_ + std::string(key); }
  std::optional<SourceWeight> FindWeight(std::string_view weight_name) const override;
  std::string WeightName(std::string_view weight_name) const override;
  std::optional<size_t> NumTokens() const override;

 private:
  const GgufFile& file_;
  std::string prefix_;  // "llama."
};

// What a family's weights and config values are called in a Hugging Face folder. Points to tables
// that live as long as the program.
struct HuggingFaceNames {
  struct Key {
    std::string_view ours;    // "attention.head_count"
    std::string_view theirs;  // "num_attention_heads"; objects parted by dots
  };
  struct Weight {
    std::string_view ours;    // "blk.#.attn_q": # is the layer; ".weight" and ".bias" follow
    std::string_view theirs;  // "model.layers.#.self_attn.q_proj"
    StoredAs stored = StoredAs::kSame;  // of ".weight"; biases are always kSame
  };
  std::span<const Key> keys;        // several rows of one `ours`: the first that is there counts
  std::span<const Weight> weights;  // likewise
  // What may stand before every name ("transformer."): each is tried, none first.
  std::span<const std::string_view> prefixes = {};
};

class HuggingFaceSource final : public ModelSource {
 public:
  HuggingFaceSource(const HuggingFaceFolder& folder, const HuggingFaceNames& names)
      : folder_(folder), names_(names) {}

  Container container() const override { return Container::kHuggingFace; }
  const std::string& name() const override { return folder_.name(); }
  std::optional<int64_t> FindInt(std::string_view key) const override;
  std::optional<double> FindFloat(std::string_view key) const override;
  std::optional<bool> FindBool(std::string_view key) const override;
  std::optional<std::string_view> FindString(std::string_view key) const override;
  std::optional<std::vector<std::string_view>> FindStrings(std::string_view key) const override;
  std::string KeyName(std::string_view key) const override;
  std::optional<SourceWeight> FindWeight(std::string_view weight_name) const override;
  std::string WeightName(std::string_view weight_name) const override;
  std::optional<size_t> NumTokens() const override { return std::nullopt; }

 private:
  // The path of the first row of `key` that is in the config; its first row where none is; empty
  // where the table has no row.
  std::string_view PathOf(std::string_view key) const;
  template <typename Visitor>
  void ForEachName(std::string_view weight_name, Visitor visit) const;

  const HuggingFaceFolder& folder_;
  HuggingFaceNames names_;
};

}  // namespace rowmill
