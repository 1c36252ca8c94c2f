// SPDX-License-Identifier: Apache-2.0
// Times all engines of cuDNN for the convolutions of a training step on a GPU, and writes a table with the fastest
// ones.
//   sweep_engines dynlocrep --seconds 60 --table engines.txt       then CORTEXGRAD_ENGINES=engines.txt run_experiment …
// Read next: tensor/backend/engine_sweep.h (the choice), tensor/backend/engine_table.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/files/storage.h"
#include "experiments/config/config.h"
#include "experiments/memory/convolution_plans.h"
#include "experiments/program/command_line.h"
#include "experiments/program/stopwatch.h"
#include "experiments/training/cohort.h"
#include "experiments/training/setup.h"
#include "tensor/backend/engine_sweep.h"

namespace {

using namespace cg;
using Json = nlohmann::ordered_json;

constexpr const char* examples = R"(
Examples:
  sweep_engines dynlocrep --seconds 60 --table engines.txt     on a GPU: the published network
  sweep_engines quickstart train.batch_size=16 --table small.txt
  sweep_engines --device H200 --list                           the candidates, for a GPU that need not exist here
The environment variable CORTEXGRAD_ENGINES=engines.txt makes every program use the table.
)";

struct Arguments {
  std::string config = "dynlocrep", device = "cuda", table;
  std::vector<std::string> overrides;
  double seconds = 60;
  bool list = false, overwrite = false;
};

/// What is summed up at the end: milliseconds of the convolutions of a step.
struct Totals {
  std::size_t problems = 0;
  double heuristics = 0, table = 0;
};

Config read_config(Arguments arguments) {
  if (arguments.config.find('=') != std::string::npos) {  // no configuration, but a setting
    arguments.overrides.insert(arguments.overrides.begin(), arguments.config);
    arguments.config = Arguments().config;
  }
  const auto names_precision = [](const std::string& word) { return word.starts_with("model.precision="); };
  if (std::ranges::none_of(arguments.overrides, names_precision))
    arguments.overrides.push_back("model.precision=bfloat16");
  const auto file = find_config(arguments.config, source_root() / "experiments");
  return parse_config(read_source(file.string(), arguments.overrides));
}

std::unique_ptr<Backend> choose_target(const Arguments& arguments) {
  if (std::ranges::find(device_names, arguments.device) != device_names.end()) return choose_backend(arguments.device);
  if (!arguments.list)
    fail(ErrorKind::usage, "--device " + arguments.device,
         "this machine can list the engines of this device, but not time them",
         "Add --list, or run with --device cuda on a machine with the GPU.");
  std::string why;
  const CudaModule* module = cuda_module(why);
  if (!module) fail(ErrorKind::device, "--device " + arguments.device, why, "Build on a machine with CUDA and cuDNN.");
  return module->make_planner(arguments.device, {});
}

Json described(const EngineEntry& entry, Index uses) {
  return {{"problem", shapes_text(entry.problem)},
          {"direction", name_of(entry.problem.direction)},
          {"adds", entry.problem.adds},
          {"type", name_of(entry.problem.dtype)},
          {"uses", uses},
          {"gflop", operations(entry.problem) / 1e9},
          {"engine", entry.engine},
          {"knobs", to_string(entry.knobs)},
          {"workspace", entry.workspace}};
}

void print_lines(const SweptProblem& swept, Index uses) {
  for (std::size_t k = 0; k < swept.measured.size(); ++k) {
    const auto& [entry, timing] = swept.measured[k];
    Json line = described(entry, uses);
    if (timing.failure.empty()) {
      line["ms"] = timing.milliseconds;
      line["tflops"] = operations(entry.problem) / 1e9 / timing.milliseconds;
    } else {
      line["failure"] = timing.failure;
    }
    if (timing.slow) line["slow"] = true;
    if (timing.failure.empty() && !timing.slow) {
      line["equal_bits"] = timing.equal_bits;
      line["error_to_first"] = timing.error_to_first;  // null: not finite
    }
    line["chosen"] = swept.chosen == k;
    fmt::print("{}\n", line.dump());
  }
  std::fflush(stdout);
}

