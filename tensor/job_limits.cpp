// SPDX-License-Identifier: Apache-2.0
#include "tensor/job_limits.h"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace cg {
namespace {

namespace fs = std::filesystem;

constexpr Index unlimited = std::numeric_limits<Index>::max();

/// The first number of a file; no value if it is absent or says "max".
std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double value = 0;
  return in >> value ? std::optional(value) : std::nullopt;
}

/// A number after its name, in a file of lines "name number".
double named_number(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  std::string word;
  for (double value = 0; in >> word >> value;)
    if (word == name) return value;
  return 0;
}

/// The folders of this process's group and of those above it, for a controller. Version 2 has one tree ("0::/path") for
/// all controllers, version 1 one for each ("5:cpu,cpuacct:/path"). In a container the path can be that of the host,
/// which does not exist here: then the mount itself is the group.
std::vector<fs::path> groups(const ControlGroupFiles& files, const std::string& controller) {
  std::vector<fs::path> out;
  std::ifstream in(files.membership);
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool unified = names == ",,";
    if (!unified && names.find("," + controller + ",") == std::string::npos) continue;
    const fs::path mount = unified ? files.mount : files.mount / controller;
    fs::path below = fs::path(line.substr(second + 1)).relative_path();
    std::error_code none;
    for (; !below.empty(); below = below.parent_path())
      if (fs::is_directory(mount / below, none)) out.push_back(mount / below);
    out.push_back(mount);
  }
  return out;
}

}  // namespace

Index control_group_memory(const ControlGroupFiles& files) {
  Index least = unlimited;
  for (const fs::path& group : groups(files, "memory")) {
    const bool second = fs::exists(group / "memory.max");
    const auto limit = number_in(group / (second ? "memory.max" : "memory.limit_in_bytes"));
    const auto used = number_in(group / (second ? "memory.current" : "memory.usage_in_bytes"));
    if (!limit || !used || *limit > 1e18) continue;  // version 1 writes a huge number for no limit
    const double cache = named_number(group / "memory.stat", second ? "inactive_file" : "total_inactive_file");
    least = std::min(least, static_cast<Index>(std::max(*limit - *used + cache, 0.0)));
  }
  return least;
}

int usable_processors(const ControlGroupFiles& files) {
  cpu_set_t set;
  double least = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : std::thread::hardware_concurrency();
  for (const fs::path& group : groups(files, "cpu")) {
    std::optional<double> quota, period;
    if (std::ifstream in(group / "cpu.max"); in) {  // "50000 100000" or "max 100000"
      double first = 0, second = 0;
      if (in >> first >> second) quota = first, period = second;
    } else {
      quota = number_in(group / "cpu.cfs_quota_us");  // −1: no limit
      period = number_in(group / "cpu.cfs_period_us");
    }
    if (quota && period && *quota > 0 && *period > 0) least = std::min(least, std::ceil(*quota / *period));
  }
  return std::max(1, static_cast<int>(least));
}

void limit_threads() {
  if (std::getenv("OMP_NUM_THREADS") == nullptr)
    omp_set_num_threads(std::min(omp_get_max_threads(), usable_processors()));
}

}  // namespace cg
