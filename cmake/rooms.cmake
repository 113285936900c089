# Functions that turn the folders of src/, tests/, bench/ and fuzz/ into targets.

# With ROWMILL_PYTHON the rooms go into a shared library too. Its symbols are its own: other modules of
# the same Python process bring their own re2 and zstd.
function(rowmill_position_independent target)
  if(ROWMILL_PYTHON)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON
                          CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
endfunction()

# rowmill_room(name LINK targets...): src/<name>/**/*.cc as the static library rowmill_<name>, or an
# interface library where the room has only headers.
function(rowmill_room name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(sources)
    add_library(rowmill_${name} STATIC ${sources})
    target_include_directories(rowmill_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(rowmill_${name} PUBLIC ${ARG_LINK})
    rowmill_position_independent(rowmill_${name})
  else()
    add_library(rowmill_${name} INTERFACE)
    target_include_directories(rowmill_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(rowmill_${name} INTERFACE ${ARG_LINK})
  endif()
endfunction()

# The kernels room: one folder per instruction set, each compiled with that set's flags. ISA files
# include nothing but intrinsics, <cstdint>, <cstddef> and plain structs of ours, so no inline
# function of the standard library can end up compiled for a CPU that the machine does not have.
function(rowmill_kernels_room)
  file(GLOB common CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kernels/*.cc
       ${CMAKE_SOURCE_DIR}/src/kernels/scalar/*.cc)
  add_library(rowmill_kernels STATIC ${common})
  target_include_directories(rowmill_kernels PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(rowmill_kernels PUBLIC rowmill_tensor)
  rowmill_position_independent(rowmill_kernels)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(avx2 -mavx2 -mfma -mf16c)
    set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
    rowmill_kernels_isa(avx2 ${avx2})
    rowmill_kernels_isa(avx512 ${avx512})
    rowmill_kernels_isa(avx512_vnni ${avx512} -mavx512vnni)
    rowmill_kernels_isa(amx ${avx512} -mavx512vnni -mamx-tile -mamx-int8)
    set(rowmill_avx512 ${avx512} PARENT_SCOPE)  # for the tests that emulate tiles
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    rowmill_kernels_isa(neon -march=armv8-a)
    rowmill_kernels_isa(neon_dotprod -march=armv8.2-a+dotprod)
    rowmill_kernels_isa(neon_i8mm -march=armv8.2-a+dotprod+i8mm)
  endif()
endfunction()

# src/kernels/<isa>/*.cc with the given flags; ROWMILL_HAVE_<ISA> tells dispatch.cc that they are there.
function(rowmill_kernels_isa isa)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kernels/${isa}/*.cc)
  if(sources)
    # GCC 12 takes the undefined pass-through operands inside its own AVX-512 intrinsics for
    # uninitialised variables of ours (GCC bug 105593).
    set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS
      "${ARGN};$<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>")
    target_sources(rowmill_kernels PRIVATE ${sources})
    string(TOUPPER ${isa} name)
    target_compile_definitions(rowmill_kernels PUBLIC ROWMILL_HAVE_${name})
  endif()
endfunction()

# test_headers: the libraries' headers that most tests include, precompiled once for all rooms.
function(rowmill_test_headers)
  set(source ${CMAKE_BINARY_DIR}/test_headers.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(test_headers OBJECT EXCLUDE_FROM_ALL ${source})
  target_link_libraries(test_headers PRIVATE nlohmann_json::nlohmann_json GTest::gtest GTest::gmock)
  rowmill_test_options(test_headers)
  target_precompile_headers(test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp>
                            <algorithm> <filesystem> <fstream> <random> <unordered_map>)
endfunction()

function(rowmill_test_options target)
  if(ROWMILL_SANITIZE)
    # The tests themselves are not what is slow, compiling them is: half the time of -O1.
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# tests/unit/<room>/*_test.cc as the binary test_<room>; every TEST becomes a ctest entry of its room.
function(rowmill_tests)
  if(ROWMILL_PRECOMPILE)
    rowmill_test_headers()
  endif()
  file(GLOB rooms RELATIVE ${CMAKE_SOURCE_DIR}/tests/unit CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/*)
  foreach(room ${rooms})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${room}/*.cc)
    if(sources AND TARGET rowmill_${room})
      add_executable(test_${room} ${sources})
      target_link_libraries(test_${room} PRIVATE rowmill_${room} nlohmann_json::nlohmann_json GTest::gtest GTest::gmock GTest::gtest_main)
      target_include_directories(test_${room} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
      target_compile_definitions(test_${room} PRIVATE ROWMILL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
      rowmill_test_options(test_${room})
      if(ROWMILL_PRECOMPILE)
        target_precompile_headers(test_${room} REUSE_FROM test_headers)
      endif()
      add_test(NAME unit.${room} COMMAND test_${room} --gtest_brief=1)
      set_tests_properties(unit.${room} PROPERTIES LABELS unit TIMEOUT 900)
      # What only this room's tests need, such as the oracle they compare with.
      include(${CMAKE_SOURCE_DIR}/tests/unit/${room}/room.cmake OPTIONAL)
    endif()
  endforeach()
endfunction()

# bench/micro/*_bench.cc, one binary each.
function(rowmill_benchmarks)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/micro/*_bench.cc)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE rowmill_tasks benchmark::benchmark)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/bench)
  endforeach()
endfunction()

# bench/recipe/: the price of the numeric recipe, against kernels for one kind of CPU.
function(rowmill_recipe_benchmark)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(folder ${CMAKE_SOURCE_DIR}/bench/recipe)
    add_executable(recipe_cost ${folder}/recipe_cost.cc ${folder}/free_kernels.cc)
    set_source_files_properties(${folder}/free_kernels.cc PROPERTIES COMPILE_OPTIONS
      "${rowmill_avx512};-mavx512vnni;-mavx512bf16;$<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>")
    target_link_libraries(recipe_cost PRIVATE rowmill_engine)
    target_include_directories(recipe_cost PRIVATE ${CMAKE_SOURCE_DIR}/bench)
  endif()
endfunction()

# fuzz/<name>_fuzz.cc, one libFuzzer binary each.
function(rowmill_fuzzers)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/*_fuzz.cc)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE rowmill_engine)
  endforeach()
endfunction()
