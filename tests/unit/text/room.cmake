# PCRE2 is the oracle of the pre-tokenisers and of nothing else: Rowmill itself links no regular
# expression engine. Without it that one test skips.
pkg_check_modules(PCRE2 IMPORTED_TARGET libpcre2-8)
if(PCRE2_FOUND)
  target_link_libraries(test_text PRIVATE PkgConfig::PCRE2)
  target_compile_definitions(test_text PRIVATE ROWMILL_HAVE_PCRE2)
endif()
