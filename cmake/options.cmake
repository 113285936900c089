# Build options and compiler flags. Numbers must not depend on any of them: gcc and clang, debug and
# release have to give the same bytes, hence -ffp-contract=off and no fast-math anywhere.
option(ROWMILL_TESTS "Build the tests" ON)
option(ROWMILL_BENCH "Build the micro-benchmarks where Google Benchmark is installed" ON)
option(ROWMILL_FUZZ "Build the libFuzzer targets (clang)" OFF)
option(ROWMILL_PYTHON "Make the rooms fit for a shared library, and build the Python module" OFF)
option(ROWMILL_DCHECKS "Compile debug checks in" OFF)
option(ROWMILL_COVERAGE "Instrument for coverage" OFF)
set(ROWMILL_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
# Where everything is compiled anew, reading the headers of the tests' libraries is a quarter of the time.
# With a compiler cache it is not: by default that cache refuses what was compiled with such a header.
set(without_cache ON)
if(CCACHE)
  set(without_cache OFF)
endif()
option(ROWMILL_PRECOMPILE "Precompile the headers that the tests share" ${without_cache})

set(CMAKE_CXX_FLAGS_RELEASE "-O3")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror -ffp-contract=off -fno-math-errno
                    -fno-strict-aliasing -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # At -O3 GCC 12 sees overlaps in std::string's operator+ (GCC bug 105651) and reads of the empty
  # side of an std::optional (GCC bug 80635) that do not happen. Clang 19 still warns of both kinds.
  add_compile_options(-Wno-restrict -Wno-uninitialized -Wno-maybe-uninitialized)
endif()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # On ARM a char is unsigned; one meaning for all processors.
  add_compile_options(-fsigned-char)
endif()
add_compile_definitions(ROWMILL_VERSION="${ROWMILL_VERSION}" FMT_HEADER_ONLY)
if(ROWMILL_DCHECKS)
  add_compile_definitions(ROWMILL_DCHECKS _GLIBCXX_ASSERTIONS)
endif()
if(ROWMILL_SANITIZE)
  # Sanitizers put a check into every access; with GCC 12 at -O2 a test takes 19 s to compile, with
  # Clang 19 at -O1 seven.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
  add_compile_options(-fsanitize=${ROWMILL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ROWMILL_SANITIZE})
endif()
if(ROWMILL_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
