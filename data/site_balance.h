// Batches in which every site has its say: a large site fills a plain batch, and what tells its scanner from others
// can then pass for age.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tensor/random.h"

namespace cg {

/// An epoch's order for batches of `batch_size`, as many places as subjects: each batch takes one subject of each site
/// in turn, sites in random order, until it is full. A site's subjects come in random order, all of them before one
/// comes again; none comes twice in a batch. So small sites' subjects come more than once an epoch, and some of large
/// sites' not at all. `sites`: of each subject, in the order of `subjects`.
std::vector<Index> site_balanced_order(std::span<const Index> subjects, std::span<const std::string> sites,
                                       Index batch_size, Random& random);

}  // namespace cg
