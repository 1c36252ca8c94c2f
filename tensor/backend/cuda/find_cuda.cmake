# SPDX-License-Identifier: Apache-2.0
# Looks for what the CUDA backend is built with: nvcc, cuDNN, cuBLAS. Sets CG_CUDA_ABSENT to the reason, in words, where
# something is missing; the engine is then built without the backend. Nothing is ever installed.
#   -DCMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON    build without it although it is there
set(CG_CUDA_ABSENT "")
find_package(CUDAToolkit 12.8 QUIET)
if(NOT CUDAToolkit_FOUND)
  set(CG_CUDA_ABSENT "no CUDA toolkit of version 12.8 or newer was there when it was built")
else()
  find_path(CG_CUDNN_INCLUDE cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_library(CG_CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 HINTS ${CUDAToolkit_LIBRARY_DIR})
  if(NOT CG_CUDNN_INCLUDE OR NOT CG_CUDNN_LIBRARY)
    set(CG_CUDA_ABSENT "cuDNN was not there when it was built")
  elseif(NOT TARGET CUDA::cublasLt)
    set(CG_CUDA_ABSENT "cuBLAS was not there when it was built")
  endif()
endif()
if(NOT CG_CUDA_ABSENT)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    # A100 and H100/H200 in machine code; newer devices translate the last one's PTX when they first load it. The presets
    # release and cuda name more.
    set(CMAKE_CUDA_ARCHITECTURES "80-real;90-real;90-virtual" CACHE STRING "Devices to compile for")
  endif()
  set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # a CMake older than this nvcc doesn't know that it can do this
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  endif()
  message(STATUS "CUDA backend: toolkit ${CUDAToolkit_VERSION}, ${CG_CUDNN_LIBRARY}, ${CMAKE_CUDA_ARCHITECTURES}")
else()
  message(STATUS "No CUDA backend: ${CG_CUDA_ABSENT}")
endif()
