# The module that reads and writes Parquet (src/parquet): a shared library over the Arrow C++ of the pyarrow
# wheel, which the program loads where a Parquet file is read or written. pyarrow is that of ROWMILL_PYARROW,
# of the environment that scripts/setup.sh makes, or of the Python module's own interpreter. Where there is
# none the module is left out, and Parquet files end a run with exit code 6.
#
# Not with sanitizers, which would take containers that cross the border to Arrow's own, uninstrumented code
# for overflown ones; nor in wheels, which would tie their users to one version of pyarrow.
set(ROWMILL_PYARROW "" CACHE PATH "The folder of the package pyarrow, with include/ and libparquet.so.*")
if(CMAKE_CROSSCOMPILING OR ROWMILL_SANITIZE OR SKBUILD)
  return()
endif()
set(pyarrow ${ROWMILL_PYARROW})
if(NOT pyarrow)
  file(GLOB pyarrow ${CMAKE_SOURCE_DIR}/build/arrow/lib/python3*/site-packages/pyarrow)
endif()
if(NOT pyarrow AND ROWMILL_PYTHON_EXECUTABLE)
  execute_process(COMMAND ${ROWMILL_PYTHON_EXECUTABLE} -c "import pyarrow; print(pyarrow.__path__[0])"
                  OUTPUT_VARIABLE pyarrow OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT pyarrow)
  message(STATUS "No pyarrow: Parquet files will not be read; see scripts/setup.sh")
  return()
endif()
# Their names carry the version of the ABI, and there are no names without it.
file(GLOB arrow_libraries ${pyarrow}/libarrow.so.* ${pyarrow}/libparquet.so.*)
list(LENGTH arrow_libraries num_arrow_libraries)
if(NOT num_arrow_libraries EQUAL 2 OR NOT EXISTS ${pyarrow}/include/parquet/arrow/reader.h)
  message(STATUS "${pyarrow} has no libarrow, libparquet or headers: Parquet files will not be read")
  return()
endif()
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/parquet/*.cc)
add_library(rowmill_parquet MODULE ${sources})
target_include_directories(rowmill_parquet PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_include_directories(rowmill_parquet SYSTEM PRIVATE ${pyarrow}/include)
target_link_libraries(rowmill_parquet PRIVATE ${arrow_libraries})
# The package's folder where the module is built; where it is installed, its own, with copies beside it.
set_target_properties(rowmill_parquet PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
                      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
                      BUILD_RPATH ${pyarrow} INSTALL_RPATH "$ORIGIN")
add_dependencies(rowmill rowmill_parquet)
install(TARGETS rowmill_parquet LIBRARY DESTINATION lib/rowmill)
install(FILES ${arrow_libraries} DESTINATION lib/rowmill)
if(ROWMILL_PYTHON)
  # Beside the Python module too, where the package is imported from the build folder.
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/python/rowmill)
  file(CREATE_LINK ${CMAKE_BINARY_DIR}/librowmill_parquet.so
       ${CMAKE_BINARY_DIR}/python/rowmill/librowmill_parquet.so SYMBOLIC)
endif()
