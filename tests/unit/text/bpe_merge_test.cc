#include "text/bpe_merge.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>
#include <vector>

namespace rowmill {
namespace {

// Rules over small ids; results may have rules again.
struct MapRules {
  std::map<std::pair<int32_t, int32_t>, MergeTarget> map;
  MergeTarget Find(const Symbol& left, const Symbol& right) const {
    const auto at = map.find({left.id, right.id});
    return at == map.end() ? MergeTarget{} : at->second;
  }
};

// The definition, taken literally.
std::vector<int32_t> MergeByDefinition(const MapRules& rules, std::vector<int32_t> ids) {
  for (;;) {
    size_t best = ids.size();
    MergeTarget best_target;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto at = rules.map.find({ids[i], ids[i + 1]});
      if (at != rules.map.end() && at->second.rank < best_target.rank) {
        best = i;
        best_target = at->second;
      }
    }
    if (best == ids.size()) return ids;
    ids[best] = best_target.result;
    ids.erase(ids.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

std::vector<int32_t> Ids(const MergeWorkspace& workspace) {
  std::vector<int32_t> ids;
  for (const Symbol& symbol : workspace.symbols) ids.push_back(symbol.id);
  return ids;
}

void Fill(MergeWorkspace& workspace, const std::vector<int32_t>& ids) {
  workspace.symbols.clear();
  for (size_t i = 0; i < ids.size(); ++i) {
    workspace.symbols.push_back({ids[i], static_cast<uint32_t>(i), 1});
  }
}

MapRules RandomRules(std::mt19937_64& random, int num_rules, bool equal_ranks) {
  MapRules rules;
  int32_t next = 3;
  for (int i = 0; i < num_rules; ++i) {
    const int32_t left = static_cast<int32_t>(random() % static_cast<uint64_t>(next));
    const int32_t right = static_cast<int32_t>(random() % static_cast<uint64_t>(next));
    const uint32_t rank = static_cast<uint32_t>(equal_ranks ? random() % 3 : random() % 1000);
    rules.map.try_emplace({left, right}, MergeTarget{rank, next++});
  }
  return rules;
}

// Both ways of merging, on lengths around the limit between them, with distinct and equal ranks.
TEST(BpeMerge, EqualsTheDefinition) {
  std::mt19937_64 random(17);
  MergeWorkspace workspace;
  for (int round = 0; round < 20000; ++round) {
    const MapRules rules = RandomRules(random, 1 + static_cast<int>(random() % 30), round % 2 == 0);
    std::vector<int32_t> ids(random() % 40);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % 3);
    const std::vector<int32_t> expected = MergeByDefinition(rules, ids);
    Fill(workspace, ids);
    MergeSymbols(rules, workspace);
    ASSERT_EQ(Ids(workspace), expected) << "round " << round << " of seed 17";
    uint32_t begin = 0;
    for (const Symbol& symbol : workspace.symbols) {
      ASSERT_EQ(symbol.begin, begin);
      begin += symbol.size;
    }
    ASSERT_EQ(begin, ids.size());
    if (ids.empty()) continue;
    Fill(workspace, ids);
    internal::HeapMerger<MapRules>(rules, workspace).Run();
    ASSERT_EQ(Ids(workspace), expected) << "heap, round " << round << " of seed 17";
  }
}

TEST(BpeMerge, EqualPairsMergeFromTheLeft) {
  MapRules rules;
  rules.map[{0, 0}] = {0, 1};
  MergeWorkspace workspace;
  for (const size_t n : {3, 15, 17, 101}) {
    Fill(workspace, std::vector<int32_t>(n, 0));
    MergeSymbols(rules, workspace);
    std::vector<int32_t> expected(n / 2, 1);
    expected.push_back(0);
    EXPECT_EQ(Ids(workspace), expected) << n;
  }
}

TEST(BpeMerge, GivesMemoryBack) {
  MergeWorkspace workspace;
  Fill(workspace, std::vector<int32_t>(1 << 18, 0));
  MergeSymbols(MapRules{}, workspace);
  const uint64_t num_operations = workspace.num_operations;
  EXPECT_GT(num_operations, 0u);
  workspace.Trim();
  EXPECT_EQ(workspace.symbols.capacity(), 0u);
  EXPECT_EQ(workspace.heap.capacity(), 0u);
  EXPECT_EQ(workspace.num_operations, num_operations);
}

}  // namespace
}  // namespace rowmill
