// How fast text becomes token ids, in bytes of text a second on one core, each line of the file a
// row as in a job. No weights are read.
//
//   tokenizer_bench TEXT MODEL... [--benchmark_...]
//
// "rows" reads every line once, as a job does that meets new words all the time; "again" reads the
// same lines with a cache of words that knows them all.
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "formats/model_file.h"
#include "tasks/loaded_model.h"
#include "text/tokenizer.h"

namespace rowmill {
namespace {

enum class Cache { kEmpty, kWarm };

void EncodeLines(benchmark::State& state, const Tokenizer& tokenizer,
                 const std::vector<std::string>& lines, Cache cache) {
  TokenizerScratch scratch;
  std::vector<int32_t> ids;
  size_t num_bytes = 0, num_tokens = 0;
  for (auto _ : state) {
    if (cache == Cache::kEmpty) {
      state.PauseTiming();
      scratch = TokenizerScratch();
      state.ResumeTiming();
    }
    for (const std::string& line : lines) {
      ids.clear();
      tokenizer.Encode(line, SpecialTokens::kPlainText, scratch, ids);
      benchmark::DoNotOptimize(ids.data());
      num_bytes += line.size();
      num_tokens += ids.size();
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(num_bytes));
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(num_tokens), benchmark::Counter::kIsRate);
}

}  // namespace
}  // namespace rowmill

int main(int argc, char** argv) {
  using namespace rowmill;
  benchmark::Initialize(&argc, argv);
  if (argc < 3) {
    std::fprintf(stderr, "usage: tokenizer_bench TEXT MODEL... [--benchmark_...]\n");
    return 1;
  }
  std::vector<std::string> lines;
  std::ifstream text(argv[1]);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  if (lines.empty()) {
    std::fprintf(stderr, "%s: no lines\n", argv[1]);
    return 1;
  }
  std::vector<ModelFile> files;  // tokenisers may point into them
  files.reserve(static_cast<size_t>(argc));
  std::vector<std::unique_ptr<const Tokenizer>> tokenizers;
  for (int i = 2; i < argc; ++i) {
    const std::string path = argv[i];
    files.push_back(ModelFile::Open(path));
    tokenizers.push_back(LoadText(files.back()).tokenizer);
    const Tokenizer& tokenizer = *tokenizers.back();
    const std::string name = path.substr(path.find_last_of('/') + 1);
    for (const auto& [what, cache] :
         {std::pair{"/rows", Cache::kEmpty}, {"/again", Cache::kWarm}}) {
      benchmark::RegisterBenchmark((name + what).c_str(), [&, cache = cache](benchmark::State& s) {
        EncodeLines(s, tokenizer, lines, cache);
      });
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
