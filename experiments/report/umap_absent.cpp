// SPDX-License-Identifier: Apache-2.0
// Linked where assorthead's headers are missing.
#include "experiments/report/umap.h"
#include "tensor/error.h"

namespace cg {

bool has_umap() { return false; }

std::vector<double> umap(std::span<const double>, std::size_t, const UmapOptions&) {
  fail(ErrorKind::usage, "umap", "this program was built without UMAP",
       "Run tools/install_dependencies.sh, which downloads its headers, and build again");
}

}  // namespace cg
