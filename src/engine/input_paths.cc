#include "engine/input_paths.h"

#include "base/check.h"

namespace rowmill {

void InputPaths::Set(uint64_t input, std::string_view path) {
  if (!ends_) {
    ends_ = MappedArray<uint64_t>::InFolder(folder_);
    text_ = MappedArray<char>::InFolder(folder_);
  }
  const uint64_t index = input - first_input_;
  CHECK(input >= first_input_ && index >= ends_->size());
  ends_->Resize(index, text_->size());
  text_->Append({path.data(), path.size()});
  ends_->push_back(text_->size());
}

std::string_view InputPaths::Get(uint64_t input) const {
  const uint64_t index = input - first_input_;
  if (!ends_ || input < first_input_ || index >= ends_->size()) return {};
  const uint64_t begin = index == 0 ? 0 : (*ends_)[index - 1];
  return {text_->data() + begin, (*ends_)[index] - begin};
}

}  // namespace rowmill
