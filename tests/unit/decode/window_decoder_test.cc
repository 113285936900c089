#include "decode/window_decoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/kernels.h"

namespace rowmill {
namespace {

// Text 0..9, end 10, start 11, two languages, transcribe, translate, no speech, no timestamps.
constexpr int32_t kEnd = 10, kStart = 11, kEnglish = 12, kPortuguese = 13, kTranscribe = 14,
                  kTranslate = 15, kNoSpeech = 16, kNoTimestamps = 17, kVocabulary = 20;

TranscribeSpec Spec() {
  TranscribeSpec spec;
  spec.tokens = {kStart,    kEnd,          kTranscribe, kTranslate,
                 kNoSpeech, kNoTimestamps, 18,          {kEnglish, kPortuguese}};
  spec.timestamps = TranscribeSpec::Timestamps::kNone;
  spec.max_tokens = 12;
  return spec;
}

class NoSevens final : public RepetitionRule {
 public:
  bool IsRepetitive(std::span<const int32_t> tokens) const override {
    return !tokens.empty() && tokens.front() == 7;
  }
};

std::vector<int32_t> Next(const WindowDecoder& decoder) {
  EXPECT_EQ(decoder.num_branches(), 1u);
  return {decoder.next_tokens(0).begin(), decoder.next_tokens(0).end()};
}

// `likely` gets nearly all of the probability.
void Look(WindowDecoder& decoder, int32_t likely, float logit = 20.0f) {
  std::vector<float> logits(kVocabulary, 0.0f);
  logits[static_cast<size_t>(likely)] = logit;
  decoder.Look(0, logits);
  decoder.Advance();
}

TEST(WindowDecoderTest, FindsTheLanguageAndWritesToTheEnd) {
  const TranscribeSpec spec = Spec();
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, -1);
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{kStart}));
  EXPECT_TRUE(decoder.is_restart());
  Look(decoder, kPortuguese);
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{kPortuguese, kTranscribe, kNoTimestamps}));
  EXPECT_FALSE(decoder.is_restart());
  Look(decoder, 4);
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{4}));
  Look(decoder, 5);
  Look(decoder, kEnd);
  ASSERT_TRUE(decoder.done());
  EXPECT_TRUE(decoder.finite());
  EXPECT_EQ(decoder.tokens(), (std::vector<int32_t>{4, 5}));
  EXPECT_EQ(decoder.language(), kPortuguese);
  EXPECT_EQ(decoder.attempt(), 0u);
  EXPECT_NEAR(decoder.log_probability(), 0.0, 1e-6);
  EXPECT_FALSE(decoder.is_silent());
}

TEST(WindowDecoderTest, AsksForEnglishInALanguageThatIsKnown) {
  TranscribeSpec spec = Spec();
  spec.output = TranscribeSpec::Output::kEnglish;
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish);
  Look(decoder, kPortuguese);
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{kEnglish, kTranslate, kNoTimestamps}));
}

TEST(WindowDecoderTest, AModelOfOneLanguageThatWritesTimestampsHasNoMorePrompt) {
  TranscribeSpec spec = Spec();
  spec.tokens.languages.clear();
  spec.timestamps = TranscribeSpec::Timestamps::kSegments;
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, -1);
  Look(decoder, 18);
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{18}));
}

TEST(WindowDecoderTest, ReadsWhatWasSaidBeforeInFrontOfTheStart) {
  const TranscribeSpec spec = Spec();
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish, {19, 3, 4});
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{19, 3, 4, kStart}));
  Look(decoder, kNoSpeech);
  EXPECT_GT(decoder.no_speech(), 0.9);
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{kEnglish, kTranscribe, kNoTimestamps}));
}

TEST(WindowDecoderTest, TheLanguageIsFoundFromTheStartTokenAlone) {
  const TranscribeSpec spec = Spec();
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, -1, {19, 3});
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{kStart}));
  Look(decoder, kPortuguese);
  EXPECT_TRUE(decoder.is_restart());
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{19, 3, kStart}));
  Look(decoder, kEnglish);  // asked for no more
  EXPECT_FALSE(decoder.is_restart());
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{kPortuguese, kTranscribe, kNoTimestamps}));
}

TEST(WindowDecoderTest, AnAnswerEndsWhereTheContextDoes) {
  TranscribeSpec spec = Spec();
  spec.max_positions = 14;
  spec.temperatures = {0.0f};
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish, {19, 1, 2, 3});
  Look(decoder, kEnglish);
  for (int32_t token = 1; !decoder.done(); ++token) Look(decoder, token);
  // Before 4, start, language, task, no timestamps, and the end.
  EXPECT_EQ(decoder.tokens(), (std::vector<int32_t>{1, 2, 3, 4, 5}));
}

