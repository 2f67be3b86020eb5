# Compiler, linker and cache settings that every target shares. They are set globally, before any target, because
# a precompiled header is only reusable where the flags are the same.

find_program(TK_CCACHE ccache)
if(TK_CCACHE)
  # Through the launcher, so that plain `ninja` in a build folder has the same cache settings as a preset.
  set(tk_launcher env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" "${TK_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${tk_launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${tk_launcher})
endif()

# Debian's lld-14 has ld.lld only under llvm-14/bin: -B lets GCC and Clang find it there.
find_program(TK_LLD ld.lld HINTS /usr/lib/llvm-14/bin)
if(TK_LLD AND NOT (TK_LTO AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"))
  get_filename_component(tk_lld_dir "${TK_LLD}" DIRECTORY)
  add_link_options(-fuse-ld=lld "-B${tk_lld_dir}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual)
if(TK_WERROR)
  add_compile_options(-Werror)
endif()
# A hot server wants frame pointers for profiles that can be read; the cost is under 1 %.
add_compile_options(-fno-omit-frame-pointer)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Clang 14 has C++20 coroutines but does not say so, and libstdc++ 12 asks: see the header.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${CMAKE_SOURCE_DIR}/cmake/compat/clang14_coroutine.h>")
  if(TK_PCH)
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
else()
  # GCC 12 warns in its own library and in Boost when it inlines; these are known false alarms of that version.
  add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds
                      -Wno-restrict -Wno-dangling-pointer)
  # Joined units include sources, and GCC then takes their anonymous namespaces for a header's.
  add_compile_options(-Wno-subobject-linkage)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fcoroutines>")
  if(TK_PCH)
    add_compile_options(-fpch-preprocess)
  endif()
endif()

if(TK_SANITIZE)
  add_compile_options("-fsanitize=${TK_SANITIZE}" -fno-sanitize-recover=all)
  add_link_options("-fsanitize=${TK_SANITIZE}")
endif()
if(TK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(TK_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()

# Two compile jobs at most per 2 GB would be enough for Beast-heavy files; linking is memory-bound, so one at a time.
set_property(GLOBAL PROPERTY JOB_POOLS link_pool=1)
set(CMAKE_JOB_POOL_LINK link_pool)
