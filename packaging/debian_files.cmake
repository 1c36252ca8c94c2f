# SPDX-License-Identifier: Apache-2.0
# How the package differs from the installed tree: a changelog in Debian's form, no symbols in libraries, and no copy of
# a licence that every Debian has. CPack runs this on the files of the package.
set(usr ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/runtime/usr)
set(doc ${usr}/share/doc/cortexgrad)
file(REMOVE ${doc}/LICENSE ${doc}/onednn/LICENSE)
set(ENV{LC_ALL} C)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog "cortexgrad (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n
  * What changed is in /usr/share/doc/cortexgrad/CHANGELOG.md.\n
 -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
execute_process(COMMAND gzip -9n ${doc}/changelog COMMAND_ERROR_IS_FATAL ANY)
file(CHMOD ${doc}/changelog.gz PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
if(EXISTS ${usr}/lib/cortexgrad/private/libdnnl.so.3)
  execute_process(COMMAND strip --strip-unneeded ${usr}/lib/cortexgrad/private/libdnnl.so.3 COMMAND_ERROR_IS_FATAL ANY)
endif()
