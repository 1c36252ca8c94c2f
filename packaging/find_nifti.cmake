# SPDX-License-Identifier: Apache-2.0
# The target cortexgrad::nifti: Debian's libnifti2, whose own package file asks for programs that Debian puts elsewhere.
# Part of the build, and of the installed find_package(cortexgrad).
find_library(CORTEXGRAD_NIFTI_LIBRARY nifti2)
find_path(CORTEXGRAD_NIFTI_INCLUDE nifti2_io.h PATH_SUFFIXES nifti)
mark_as_advanced(CORTEXGRAD_NIFTI_LIBRARY CORTEXGRAD_NIFTI_INCLUDE)
if(CORTEXGRAD_NIFTI_LIBRARY AND CORTEXGRAD_NIFTI_INCLUDE AND NOT TARGET cortexgrad::nifti)
  add_library(cortexgrad::nifti INTERFACE IMPORTED)
  target_link_libraries(cortexgrad::nifti INTERFACE ${CORTEXGRAD_NIFTI_LIBRARY})
  target_include_directories(cortexgrad::nifti SYSTEM INTERFACE ${CORTEXGRAD_NIFTI_INCLUDE})
endif()
