#include "kernels/dispatch.h"

#include <set>

#include "base/error.h"
#include "unit/kernels/test_data.h"

namespace rowmill::kernels {
namespace {

std::vector<std::string> Names(const std::vector<const KernelTable*>& tables) {
  std::vector<std::string> names;
  for (const KernelTable* table : tables) names.emplace_back(table->name);
  return names;
}

TEST(DispatchTest, ScalarRunsEverywhereAndIsLast) {
  const auto tables = AvailableTables(CpuFeatures());
  ASSERT_EQ(Names(tables), std::vector<std::string>{"scalar"});
  EXPECT_EQ(&SelectTable(CpuFeatures(), ""), &ScalarTable());
  EXPECT_STREQ(CompiledTables().back()->name, "scalar");
}

TEST(DispatchTest, NamesAreUniqueAndTablesComplete) {
  std::set<std::string> names;
  for (const KernelTable* table : CompiledTables()) {
    EXPECT_TRUE(names.insert(table->name).second) << table->name;
    EXPECT_GT(std::string(table->description).size(), 0u);
    EXPECT_NE(table->quantize_rows, nullptr);
    EXPECT_NE(table->gemm_blocks, nullptr);
    EXPECT_NE(table->gemm_floats, nullptr);
    EXPECT_NE(table->rms_norm, nullptr);
    EXPECT_NE(table->rope, nullptr);
    EXPECT_NE(table->swiglu, nullptr);
    EXPECT_NE(table->gelu_tanh, nullptr);
    EXPECT_NE(table->geglu_tanh, nullptr);
    EXPECT_NE(table->scale, nullptr);
    EXPECT_NE(table->store_kv, nullptr);
    EXPECT_NE(table->attend, nullptr);
    EXPECT_NE(table->attend_finish, nullptr);
    EXPECT_NE(table->max_value, nullptr);
    EXPECT_NE(table->layer_norm, nullptr);
    EXPECT_NE(table->gelu_erf, nullptr);
    EXPECT_NE(table->add_bias, nullptr);
    EXPECT_NE(table->attend_whole, nullptr);
    EXPECT_NE(table->sum_exp, nullptr);
  }
}

TEST(DispatchTest, UnknownNameIsAUsageErrorThatListsTheNames) {
  try {
    SelectTable(CpuFeatures(), "avx1024");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("scalar"), std::string::npos) << error.what();
  }
}

TEST(DispatchTest, EveryFunctionOfAVectorTableDiffersFromScalar) {
  const KernelTable& scalar = ScalarTable();
  for (const KernelTable* table : CompiledTables()) {
    if (table == &scalar) continue;
    SCOPED_TRACE(table->name);
    EXPECT_NE(table->quantize_rows, scalar.quantize_rows);
    EXPECT_NE(table->gemm_blocks, scalar.gemm_blocks);
    EXPECT_NE(table->gemm_floats, scalar.gemm_floats);
    EXPECT_NE(table->rms_norm, scalar.rms_norm);
    EXPECT_NE(table->rope, scalar.rope);
    EXPECT_NE(table->swiglu, scalar.swiglu);
    EXPECT_NE(table->scale, scalar.scale);
    EXPECT_NE(table->store_kv, scalar.store_kv);
    EXPECT_NE(table->attend, scalar.attend);
    EXPECT_NE(table->attend_finish, scalar.attend_finish);
    EXPECT_NE(table->max_value, scalar.max_value);
    EXPECT_NE(table->layer_norm, scalar.layer_norm);
    EXPECT_NE(table->gelu_erf, scalar.gelu_erf);
    EXPECT_NE(table->add_bias, scalar.add_bias);
    EXPECT_NE(table->attend_whole, scalar.attend_whole);
    EXPECT_NE(table->sum_exp, scalar.sum_exp);
  }
}

#if defined(__x86_64__)

// Falling back without a word would cost a factor of ten and nobody would notice.
TEST(DispatchTest, ACpuWithVnniGetsTheVnniTableAndNothingScalarInIt) {
  CpuFeatures features;
  features.avx2 = features.avx512 = features.avx512_vnni = true;
  const KernelTable& best = SelectTable(features, "auto");
  EXPECT_STREQ(best.name, "avx512_vnni");
  EXPECT_EQ(best.isa, Isa::kAvx512Vnni);
  const std::vector<std::string> expected = {"avx512_vnni", "avx512", "avx2", "scalar"};
  EXPECT_EQ(Names(AvailableTables(features)), expected);
  features.avx512_vnni = false;
  EXPECT_STREQ(SelectTable(features, "").name, "avx512");
  EXPECT_NE(best.gemm_blocks, SelectTable(features, "").gemm_blocks);
  features.avx512 = false;
  EXPECT_STREQ(SelectTable(features, "").name, "avx2");
}

TEST(DispatchTest, ACpuWithTilesGetsTheAmxTable) {
  CpuFeatures features;
  features.avx2 = features.avx512 = features.avx512_vnni = features.amx_int8 = true;
  const KernelTable& best = SelectTable(features, "auto");
  EXPECT_STREQ(best.name, "amx");
  EXPECT_EQ(best.isa, Isa::kAmx);
  const KernelTable& vnni = SelectTable(features, "avx512_vnni");
  EXPECT_NE(best.gemm_blocks, vnni.gemm_blocks);
  EXPECT_EQ(best.attend, vnni.attend);
}

TEST(DispatchTest, WhatTheCpuCannotRunIsRefusedWithWhatItCan) {
  CpuFeatures features;
  features.avx2 = true;
  try {
    SelectTable(features, "avx512");
    FAIL();
  } catch (const ResourceError& error) {
    EXPECT_NE(std::string(error.what()).find("avx2, scalar"), std::string::npos) << error.what();
  }
  EXPECT_STREQ(SelectTable(features, "scalar").name, "scalar");
}

#elif defined(__aarch64__)

TEST(DispatchTest, AnArmCpuGetsTheBestProductThatItCanRun) {
  CpuFeatures features;
  features.neon = features.neon_dotprod = features.neon_i8mm = true;
  const std::vector<std::string> expected = {"neon_i8mm", "neon_dotprod", "neon", "scalar"};
  EXPECT_EQ(Names(AvailableTables(features)), expected);
  EXPECT_EQ(SelectTable(features, "auto").isa, Isa::kNeonI8mm);
  features.neon_i8mm = false;
  EXPECT_STREQ(SelectTable(features, "").name, "neon_dotprod");
  features.neon_dotprod = false;
  EXPECT_STREQ(SelectTable(features, "").name, "neon");
}

#endif

}  // namespace
}  // namespace rowmill::kernels
