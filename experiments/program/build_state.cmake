# SPDX-License-Identifier: Apache-2.0
# Writes TO, which defines build_state() (build_state.h): the commit of the source tree ROOT, and whether its sources
# differ from it. Runs at every build. The file changes only if they do, so that nothing else is built again.
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
