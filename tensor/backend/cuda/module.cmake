# SPDX-License-Identifier: Apache-2.0
# libcortexgrad_cuda.so: every file below this folder, with its own copy of the few functions of cg_tensor that it uses.
file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS tensor/backend/cuda/*.cpp tensor/backend/cuda/*.cu)
# The table of engines goes into the module as text.
set(engines tensor/backend/cuda/library)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${engines}/engines.txt)
file(READ ${engines}/engines.txt CG_ENGINES)
configure_file(${engines}/built_in_engines.cpp.in built_in_engines.cpp @ONLY)
add_library(cortexgrad_cuda MODULE ${cuda_sources} ${CMAKE_CURRENT_BINARY_DIR}/built_in_engines.cpp)
set_target_properties(cortexgrad_cuda PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin
  CUDA_RUNTIME_LIBRARY Static
  CXX_VISIBILITY_PRESET hidden
  CUDA_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)
target_include_directories(cortexgrad_cuda SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS} ${CG_CUDNN_INCLUDE})
# nvcc: warnings of both of its compilers are errors, and so is a register that spills to memory.
target_compile_options(cortexgrad_cuda PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:--expt-relaxed-constexpr \
-Werror=all-warnings -Xptxas=-warn-spills,-Werror -Xcompiler=-Wall,-Wextra,-Wshadow,-Werror,-fopenmp>")
list(JOIN CMAKE_CUDA_ARCHITECTURES " " architectures)
set_source_files_properties(tensor/backend/cuda/module.cpp PROPERTIES COMPILE_DEFINITIONS
                            "CG_CUDA_ARCHITECTURES=\"${architectures}\"")
# Nothing of it is seen outside but its one entry; of cg_tensor's own libraries it needs none.
target_link_options(cortexgrad_cuda PRIVATE LINKER:--as-needed LINKER:--exclude-libs,ALL LINKER:--no-undefined)
target_link_libraries(cortexgrad_cuda PRIVATE cg_tensor CUDA::cudart_static CUDA::cublasLt ${CG_CUDNN_LIBRARY})
