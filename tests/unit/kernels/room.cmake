# The emulation of AMX folds its sums with AVX-512, so that file alone is compiled for it.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(${CMAKE_SOURCE_DIR}/tests/unit/kernels/emulated_amx_gemm.cc PROPERTIES
    COMPILE_OPTIONS "${rowmill_avx512};-mavx512vnni;$<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>")
endif()
