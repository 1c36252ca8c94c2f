# SPDX-License-Identifier: Apache-2.0
# Fails when a file of FOLDER includes what the table in CMakeLists.txt does not allow.
#   cmake -DFOLDER=losses -DALLOWED=tensor -DROOT=. -P tests/check_includes.cmake
# For a top-level folder, ALLOWED names top-level folders. For a folder inside one (experiments/config), ALLOWED names
# folders beside it, and includes of other top-level folders are left to the test of the folder above.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "|" ";" allowed "${ALLOWED}")
get_filename_component(above ${FOLDER} DIRECTORY)
get_filename_component(own ${FOLDER} NAME)
list(APPEND allowed ${own})
if(above)
  set(above "${above}/")
endif()
file(GLOB_RECURSE files ${ROOT}/${FOLDER}/*.h ${ROOT}/${FOLDER}/*.cpp ${ROOT}/${FOLDER}/*.cu)
if(NOT files)
  message(FATAL_ERROR "${FOLDER} has no source file. Remove its row from the table in CMakeLists.txt.")
endif()
foreach(file ${files})
  file(STRINGS ${file} lines REGEX "^#include \"${above}")
  foreach(line ${lines})
    # What follows the folder above, up to the next slash: a folder, or the name of a file that stands above.
    string(REGEX REPLACE "^#include \"${above}([^/\"]+).*" "\\1" used "${line}")
    if(NOT used IN_LIST allowed)
      message(SEND_ERROR "${file}: ${line}: ${FOLDER} may only use ${allowed}")
    endif()
  endforeach()
endforeach()
