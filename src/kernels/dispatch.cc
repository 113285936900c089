#include "kernels/dispatch.h"

#include "base/error.h"
#include "kernels/isa_functions.h"

namespace rowmill::kernels {
namespace {

struct Entry {
  const KernelTable& (*table)();
  bool (*can_run)(const CpuFeatures& features);
};

// Best first. A new instruction set is one line here.
constexpr Entry kEntries[] = {
#ifdef ROWMILL_HAVE_AMX
    {AmxTable,
     [](const CpuFeatures& cpu) { return cpu.avx512 && cpu.avx512_vnni && cpu.amx_int8; }},
#endif
#ifdef ROWMILL_HAVE_AVX512_VNNI
    {Avx512VnniTable, [](const CpuFeatures& cpu) { return cpu.avx512 && cpu.avx512_vnni; }},
#endif
#ifdef ROWMILL_HAVE_AVX512
    {Avx512Table, [](const CpuFeatures& cpu) { return cpu.avx512; }},
#endif
#ifdef ROWMILL_HAVE_AVX2
    {Avx2Table, [](const CpuFeatures& cpu) { return cpu.avx2; }},
#endif
#ifdef ROWMILL_HAVE_NEON_I8MM
    {NeonI8mmTable, [](const CpuFeatures& cpu) { return cpu.neon_dotprod && cpu.neon_i8mm; }},
#endif
#ifdef ROWMILL_HAVE_NEON_DOTPROD
    {NeonDotprodTable, [](const CpuFeatures& cpu) { return cpu.neon_dotprod; }},
#endif
#ifdef ROWMILL_HAVE_NEON
    {NeonTable, [](const CpuFeatures& cpu) { return cpu.neon; }},
#endif
    {ScalarTable, [](const CpuFeatures&) { return true; }},
};

std::string JoinNames(const std::vector<const KernelTable*>& tables) {
  std::string names;
  for (const KernelTable* table : tables) {
    if (!names.empty()) names += ", ";
    names += table->name;
  }
  return names;
}

const KernelTable* FindTable(const std::vector<const KernelTable*>& tables,
                             const std::string& name) {
  for (const KernelTable* table : tables) {
    if (table->name == name) return table;
  }
  return nullptr;
}

}  // namespace

std::vector<const KernelTable*> AvailableTables(const CpuFeatures& features) {
  std::vector<const KernelTable*> tables;
  for (const Entry& entry : kEntries) {
    if (entry.can_run(features)) tables.push_back(&entry.table());
  }
  return tables;
}

std::vector<const KernelTable*> CompiledTables() {
  std::vector<const KernelTable*> tables;
  for (const Entry& entry : kEntries) tables.push_back(&entry.table());
  return tables;
}

const KernelTable& SelectTable(const CpuFeatures& features, const std::string& isa) {
  const std::vector<const KernelTable*> available = AvailableTables(features);
  if (isa.empty() || isa == "auto") return *available.front();
  if (const KernelTable* table = FindTable(available, isa)) return *table;
  if (FindTable(CompiledTables(), isa) != nullptr) {
    throw ResourceError("--isa " + isa + ": this CPU cannot run it; it can run " +
                        JoinNames(available) + ". Use one of them or --isa auto.");
  }
  throw UsageError("--isa " + isa + ": there is no such instruction set in this binary; it has " +
                   JoinNames(CompiledTables()) + ". Use one of them or --isa auto.");
}

}  // namespace rowmill::kernels
