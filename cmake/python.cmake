# The extension module rowmill._core (src/python) for the package in python/rowmill. Python and nanobind
# are those of ROWMILL_PYTHON_EXECUTABLE, or of the build that pip runs; where there is no nanobind, as in
# a build that wants the program alone, the module is left out.
if(ROWMILL_PYTHON_EXECUTABLE)
  set(Python_EXECUTABLE ${ROWMILL_PYTHON_EXECUTABLE})
endif()
find_package(Python 3.9 COMPONENTS Interpreter Development.Module QUIET)
if(Python_FOUND)
  execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir OUTPUT_VARIABLE nanobind_ROOT
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  find_package(nanobind CONFIG QUIET)
endif()
if(nanobind_FOUND)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/python/*.cc)
  nanobind_add_module(rowmill_core NB_STATIC NB_SUPPRESS_WARNINGS ${sources})
  # Its own sources are not ours to warn about.
  target_compile_options(nanobind-static PRIVATE -w)
  set_target_properties(rowmill_core PROPERTIES OUTPUT_NAME _core
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/python/rowmill)
  target_link_libraries(rowmill_core PRIVATE rowmill_cli)
  if(SKBUILD)
    install(TARGETS rowmill_core LIBRARY DESTINATION rowmill)
  else()
    # The package as it is imported from the build folder: the module beside links to the sources.
    file(GLOB modules RELATIVE ${CMAKE_SOURCE_DIR}/python/rowmill CONFIGURE_DEPENDS
         ${CMAKE_SOURCE_DIR}/python/rowmill/*.py)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/python/rowmill)
    foreach(name ${modules})
      file(CREATE_LINK ${CMAKE_SOURCE_DIR}/python/rowmill/${name}
           ${CMAKE_BINARY_DIR}/python/rowmill/${name} SYMBOLIC)
    endforeach()
  endif()
elseif(SKBUILD)
  message(FATAL_ERROR "The Python module needs nanobind and Python's headers")
endif()
