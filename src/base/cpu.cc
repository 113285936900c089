#include "base/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <cstdint>
#include <initializer_list>

namespace rowmill {
namespace {

#if defined(__x86_64__)

struct CpuidLeaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zeros where the processor has no such leaf.
CpuidLeaf Cpuid(unsigned leaf, unsigned sub_leaf) {
  CpuidLeaf out;
  __get_cpuid_count(leaf, sub_leaf, &out.eax, &out.ebx, &out.ecx, &out.edx);
  return out;
}

// XCR0: the register states that the operating system saves. Written as bytes because the intrinsic
// needs the whole file compiled for a newer processor.
uint64_t EnabledStates() {
  unsigned low = 0;
  unsigned high = 0;
  asm volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));  // xgetbv
  return static_cast<uint64_t>(high) << 32 | low;
}

// Linux gives the tiles to a process that asks for them: without it their first use raises SIGILL.
// Asked once for the process and all its later threads (Documentation/arch/x86/xstate.rst).
bool AskForTiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILE_DATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

constexpr bool Bit(uint64_t word, int position) { return ((word >> position) & 1) != 0; }
constexpr bool HasAll(uint64_t word, uint64_t mask) { return (word & mask) == mask; }

#endif

}  // namespace

CpuFeatures DetectCpuFeatures() {
  CpuFeatures features;
#if defined(__x86_64__)
  // Intel SDM volume 1, 13.3 and volume 2A, CPUID. The instructions being there is not enough:
  // without the operating system's support for their registers they raise #UD.
  constexpr uint64_t kAvxStates = 0x6;       // xmm, ymm
  constexpr uint64_t kAvx512States = 0xe6;   // and opmask, upper zmm, zmm16-31
  constexpr uint64_t kTileStates = 0x60000;  // tile configuration and data
  const CpuidLeaf basic = Cpuid(1, 0);
  const CpuidLeaf extended = Cpuid(7, 0);
  const CpuidLeaf extended1 = extended.eax >= 1 ? Cpuid(7, 1) : CpuidLeaf();
  const bool has_xgetbv = Bit(basic.ecx, 27);
  const uint64_t states = has_xgetbv ? EnabledStates() : 0;
  const bool has_avx = Bit(basic.ecx, 28) && HasAll(states, kAvxStates);
  features.avx2 = has_avx && Bit(basic.ecx, 12) && Bit(basic.ecx, 29) && Bit(extended.ebx, 5) &&
                  Bit(extended.ebx, 8);
  features.avx512 = features.avx2 && HasAll(states, kAvx512States) && Bit(extended.ebx, 16) &&
                    Bit(extended.ebx, 17) && Bit(extended.ebx, 30) && Bit(extended.ebx, 31);
  features.avx512_vnni = features.avx512 && Bit(extended.ecx, 11);
  features.avx512_bf16 = features.avx512 && Bit(extended1.eax, 5);
  const bool has_tiles = HasAll(states, kTileStates) && Bit(extended.edx, 24) && AskForTiles();
  features.amx_int8 = has_tiles && Bit(extended.edx, 25);
  features.amx_bf16 = has_tiles && Bit(extended.edx, 22);
#elif defined(__aarch64__)
  features.neon = (getauxval(AT_HWCAP) & HWCAP_ASIMD) != 0;
  features.neon_dotprod = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  features.neon_i8mm = (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
#endif
  return features;
}

std::vector<std::string> FeatureNames(const CpuFeatures& features) {
  std::vector<std::string> names;
  const auto add = [&names](bool present, std::initializer_list<const char*> words) {
    if (present) names.insert(names.end(), words.begin(), words.end());
  };
  add(features.avx2, {"avx2", "fma", "f16c", "bmi2"});
  add(features.avx512, {"avx512f", "avx512dq", "avx512bw", "avx512vl"});
  add(features.avx512_vnni, {"avx512_vnni"});
  add(features.avx512_bf16, {"avx512_bf16"});
  add(features.amx_int8 || features.amx_bf16, {"amx_tile"});
  add(features.amx_int8, {"amx_int8"});
  add(features.amx_bf16, {"amx_bf16"});
  add(features.neon, {"asimd"});
  add(features.neon_dotprod, {"asimddp"});
  add(features.neon_i8mm, {"i8mm"});
  return names;
}

}  // namespace rowmill
