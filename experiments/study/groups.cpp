// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/groups.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

namespace cg {
namespace {

/// A group's place in the list: kind, then order inside the kind, then name.
struct Group {
  int kind = 0, decade = 0;
  std::string name;
  auto operator<=>(const Group&) const = default;
};

constexpr const char* kinds[] = {"all", "age", "sex", "study"};

struct Members {
  std::set<std::string> ids;
  struct Sums {
    double error = 0, gap = 0;
    Index count = 0;
  };
  std::map<Index, Sums> by_seed;
};

/// The groups of a cell's test subject number k.
std::vector<Group> groups_of(const CellResult& cell, std::size_t k) {
  const int decade = static_cast<int>(std::floor(cell.ages[k] / 10)) * 10;
  std::vector<Group> out = {{0, 0, "all"}, {1, decade, fmt::format("{}-{}", decade, decade + 9)}};
  if (!cell.sexes.empty() && !cell.sexes[k].empty()) out.push_back({2, 0, cell.sexes[k]});
  if (!cell.studies.empty() && !cell.studies[k].empty()) out.push_back({3, 0, cell.studies[k]});
  return out;
}

GroupResult result_of(const Group& group, const Members& members) {
  std::vector<double> mae, gap;
  for (const auto& [seed, sums] : members.by_seed) {
    mae.push_back(sums.error / static_cast<double>(sums.count));
    gap.push_back(sums.gap / static_cast<double>(sums.count));
  }
  return {.by = kinds[group.kind],
          .group = group.name,
          .subjects = static_cast<Index>(members.ids.size()),
          .mae = mean_sd(mae),
          .gap = mean_sd(gap)};
}

}  // namespace

std::vector<GroupResult> group_results(const StudyPlan& plan, std::size_t study, std::size_t row,
                                       const std::vector<CellResult>& cells) {
  std::map<Group, Members> groups;
  for (const auto& [seed, of_seed] : complete_seeds(plan, study, row, cells))
    for (const CellResult* cell : of_seed)
      for (std::size_t k = 0; k < cell->ids.size(); ++k)
        for (const Group& group : groups_of(*cell, k)) {
          Members& members = groups[group];
          const double gap = cell->predicted[k] - cell->ages[k];
          members.ids.insert(cell->ids[k]);
          Members::Sums& sums = members.by_seed[seed];
          sums.error += std::abs(gap);
          sums.gap += gap;
          ++sums.count;
        }
  std::vector<GroupResult> out;
  for (const auto& [group, members] : groups) out.push_back(result_of(group, members));
  return out;
}

}  // namespace cg
