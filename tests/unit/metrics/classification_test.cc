#include "metrics/classification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;

struct GoldenCase {
  std::string name;
  size_t num_labels = 0;
  std::map<std::string, std::vector<double>> numbers;
};

// See tools/make_classification_goldens.py.
std::vector<GoldenCase> LoadGoldens() {
  std::ifstream file(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/classification_goldens.txt");
  std::vector<GoldenCase> cases;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string key;
    if (line.starts_with('#') || !(words >> key)) continue;
    if (key == "case") {
      words >> cases.emplace_back().name >> cases.back().num_labels;
      continue;
    }
    std::vector<double>& numbers = cases.back().numbers[key];
    for (double number = 0; words >> number;) numbers.push_back(number);
  }
  return cases;
}

std::vector<Judgement> JudgementsOf(const GoldenCase& golden) {
  const auto& gold = golden.numbers.at("gold");
  std::vector<Judgement> judgements;
  for (size_t i = 0; i < gold.size(); ++i) {
    const double predicted = golden.numbers.at("predicted").at(i);
    const double confidence = golden.numbers.at("confidence").at(i);
    Judgement judgement;
    if (gold[i] >= 0) judgement.gold = static_cast<uint32_t>(gold[i]);
    if (predicted >= 0) judgement.predicted = static_cast<uint32_t>(predicted);
    if (confidence >= 0) judgement.confidence = confidence;
    judgements.push_back(judgement);
  }
  return judgements;
}

constexpr double kTolerance = 1e-6;

void CheckAgainstGolden(const ClassificationCounts& counts, const GoldenCase& golden) {
  const auto expected = [&](const std::string& key, size_t i) {
    return golden.numbers.at(key).at(i);
  };
  const ClassificationReport report = counts.Report();
  EXPECT_EQ(report.total, golden.numbers.at("gold").size());
  EXPECT_NEAR(report.accuracy.value(), expected("accuracy", 0), kTolerance);
  EXPECT_NEAR(report.accuracy_interval.low, expected("wilson", 0), kTolerance);
  EXPECT_NEAR(report.accuracy_interval.high, expected("wilson", 1), kTolerance);
  EXPECT_NEAR(report.macro_f1.value(), expected("macro_f1", 0), kTolerance);
  ASSERT_EQ(report.classes.size(), golden.num_labels);
  for (size_t label = 0; label < golden.num_labels; ++label) {
    EXPECT_NEAR(report.classes[label].precision, expected("precision", label), kTolerance);
    EXPECT_NEAR(report.classes[label].recall, expected("recall", label), kTolerance);
    EXPECT_NEAR(report.classes[label].f1, expected("f1", label), kTolerance);
  }
  for (size_t gold = 0; gold <= golden.num_labels; ++gold) {
    for (size_t predicted = 0; predicted <= golden.num_labels; ++predicted) {
      EXPECT_EQ(static_cast<double>(counts.Confusion(gold, predicted)),
                expected("confusion", gold * (golden.num_labels + 1) + predicted));
    }
  }
  EXPECT_NEAR(report.ece_10_bins.value(), expected("ece_10", 0), kTolerance);
  EXPECT_NEAR(report.ece_15_bins.value(), expected("ece_15", 0), kTolerance);
}

TEST(ClassificationTest, EqualsScikitLearn) {
  const std::vector<GoldenCase> goldens = LoadGoldens();
  ASSERT_EQ(goldens.size(), 6u);
  for (const GoldenCase& golden : goldens) {
    SCOPED_TRACE(golden.name);
    ClassificationCounts counts(golden.num_labels);
    for (const Judgement& judgement : JudgementsOf(golden)) counts.Add(judgement);
    CheckAgainstGolden(counts, golden);
  }
}

