# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: a tree that works from any place (docs/install.md). It is the same on every system, so that
# programs find their files from their own place:
#   bin                  programs              lib/cortexgrad/private oneDNN, the CUDA backend: for these programs alone
#   share/cortexgrad     experiments            share/doc/cortexgrad  pages, licences
#   include, lib         headers and libraries, with files for find_package and pkg-config
# Components: runtime, cuda, development.
include(CMakePackageConfigHelpers)

# Programs. Measurements and the teaching program stay in the source tree.
set(CG_PROGRAMS run_experiment)
foreach(source ${tools})
  get_filename_component(name ${source} NAME_WE)
  if(NOT name MATCHES "^(benchmark.*|engine_example)$")
    list(APPEND CG_PROGRAMS ${name})
  endif()
endforeach()
add_custom_target(programs DEPENDS ${CG_PROGRAMS})
set_target_properties(${CG_PROGRAMS} PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/cortexgrad/private")
install(TARGETS ${CG_PROGRAMS} RUNTIME DESTINATION bin COMPONENT runtime)
install(PROGRAMS tools/convert_pth.py DESTINATION lib/cortexgrad COMPONENT runtime)
install(FILES tools/arguments.py DESTINATION lib/cortexgrad COMPONENT runtime)
file(CREATE_LINK ../lib/cortexgrad/convert_pth.py ${CMAKE_BINARY_DIR}/convert_pth SYMBOLIC)
install(FILES ${CMAKE_BINARY_DIR}/convert_pth DESTINATION bin COMPONENT runtime)

file(GLOB experiments CONFIGURE_DEPENDS experiments/*.toml)
install(FILES ${experiments} DESTINATION share/cortexgrad/experiments COMPONENT runtime)
set(doc share/doc/cortexgrad)
install(FILES README.md CHANGELOG.md SECURITY.md CITATION.cff LICENSE packaging/copyright DESTINATION ${doc}
        COMPONENT runtime)
install(DIRECTORY docs DESTINATION ${doc} COMPONENT runtime)

# oneDNN: the wheels' library comes along; one of the system stays where it is.
set(wheels ${PROJECT_SOURCE_DIR}/build/onednn)
get_target_property(onednn DNNL::dnnl LOCATION)
file(REAL_PATH ${onednn} onednn)
cmake_path(IS_PREFIX wheels ${onednn} CG_ONEDNN_BUNDLED)
if(CG_ONEDNN_BUNDLED)
  install(FILES ${onednn} RENAME libdnnl.so.3 DESTINATION lib/cortexgrad/private COMPONENT runtime)
  install(DIRECTORY ${wheels}/share/doc/onednn DESTINATION ${doc} COMPONENT runtime)
endif()
if(CG_UMAP_FOUND)
  install(DIRECTORY ${CG_ASSORTHEAD}/../licenses/ DESTINATION ${doc}/assorthead COMPONENT runtime)
endif()
if(TARGET cortexgrad_cuda)  # CUDA's own libraries stay where they are
  set_target_properties(cortexgrad_cuda PROPERTIES INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS cortexgrad_cuda LIBRARY DESTINATION lib/cortexgrad/private COMPONENT cuda)
endif()

# Libraries. Each folder's target is in a file of its own, so that find_package needs only what its COMPONENTS use.
set(config lib/cmake/cortexgrad)
set(CG_USES_TABLE "")
set(folders tensor autograd layers losses optim data experiments)
foreach(folder options ${folders})
  set_target_properties(cg_${folder} PROPERTIES EXPORT_NAME ${folder})
  install(TARGETS cg_${folder} EXPORT cortexgrad-${folder} ARCHIVE DESTINATION lib COMPONENT development)
  install(EXPORT cortexgrad-${folder} NAMESPACE cortexgrad:: DESTINATION ${config} COMPONENT development)
  if(NOT folder STREQUAL options)
    string(APPEND CG_USES_TABLE "set(cortexgrad_uses_${folder} \"${CG_USES_${folder}}\")\n")
    install(DIRECTORY ${folder} DESTINATION include/cortexgrad COMPONENT development FILES_MATCHING PATTERN "*.h"
            PATTERN backend/cpu EXCLUDE PATTERN backend/cuda EXCLUDE)  # how kernels are written, not how they are used
  endif()
endforeach()
configure_package_config_file(packaging/cortexgrad-config.cmake.in cortexgrad-config.cmake
                              INSTALL_DESTINATION ${config})
write_basic_package_version_file(cortexgrad-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cortexgrad-config.cmake packaging/find_nifti.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/cortexgrad-config-version.cmake DESTINATION ${config} COMPONENT development)

function(cg_pc_file name description requires)  # libraries: the rest of the arguments
  list(TRANSFORM ARGN PREPEND "-lcortexgrad_" OUTPUT_VARIABLE libraries)
  list(JOIN libraries " " CG_PC_LIBS)
  set(CG_PC_DESCRIPTION "${description}")
  set(CG_PC_REQUIRES "${requires}")
  set(CG_PC_CFLAGS "-fopenmp -DEIGEN_DONT_PARALLELIZE ${CG_ARCH_FLAG}")
  if(name STREQUAL cortexgrad AND CG_ONEDNN_BUNDLED)
    set(private "\${libdir}/cortexgrad/private")
    string(APPEND CG_PC_LIBS " -L${private} -l:libdnnl.so.3 -Wl,-rpath,${private} -fopenmp")
  elseif(name STREQUAL cortexgrad)
    string(APPEND CG_PC_LIBS " -ldnnl -fopenmp")
  else()
    string(APPEND CG_PC_LIBS " -lnifti2")
  endif()
  configure_file(packaging/cortexgrad.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION lib/pkgconfig COMPONENT development)
endfunction()
cg_pc_file(cortexgrad "Deep-learning engine: tensors, autograd, layers, losses, optimiser" "fmt eigen3"
           layers optim losses autograd tensor)
cg_pc_file(cortexgrad-data "Cohorts of brain volumes for Cortexgrad" "cortexgrad hdf5 zlib nlohmann_json libcrypto" data)
include(packaging/debian.cmake)
