#include "kernels/dispatch.h"

#include <set>

#include "base/error.h"
#include "kernels/kernel_uses.h"
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

TEST(DispatchTest, UsesNameTheTableThatAFunctionComesFrom) {
  for (const KernelUse& use : KernelUses(ScalarTable())) EXPECT_EQ(use.isa, "scalar");
  std::string block_types, float_types;
  for (const KernelUse& use : KernelUses(*CompiledTables().front())) {
    if (use.operation == "gemm_blocks") block_types = use.types;
    if (use.operation == "gemm_floats") float_types = use.types;
  }
  EXPECT_EQ(float_types, "F32 F16 BF16");
  EXPECT_EQ(block_types, "Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K");
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
  for (const KernelTable* table : CompiledTables()) {
    if (table == &ScalarTable()) continue;
    for (const KernelUse& use : KernelUses(*table)) {
      EXPECT_NE(use.isa, "scalar") << table->name << " " << use.operation;
    }
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

// This very CPU: what is there is used, for each operation.
TEST(DispatchTest, NoOperationFallsBackOnThisCpu) {
  const CpuFeatures features = DetectCpuFeatures();
  for (const KernelUse& use : KernelUses(SelectTable(features, "auto"))) {
    if (features.avx2) {
      EXPECT_NE(use.isa, "scalar") << use.operation;
    }
    if (features.avx512) {
      EXPECT_NE(use.isa, "avx2") << use.operation;
    }
    if (features.avx512_vnni && use.operation == "gemm_blocks") {
      EXPECT_NE(use.isa, "avx512");
    }
    if (features.amx_int8 && use.operation == "gemm_blocks") {
      EXPECT_EQ(use.isa, "amx");
    }
  }
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

TEST(DispatchTest, NoOperationFallsBackOnThisCpu) {
  const CpuFeatures features = DetectCpuFeatures();
  for (const KernelUse& use : KernelUses(SelectTable(features, "auto"))) {
    EXPECT_NE(use.isa, "scalar") << use.operation;
    if (use.operation != "gemm_blocks") continue;
    if (features.neon_dotprod) {
      EXPECT_NE(use.isa, "neon");
    }
    if (features.neon_dotprod && features.neon_i8mm) {
      EXPECT_EQ(use.isa, "neon_i8mm");
    }
  }
}

#endif

}  // namespace
}  // namespace rowmill::kernels
