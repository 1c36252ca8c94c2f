# SPDX-License-Identifier: Apache-2.0
# The .deb of the programs, by `cpack` in the build's folder; tools/package.sh builds one for other machines than this.
# It has no CUDA backend: NVIDIA's libraries are in no package that it could name.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cortexgrad)
set(CPACK_PACKAGE_VENDOR "The Cortexgrad authors")
set(CG_MAINTAINER "The Cortexgrad authors <cortexgrad@localhost>" CACHE STRING "Of a package: NAME <ADDRESS>")
set(CPACK_PACKAGE_CONTACT "${CG_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME cortexgrad)
set(CPACK_DEBIAN_RUNTIME_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION science)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)  # Depends, from what the programs are linked with
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS python3)  # convert_pth
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONFLICTS predict)  # another program of this name
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "brain age from stiffness maps, by contrastive learning
Cortexgrad trains a 3D ResNet-18 on brain volumes with contrastive losses and
predicts the age of a brain. The programs import a laboratory's scans, train,
predict, and show cohorts, losses, saliency and memory.
Compiled for: ${CG_ARCH_NAME}.")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/debian_files.cmake)
include(CPack)