void add(const SweptProblem& swept, Index uses, Totals& totals) {
  ++totals.problems;
  if (!swept.chosen) return;
  const auto per_step = [&](const MeasuredEngine& engine) {
    return static_cast<double>(uses) * engine.timing.milliseconds;
  };
  // The heuristics' choice; where it could not run, what they would have cost is not known.
  const bool ran = swept.measured.front().timing.milliseconds > 0;
  totals.heuristics += per_step(swept.measured[ran ? 0 : *swept.chosen]);
  totals.table += per_step(swept.measured[*swept.chosen]);
}

int time_engines(const Arguments& arguments, const std::vector<StepProblem>& problems, const CudaModule& module,
                 Backend& backend, Clock::time_point start) {
  const auto in_time = [&] { return seconds_since(start) < arguments.seconds; };
  EngineTable table;
  if (std::filesystem::exists(arguments.table)) table = EngineTable::read(arguments.table);
  Totals totals;
  for (const StepProblem& step : problems) {
    if (!in_time()) break;
    const SweptProblem swept = sweep(*module.make_sweep(backend, step.problem), in_time);
    print_lines(swept, step.uses);
    add(swept, step.uses, totals);
    if (!swept.chosen) continue;
    table.put(swept.measured[*swept.chosen].entry);
    if (!arguments.table.empty()) write_output(arguments.table, table.text(), true);
  }
  fmt::print(stderr,
             "{} of {} problems in {:.0f} s. A step's convolutions that were timed: {:.3f} ms with the heuristics' "
             "engines, {:.3f} ms with the table's.\n",
             totals.problems, problems.size(), seconds_since(start), totals.heuristics, totals.table);
  if (totals.problems < problems.size())
    fmt::print(stderr, "The time is over: the other problems keep their engines.\n");
  return 0;
}

int run(const Arguments& arguments) {
  const auto start = Clock::now();
  if (arguments.list && !arguments.table.empty())
    fail(ErrorKind::usage, "--table", "engines that are only listed have no times", "Remove --table or --list.");
  require_new(arguments.table, arguments.overwrite);
  const Config config = read_config(arguments);
  const auto backend = choose_target(arguments);
  std::string why;
  const CudaModule* module = backend->device() == Device::cuda ? cuda_module(why) : nullptr;
  if (!module)
    fail(ErrorKind::device, "--device " + arguments.device, "this device has no cuDNN engines",
         "Give a GPU: --device cuda.");
  const LearnerOptions options = learner_options(config, volume_shape(config.data), *backend, config.seeds[0]);
  const auto problems = step_problems(convolution_plans(options, config.train.batch_size, *module, *backend));
  if (!arguments.list) return time_engines(arguments, problems, *module, *backend, start);
  for (const StepProblem& step : problems) {
    const auto sweep = module->make_sweep(*backend, step.problem);
    for (const EngineEntry& entry : sweep->candidates()) fmt::print("{}\n", described(entry, step.uses).dump());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Times cuDNN's engines for the convolutions of a training step and writes a table with the fastest.",
               "sweep_engines");
  app.add_option("CONFIG", arguments.config, "TOML file, or the name of a file in experiments/")->capture_default_str();
  app.add_option("SETTING", arguments.overrides,
                 "KEY=VALUE: options to change; model.precision is bfloat16 if not given");
  add_planned_device_option(app, arguments.device, "with --list");
  app.add_option("--seconds", arguments.seconds, "time limit; problems with the most operations come first")
      ->check(in_range(1, 86400))
      ->capture_default_str();
  app.add_option("--table", arguments.table, "the table to write, after every problem");
  app.add_flag("--list", arguments.list, "print the candidates without timing them");
  app.add_flag("--overwrite", arguments.overwrite,
               "change a table that exists: entries for other GPUs and problems stay");
  app.footer(examples + exit_code_help({ErrorKind::memory, ErrorKind::device, ErrorKind::storage, ErrorKind::in_use}));
  return run_program(app, argc, argv, [&] { return run(arguments); });
}