// Merging is exact: any split over units, in any order, gives the same bits.
TEST(ClassificationTest, MergingInAnyOrderGivesTheSameBits) {
  for (const GoldenCase& golden : LoadGoldens()) {
    SCOPED_TRACE(golden.name);
    std::vector<Judgement> judgements = JudgementsOf(golden);
    ClassificationCounts whole(golden.num_labels);
    for (const Judgement& judgement : judgements) whole.Add(judgement);
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      std::mt19937_64 random(seed);
      std::shuffle(judgements.begin(), judgements.end(), random);
      std::vector<ClassificationCounts> units(3, ClassificationCounts(golden.num_labels));
      for (const Judgement& judgement : judgements) units[random() % 3].Add(judgement);
      ClassificationCounts merged(golden.num_labels);
      for (const ClassificationCounts& unit : units) merged.Merge(unit);
      CheckAgainstGolden(merged, golden);
      EXPECT_EQ(merged.Report().ece_10_bins, whole.Report().ece_10_bins) << "seed " << seed;
      EXPECT_EQ(merged.Report().ece_15_bins, whole.Report().ece_15_bins) << "seed " << seed;
      EXPECT_EQ(merged.Report().macro_f1, whole.Report().macro_f1) << "seed " << seed;
    }
  }
}

TEST(ClassificationTest, NoRows) {
  const ClassificationReport report = ClassificationCounts(3).Report();
  EXPECT_EQ(report.total, 0u);
  EXPECT_FALSE(report.accuracy.has_value());
  EXPECT_FALSE(report.macro_f1.has_value());
  EXPECT_FALSE(report.ece_10_bins.has_value());
  EXPECT_EQ(report.accuracy_interval.low, 0.0);
  EXPECT_EQ(report.accuracy_interval.high, 1.0);
}

TEST(ClassificationTest, AFailedRowIsWrongEvenWhereTheGoldIsNoLabel) {
  ClassificationCounts counts(2);
  counts.Add({.gold = Judgement::kOtherLabel, .predicted = Judgement::kNoAnswer});
  const ClassificationReport report = counts.Report();
  EXPECT_EQ(report.total, 1u);
  EXPECT_EQ(report.correct, 0u);
  EXPECT_EQ(report.other_gold_rows, 1u);
  EXPECT_EQ(report.unanswered_rows, 1u);
  EXPECT_EQ(report.macro_f1.value(), 0.0);
}

TEST(ClassificationTest, ConfidenceOfAlmostOneIsOne) {
  ClassificationCounts counts(1);
  counts.Add({.gold = 0, .predicted = 0, .confidence = 1.0 + 1e-12});
  EXPECT_EQ(counts.Report().ece_10_bins.value(), 0.0);
}

TEST(ClassificationTest, RefusesWhatCannotBe) {
  ClassificationCounts counts(2);
  EXPECT_THROW(counts.Add({.gold = 2, .predicted = 0}), InternalError);
  EXPECT_THROW(counts.Add({.gold = 0, .predicted = 2}), InternalError);
  EXPECT_THROW(counts.Add({.gold = 0, .predicted = 0, .confidence = 1.1}), InternalError);
  EXPECT_THROW(counts.Add({.gold = 0, .predicted = 0, .confidence = -0.1}), InternalError);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(counts.Add({.gold = 0, .predicted = 0, .confidence = nan}), InternalError);
  EXPECT_THROW(counts.Merge(ClassificationCounts(3)), InternalError);
  EXPECT_THROW(WilsonInterval(2, 1), InternalError);
}

TEST(ClassificationTest, ManyLabelsHaveNoConfusionMatrix) {
  ClassificationCounts counts(ClassificationCounts::kMaxConfusionLabels + 1);
  EXPECT_FALSE(counts.has_confusion());
  counts.Add({.gold = 1024, .predicted = 1024});
  counts.Merge(counts);
  EXPECT_EQ(counts.Report().correct, 2u);
  EXPECT_THROW(counts.Confusion(0, 0), InternalError);
  EXPECT_TRUE(ClassificationCounts(ClassificationCounts::kMaxConfusionLabels).has_confusion());
}

}  // namespace
}  // namespace rowmill
