# Toolchain file of the preset `aarch64`: builds for 64-bit ARM on another machine, with Debian's cross
# compiler and the libraries that scripts/aarch64_sysroot.sh unpacks. Programs are linked statically, so
# that they run under qemu-aarch64, and on any ARM Linux, as they are.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)

get_filename_component(ROWMILL_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-sysroot ABSOLUTE)
# Not CMAKE_SYSROOT: the C library is the compiler's own. fmt is used by its headers alone and found by
# no package, hence the include folder.
set(CMAKE_CXX_FLAGS_INIT "-isystem ${ROWMILL_SYSROOT}/usr/include -isystem ${ROWMILL_SYSROOT}/usr/include/aarch64-linux-gnu")
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_FIND_ROOT_PATH ${ROWMILL_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ROWMILL_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${ROWMILL_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${ROWMILL_SYSROOT}/usr/share/pkgconfig)
