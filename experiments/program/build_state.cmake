# SPDX-License-Identifier: Apache-2.0
# Records in a program from which sources it was built (build_state.h): the commit of the source tree, and whether its
# sources differ from it. Every build runs this file as a script, which writes build_state.cpp; the file changes only if
# the state does, so that nothing else is built again.

# Links a target with build_state(). build_state.always never exists, so that every build asks git.
function(cg_record_build_state target)
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_FILE})
  add_custom_command(OUTPUT build_state.always BYPRODUCTS build_state.cpp DEPENDS ${script} VERBATIM
                     COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DTO=build_state.cpp -P ${script})
  set_source_files_properties(build_state.always PROPERTIES SYMBOLIC TRUE)
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/build_state.cpp
                                   ${CMAKE_CURRENT_BINARY_DIR}/build_state.always)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE)
  return()
endif()
set(commit unknown)
set(sources unknown)
execute_process(COMMAND git -C ${ROOT} rev-parse --show-toplevel HEAD OUTPUT_VARIABLE found RESULT_VARIABLE failed
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
file(REAL_PATH ${ROOT} root)
string(REGEX MATCH "[0-9a-f]+$" head "${found}")
# An archive may be unpacked inside another repository, whose commit says nothing about it.
if(failed EQUAL 0 AND found STREQUAL "${root}\n${head}")
  # What programs are built from: new files count, results and notes do not.
  execute_process(COMMAND git -C ${ROOT} status --porcelain --untracked-files=all -- *.cpp *.h *.cu *.cmake *.in
                          CMakeLists.txt CMakePresets.json tools/explain_loss :!tests OUTPUT_VARIABLE changes
                  RESULT_VARIABLE failed ERROR_QUIET)
  if(failed EQUAL 0)
    set(commit ${head})
    set(sources clean)
    if(changes)
      set(sources changed)
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT ${TO} CONTENT [[
#include "experiments/program/build_state.h"
cg::BuildState cg::build_state() { return {"@commit@", "@sources@"}; }
]] @ONLY)
