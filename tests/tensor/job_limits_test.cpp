// SPDX-License-Identifier: Apache-2.0
// Limits of containers and schedulers, in folders written as the kernel writes them.
#include "tensor/job_limits.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <string>

using namespace cg;
namespace fs = std::filesystem;

namespace {

struct Groups {
  fs::path folder = fs::temp_directory_path() / ("cg-test-groups-" + std::to_string(getpid()));
  ControlGroupFiles files{folder / "membership", folder / "mount"};

  explicit Groups(const std::string& membership) {
    write("membership", membership);
    fs::create_directories(folder / "mount");
  }
  ~Groups() { fs::remove_all(folder); }
  void write(const fs::path& name, const std::string& text) const {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text << "\n";
  }
};

constexpr Index none = std::numeric_limits<Index>::max();

}  // namespace

TEST_CASE("Job limits: version 2, the least of the group and those above; the page cache counts as free") {
  const Groups groups("0::/slurm/job/step");
  CHECK(control_group_memory(groups.files) == none);
  groups.write("mount/slurm/job/step/memory.max", "max");
  groups.write("mount/slurm/job/step/memory.current", "100");
  CHECK(control_group_memory(groups.files) == none);
  groups.write("mount/slurm/job/memory.max", "5000");
  groups.write("mount/slurm/job/memory.current", "3000");
  CHECK(control_group_memory(groups.files) == 2000);
  groups.write("mount/slurm/job/memory.stat", "anon 1500\nfile 1500\ninactive_file 700\n");
  CHECK(control_group_memory(groups.files) == 2700);
  groups.write("mount/memory.max", "4000");
  groups.write("mount/memory.current", "4500");
  CHECK(control_group_memory(groups.files) == 0);
}

TEST_CASE("Job limits: version 1, a tree for each controller; its huge number means no limit") {
  const Groups groups("5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/x\n");
  groups.write("mount/memory/memory.limit_in_bytes", "9223372036854771712");
  groups.write("mount/memory/memory.usage_in_bytes", "1000");
  CHECK(control_group_memory(groups.files) == none);
  groups.write("mount/memory/docker/abc/memory.limit_in_bytes", "8000");
  groups.write("mount/memory/docker/abc/memory.usage_in_bytes", "1000");
  CHECK(control_group_memory(groups.files) == 7000);
  const int all = usable_processors(groups.files);
  CHECK(all >= 1);
  groups.write("mount/cpu/docker/abc/cpu.cfs_quota_us", "-1");
  groups.write("mount/cpu/docker/abc/cpu.cfs_period_us", "100000");
  CHECK(usable_processors(groups.files) == all);
  groups.write("mount/cpu/docker/abc/cpu.cfs_quota_us", "50000");
  CHECK(usable_processors(groups.files) == 1);
}

TEST_CASE("Job limits: processor time of version 2, rounded up, never below one; no files mean no limit") {
  const Groups groups("0::/elsewhere/of/the/host");  // in a container, the mount is the group
  const int all = usable_processors(groups.files);
  groups.write("mount/cpu.max", "max 100000");
  CHECK(usable_processors(groups.files) == all);
  groups.write("mount/cpu.max", "100000000 100000");
  CHECK(usable_processors(groups.files) == all);
  groups.write("mount/cpu.max", "20000 100000");
  CHECK(usable_processors(groups.files) == 1);
  groups.write("mount/cpu.max", "110000 100000");
  CHECK(usable_processors(groups.files) == std::min(all, 2));
  CHECK(usable_processors({"/nowhere", "/nowhere"}) == all);
  CHECK(control_group_memory({"/nowhere", "/nowhere"}) == none);
}