TEST(WindowDecoderTest, AFurtherAttemptReadsItAll) {
  TranscribeSpec spec = Spec();
  spec.repetition = std::make_shared<NoSevens>();
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish, {19, 3});
  Look(decoder, kEnglish);
  Look(decoder, 7);
  Look(decoder, kEnd);
  ASSERT_TRUE(decoder.is_restart());
  EXPECT_EQ(Next(decoder),
            (std::vector<int32_t>{19, 3, kStart, kEnglish, kTranscribe, kNoTimestamps}));
}

TEST(WindowDecoderTest, TriesAgainWhereTheTextIsRepetitive) {
  TranscribeSpec spec = Spec();
  spec.repetition = std::make_shared<NoSevens>();
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish);
  Look(decoder, kEnglish);
  Look(decoder, 7);
  Look(decoder, kEnd);
  ASSERT_FALSE(decoder.done());
  EXPECT_TRUE(decoder.is_restart());
  EXPECT_EQ(Next(decoder), (std::vector<int32_t>{kStart, kEnglish, kTranscribe, kNoTimestamps}));
  Look(decoder, 6);
  Look(decoder, kEnd);
  ASSERT_TRUE(decoder.done());
  EXPECT_EQ(decoder.tokens(), (std::vector<int32_t>{6}));
  EXPECT_EQ(decoder.attempt(), 1u);
  EXPECT_FALSE(decoder.is_repetitive());
}

TEST(WindowDecoderTest, OfAttemptsThatAllFailTheLikeliestCounts) {
  TranscribeSpec spec = Spec();
  spec.temperatures = {0.0f, 0.2f};
  spec.min_log_probability = 0.0;
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish);
  Look(decoder, kEnglish);
  Look(decoder, 4, 8.0f);
  Look(decoder, kEnd, 8.0f);
  Look(decoder, 5, 12.0f);
  Look(decoder, kEnd, 12.0f);
  ASSERT_TRUE(decoder.done());
  EXPECT_EQ(decoder.tokens(), (std::vector<int32_t>{5}));
  EXPECT_EQ(decoder.attempt(), 1u);
}

TEST(WindowDecoderTest, SilenceIsNotTriedAgain) {
  TranscribeSpec spec = Spec();
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish);
  Look(decoder, kNoSpeech);
  Look(decoder, 4, 1.0f);
  Look(decoder, kEnd, 1.0f);
  ASSERT_TRUE(decoder.done());
  EXPECT_TRUE(decoder.is_silent());
}

TEST(WindowDecoderTest, ALoopEndsAnAttemptEarly) {
  TranscribeSpec spec = Spec();
  spec.max_tokens = 100;
  spec.temperatures = {0.0f};
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish);
  Look(decoder, kEnglish);
  size_t steps = 0;
  for (; !decoder.done(); ++steps) Look(decoder, 4);
  EXPECT_EQ(steps, 8u);
  EXPECT_TRUE(decoder.is_repetitive());
}

// The likeliest first word leads nowhere; a beam of two finds the better text.
std::vector<int32_t> TextByBeam(uint32_t beam) {
  TranscribeSpec spec = Spec();
  spec.beam = beam;
  spec.temperatures = {0.0f};
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, kEnglish);
  Look(decoder, kEnglish);
  std::vector<std::vector<int32_t>> written(1);
  while (!decoder.done()) {
    for (size_t branch = 0; branch < decoder.num_branches(); ++branch) {
      std::vector<float> logits(kVocabulary, -20.0f);
      if (written[branch].empty()) {
        logits[1] = 1.0f;
        logits[2] = 0.9f;
      } else if (written[branch].back() == 2) {
        logits[kEnd] = 5.0f;
      } else {
        logits[3] = logits[4] = logits[5] = 0.0f;
      }
      decoder.Look(branch, logits);
    }
    decoder.Advance();
    if (decoder.done()) break;
    std::vector<std::vector<int32_t>> next;
    for (size_t branch = 0; branch < decoder.num_branches(); ++branch) {
      next.push_back(beam == 1 ? written[0] : written[decoder.parent(branch)]);
      next.back().push_back(decoder.next_tokens(branch).back());
    }
    written = next;
  }
  return decoder.tokens();
}

TEST(WindowDecoderTest, ABeamKeepsWhatGreedyChoiceLoses) {
  EXPECT_EQ(TextByBeam(2), (std::vector<int32_t>{2}));
  EXPECT_EQ(TextByBeam(1).front(), 1);
}

TEST(WindowDecoderTest, NumbersThatAreNotFiniteEndIt) {
  const TranscribeSpec spec = Spec();
  WindowDecoder decoder(spec, kernels::ScalarTable(), {}, -1);
  std::vector<float> logits(kVocabulary, 0.0f);
  logits[3] = NAN;
  decoder.Look(0, logits);
  decoder.Advance();
  EXPECT_TRUE(decoder.done());
  EXPECT_FALSE(decoder.finite());
}

}  // namespace
}  // namespace rowmill
