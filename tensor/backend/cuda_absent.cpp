// Linked in the place of the CUDA backend where CMake did not build it.
