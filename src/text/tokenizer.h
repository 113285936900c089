// Text to token ids and back, for one vocabulary. Const and thread-safe after construction: all
// that changes while encoding lies in the caller's TokenizerScratch.
//
// What it is not: it applies no chat template and adds no begin-of-text token by itself
// (start_ids() says what the model wants first). Subclasses are the algorithms; this class does
// what all of them share: valid UTF-8, special tokens, bytes of tokens.
//
// Trust: text is either ours (a template, SpecialTokens::kParse) or somebody's row
// (SpecialTokens::kPlainText). A control token comes out only where its text lies whole inside
// parsed text; neither a row alone nor a row that continues a template can make one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_span.h"
#include "text/special_tokens.h"
#include "text/token_table.h"
#include "text/tokenizer_scratch.h"
#include "text/vocabulary.h"

namespace rowmill {

enum class SpecialTokens : uint8_t {
  kPlainText,  // <|im_end|> is seven tokens of text
  kParse,      // <|im_end|> is the control token
};

struct TextSpan {
  std::string_view text;
  SpecialTokens special = SpecialTokens::kPlainText;
};

struct DecodeOptions {
  enum class Control : uint8_t {
    kRender,  // control tokens appear as their text
    kSkip,    // control tokens leave nothing
  };
  enum class LeadingSpace : uint8_t {
    kRemoveAdded,  // of a model that puts a space before each text, the one of the first token goes
    kKeep,         // for ids that continue a text
  };
  Control control = Control::kRender;
  LeadingSpace leading_space = LeadingSpace::kRemoveAdded;
};

class Tokenizer {
 public:
  // Longer texts are a caller's bug: positions inside a text are 32-bit, and no context is near.
  static constexpr size_t kMaxTextBytes = size_t{1} << 30;

  // Throws ModelError where the vocabulary's pre-tokeniser is not known or it cannot encode.
  static std::unique_ptr<const Tokenizer> Make(Vocabulary vocabulary);

  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  const Vocabulary& vocabulary() const { return vocabulary_; }

  // Appends the ids of `spans`, read as one text: tokens may reach across a seam, control tokens
  // may not reach into plain text. Each span is made valid UTF-8 by itself first. Bytes for which
  // the vocabulary has no token at all are left out and counted, as the reference engines do.
  // At most kMaxTextBytes in all.
  void Encode(std::span<const TextSpan> spans, TokenizerScratch& scratch,
              std::vector<int32_t>& out) const;
  void Encode(std::string_view text, SpecialTokens special, TokenizerScratch& scratch,
              std::vector<int32_t>& out) const;
  // A rendered prompt: control tokens are parsed in the template's own text and nowhere else.
  void EncodePrompt(std::span<const PromptSpan> prompt, TokenizerScratch& scratch,
                    std::vector<int32_t>& out) const;
  // For single texts such as labels; allocates its own scratch.
  std::vector<int32_t> Encode(std::string_view text, SpecialTokens special) const;

  // What the model expects before and after a text: the begin- and end-of-text token, or nothing.
  std::span<const int32_t> start_ids() const { return start_ids_; }
  std::span<const int32_t> end_ids() const { return end_ids_; }

  // The text of `ids` as valid UTF-8: ill-formed bytes that the ids make together become U+FFFD.
  // All ids are below the size of the vocabulary (FindInvalidId).
  std::string Decode(std::span<const int32_t> ids, DecodeOptions options = {}) const;
  // Appends the raw bytes instead; for streaming into a Utf8Assembler.
  void AppendBytes(std::span<const int32_t> ids, DecodeOptions options, std::string& out) const;
  // The bytes of one token, control tokens as their text; perhaps only a part of a character.
  std::string_view TokenBytes(int32_t id) const { return table_.BytesOf(id); }
  // Position of the first id that is negative or not in the vocabulary.
  std::optional<size_t> FindInvalidId(std::span<const int32_t> ids) const;

 protected:
  Tokenizer(Vocabulary vocabulary, TokenTable table);

  // Appends the ids of `fragment`: valid UTF-8, not empty, without special tokens, followed by
  // TokenizerScratch::kReadablePadding readable bytes. It begins at the start of the text or after
  // a special token, and ends before one or at the end.
  virtual void EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                              std::vector<int32_t>& out) const = 0;
  // Appends the ids of a piece, which depend on nothing but the piece; not empty.
  virtual void EncodePiece(std::string_view piece, TokenizerScratch& scratch,
                           std::vector<int32_t>& out) const = 0;
  // The same, from the cache where it has them. `piece` lies within a fragment as above.
  void EncodeThroughCache(std::string_view piece, TokenizerScratch& scratch,
                          std::vector<int32_t>& out) const;

  const TokenTable& table() const { return table_; }

 private:
  void EncodePrepared(TokenizerScratch& scratch, std::vector<int32_t>& out) const;

  const Vocabulary vocabulary_;
  const TokenTable table_;
  const SpecialTokenMatcher user_defined_;
  const SpecialTokenMatcher user_defined_and_control_;
  const std::shared_ptr<const void> identity_;  // distinct for each object, also one at its address
  std::vector<int32_t> start_ids_;
  std::vector<int32_t> end_ids_;
};

}  // namespace rowmill
