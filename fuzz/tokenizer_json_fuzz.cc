// Any bytes as a folder's tokenizer.json: a vocabulary that makes a working tokeniser, or a
// ModelError. Seeds: the documents in tests/data/tokenizer_goldens.json, one file each.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/hugging_face_vocabulary.h"
#include "tokenizer_check.h"

namespace {

void Write(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary).write(content.data(), std::ssize(content));
}

// A folder with a config and an empty file of weights, for as long as the process runs.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "rowmill-fuzz-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
    Write(path_ + "/config.json", R"({"model_type":"bert"})");
    Write(path_ + "/model.safetensors", std::string("\2\0\0\0\0\0\0\0{}", 10));
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowmill;
  static const Folder folder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Write(folder.path() + "/tokenizer.json", text);
  try {
    const HuggingFaceFolder model = HuggingFaceFolder::Open(folder.path());
    CheckTokenizer(*Tokenizer::Make(ReadHuggingFaceVocabulary(model)), text);
  } catch (const ModelError&) {
  }
  return 0;
}
