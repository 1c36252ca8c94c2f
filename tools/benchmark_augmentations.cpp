// SPDX-License-Identifier: Apache-2.0
// Times each augmentation on one thread, as the loader runs it, with all volumes changed. Gives milliseconds of
// processor time per volume, which other programs on the machine disturb less than wall-clock time.
//   benchmark_augmentations --size 91 109 91 --volumes 64
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>

#include "data/augment/augmentations.h"
#include "experiments/program/command_line.h"

namespace {

using namespace cg;

constexpr const char* examples = R"(
Examples:
  benchmark_augmentations
  benchmark_augmentations --size 46 55 46 --volumes 16
)";

/// The options, with all probabilities 1.
AugmentOptions always(std::vector<std::string> names) {
  AugmentOptions options;
  options.apply = std::move(names);
  for (const auto& field : augment_fields())
    if (field.key.ends_with(".probability")) field.set(options, 1.0);
  return options;
}

/// The milliseconds of each of `volumes` volumes, ascending.
std::vector<double> measure(const Augment& augment, const VoxelGrid& grid, Index volumes) {
  std::vector<float> volume(static_cast<std::size_t>(grid.voxels()), 1.0f);
  std::vector<double> milliseconds;
  for (Index sample = -2; sample < volumes; ++sample) {  // two to warm up
    const std::clock_t start = std::clock();
    augment({.seed = 1, .sample = static_cast<std::uint32_t>(sample + 2)}, volume);
    if (sample >= 0) milliseconds.push_back(1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times each augmentation on one thread.", "benchmark_augmentations");
  std::vector<Index> size = {91, 109, 91};
  Index volumes = 64;
  app.add_option("--size", size, "volume: X Y Z in voxels")->expected(3)->check(in_range(1, 4096));
  app.add_option("--volumes", volumes, "timed repetitions")->check(in_range(1, 100000));
  app.footer(examples + exit_code_help({ErrorKind::memory}));
  return run_program(app, argc, argv, [&] {
    const VoxelGrid grid{{size[0], size[1], size[2]}, 182.0 / static_cast<double>(size[0])};
    fmt::print("{:<10} {:>10} {:>10}   ms of one core per volume of {} x {} x {}\n", "", "median", "minimum", size[0],
               size[1], size[2]);
    for (const std::string& name : augmentation_names()) {
      const auto times = measure(make_augment(always({name}), grid), grid, volumes);
      fmt::print("{:<10} {:>10.2f} {:>10.2f}\n", name, times[times.size() / 2], times.front());
    }
    return 0;
  });
}
