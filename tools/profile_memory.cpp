// SPDX-License-Identifier: Apache-2.0
// Plans the memory of a training step and shows the largest buffers: by layer, at the peak, over time.
//   profile_memory quickstart --html memory.html      profile_memory dynlocrep --batch max --memory 80GB
// Nothing is computed without --measure. Read next: experiments/training/step_memory.h.
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "experiments/memory/convolution_plans.h"
#include "experiments/memory/memory_json.h"
#include "experiments/memory/memory_measure.h"
#include "experiments/memory/memory_page.h"
#include "experiments/memory/memory_text.h"
#include "experiments/program/command_line.h"
#include "experiments/program/environment.h"
#include "experiments/training/cohort.h"
#include "experiments/training/memory_check.h"
#include "experiments/training/setup.h"
#include "losses/dynlocrep.h"
#include "tensor/backend/cuda_module.h"
#include "tensor/error.h"

namespace {

using namespace cg;

constexpr const char* examples = R"(
Examples:
  profile_memory quickstart                              the table, the peak and the totals
  profile_memory quickstart --html memory.html           a page with the timeline of the step
  profile_memory dynlocrep model.precision=bfloat16 --batch 64 --csv buffers.csv
  profile_memory dynlocrep --batch max --memory 80GB     the largest batch that fits into 80 GB
  profile_memory quickstart --measure                    runs one step and compares it with the plan
  profile_memory dynlocrep --device H200 --plans         a GPU that need not exist here; cuDNN's engine per convolution
)";

struct Arguments {
  std::string config, batch, device = "auto", memory, csv, html, json;
  std::vector<std::string> overrides;
  std::vector<Index> size;
  bool measure = false, plans = false, overwrite = false;
};

/// "80GB", "1.5 GiB", "900MB" as bytes.
Index parse_bytes(const std::string& text) {
  const std::vector<std::pair<std::string, double>> units = {
      {"B", 1},           {"kB", 1e3},         {"MB", 1e6},
      {"GB", 1e9},        {"TB", 1e12},        {"KiB", 1024.0},
      {"MiB", 1048576.0}, {"GiB", 1073741824}, {"TiB", 1099511627776.0}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  unit.erase(0, unit.find_first_not_of(' '));
  for (const auto& [name, bytes] : units)
    if (error == std::errc() && unit == name && number * bytes >= 1 && number * bytes < 1e18)
      return static_cast<Index>(number * bytes);
  fail(ErrorKind::usage, "--memory", fmt::format("\"{}\" is not an amount of memory", text),
       "Write the amount as, for example, 8GB or 900MiB.");
}

/// The batch size from the command line; 0 for "max".
Index parse_batch(const std::string& text, const Config& config) {
  if (text.empty()) return config.train.batch_size;
  if (text == "max") return 0;
  Index batch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), batch);
  if (error != std::errc() || end != text.data() + text.size() || batch < 2 || batch > largest_batch_size)
    fail(ErrorKind::usage, "--batch",
         fmt::format("\"{}\": expected max, or an integer from 2 to {}", text, largest_batch_size),
         "Give a number of subjects.");
  return batch;
}

Shape volume_of(const Arguments& arguments, const Config& config) {
  if (arguments.size.empty()) return volume_shape(config.data);
  return {arguments.size[0], arguments.size[1], arguments.size[2]};
}

/// The largest batch that training accepts; prints a line about it.
Index largest_batch(StepPlanner& planner, const Backend& backend, Index free) {
  if (free <= 0)
    fail(ErrorKind::device, "--batch max", "the device does not report its free memory",
         "Give --memory, for example 80GB.");
  const auto demand = [&](Index subjects) { return Demand(planner.memory(subjects), backend); };
  const Index batch = planner.largest_batch(
      largest_batch_size, [&](const StepMemory& step) { return Demand(step, backend).total() <= free; });
  if (batch == 0)
    fail(ErrorKind::memory, "--batch max",
         fmt::format("training with batches of 2 needs {} MB ({}), but {} MB are available",
                     megabytes(demand(2).total()), to_string(demand(2)), megabytes(free)),
         "Lower model.width, or use a device with more memory.");
  if (batch == largest_batch_size)
    fmt::print("Largest batch: {}, the maximum of train.batch_size\n\n", batch);
  else
    fmt::print("Largest batch in {} MB: {}; training with {} needs {} MB: {}\n\n", megabytes(free), batch, batch + 1,
               megabytes(demand(batch + 1).total()), to_string(demand(batch + 1)));
  return batch;
}

void print_measured(const MeasuredMemory& measured, const StepMemory& planned, bool on_gpu) {
  const auto beside = [&](Index bytes) {
    const double off = 100 * (static_cast<double>(planned.total()) / static_cast<double>(bytes) - 1);
    return fmt::format("{:.1f} % {}", std::abs(off), off < 0 ? "less" : "more");
  };
  fmt::print(
      "\nMeasured: a step on random volumes took {:.{}f} s; at its peak the {} held {} MB more than the {} MB before."
      "\nPlanned:  {} MB, {}\n",
      measured.seconds, on_gpu ? 4 : 2, on_gpu ? "GPU" : "process", megabytes(measured.above()),
      megabytes(measured.baseline), megabytes(planned.total()), beside(measured.above()));
  if (measured.peak_by_nvml > 0)
    fmt::print("By NVML:  {} MB more than {} MB; planned: {}\n", megabytes(measured.above_by_nvml()),
               megabytes(measured.baseline_by_nvml), beside(measured.above_by_nvml()));
}

/// The device of the plan.
struct Target {
  std::unique_ptr<Backend> backend;
  Registry registry = Registry::standard();  // includes the kernels of a GPU that need not exist here
  bool there = true;
};

Target choose_target(const std::string& device) {
  if (std::ranges::find(device_names, device) != device_names.end()) return {.backend = choose_backend(device)};
  std::string why;
  const CudaModule* module = cuda_module(why);
  if (!module)
    fail(ErrorKind::device, "--device " + device, why, "Build on a machine with CUDA and cuDNN, or give --device cpu.");
  Target target{.backend = module->make_planner(device, {}), .there = false};
  module->add_kernels(target.registry);
  return target;
}

std::vector<PlanLine> plans_of(const LearnerOptions& options, Index batch, Backend& backend) {
  std::string why;
  if (backend.device() != Device::cuda)
    fail(ErrorKind::usage, "--plans", "only a GPU has cuDNN plans for convolutions",
         "Give --device cuda, or a GPU that need not exist here: --device H200");
  return convolution_plans(options, batch, *cuda_module(why), backend);
}

std::string properties_of(const Target& target) {
  std::string why;
  if (target.backend->device() != Device::cuda || !target.there) return "";
  return cuda_module(why)->make_meter(*target.backend)->properties();
}

std::string named(const Arguments& arguments) {
  std::string text = arguments.config;
  for (const std::string& change : arguments.overrides) text += " " + change;
  return text;
}

void check_outputs(const Arguments& arguments, const std::vector<std::string>& inputs) {
  const std::array outputs = {arguments.csv, arguments.html, arguments.json};
  require_apart(outputs);
  for (const std::string& out : outputs) {
    require_not_read(out, inputs);
    require_new(out, arguments.overwrite);
  }
}

int run(const Arguments& arguments) {
  if (arguments.config.empty())
    fail(ErrorKind::usage, "command line", "no configuration is named",
         "Give the path of a TOML file or the name of an experiment, for example quickstart");
  const std::filesystem::path file = find_config(arguments.config, source_root() / "experiments");
  Config config = parse_config(read_source(file.string(), arguments.overrides));
  check_outputs(arguments, {file.string(), config.data.cohort});
  Index batch = parse_batch(arguments.batch, config);
  const Index given = arguments.memory.empty() ? 0 : parse_bytes(arguments.memory);
  const Shape volume = volume_of(arguments, config);
  if (config.threads > 0) omp_set_num_threads(static_cast<int>(config.threads));
  const Target target = choose_target(arguments.device);
  Backend& backend = *target.backend;
  if (arguments.measure && !target.there)
    fail(ErrorKind::usage, "--measure",
         fmt::format("{} is not in this machine, so that its memory can be planned but not measured", arguments.device),
         "Remove --measure, or run with --device cuda on a machine with the GPU.");
  const Index free = given > 0 ? given : backend.free_bytes();
  const LearnerOptions options = learner_options(config, volume, backend, config.seeds[0]);

  StepPlanner planner(options, backend, target.registry);
  if (batch == 0) batch = largest_batch(planner, backend, free);
  const StepMemory memory = planner.memory(batch);
  const StepDescription step{.config = named(arguments),
                             .volume = options.volume,
                             .device = fmt::format("{}: {}", name_of(backend.device()), backend.traits().description),
                             .activations = options.activations,
                             .parameters = options.parameters,
                             .free = free,
                             .beside = Demand(memory, backend).beside};
  std::vector<PlanLine> plans;
  if (arguments.plans) plans = plans_of(options, batch, backend);
  fmt::print("{}", memory_text(memory, step, terminal_style()));
  if (arguments.plans) fmt::print("\ncuDNN's plans of the convolutions\n{}", to_string(plans));
  if (!arguments.csv.empty()) write_output(arguments.csv, memory_csv(memory.plan), arguments.overwrite);
  if (!arguments.html.empty()) write_output(arguments.html, memory_page(memory, step), arguments.overwrite);
  std::optional<MeasuredMemory> measured;
  if (arguments.measure) {
    Index& neighbours = config.loss.own.of<DynLocRep>().final_neighbours;
    neighbours = std::min(neighbours, batch);
    measured = measure_step(backend, options, config.loss, batch);
    print_measured(*measured, memory, backend.device() == Device::cuda);
  }
  if (!arguments.json.empty())
    write_output(arguments.json, memory_json(memory, step, plans, measured, properties_of(target)),
                 arguments.overwrite);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Plans the memory of a training step and shows it by layer, over time, and at the peak.",
               "profile_memory");
  app.add_option("CONFIG", arguments.config, "TOML file, or the name of a file in experiments/");
  app.add_option("SETTING", arguments.overrides, "KEY=VALUE: options to change, e.g. model.precision=bfloat16");
  app.add_option("--batch", arguments.batch,
                 "subjects in the batch (default: train.batch_size), or max: the largest batch that fits");
  add_planned_device_option(app, arguments.device, "");
  app.add_option("--size", arguments.size, "D H W in voxels, instead of the size of the cohort's volumes")
      ->expected(3)
      ->allow_extra_args(false)  // what follows is a key=value
      ->check(in_range(1, 2048));
  app.add_option("--memory", arguments.memory,
                 "memory that may be used, e.g. 8GB (default: the free memory of the device)");
  app.add_option("--csv", arguments.csv, "write one line per buffer to this file");
  app.add_option("--html", arguments.html, "write a page with the timeline of the step to this file");
  app.add_option("--json", arguments.json, "write all results to this file");
  add_overwrite(app, arguments.overwrite);
  app.add_flag("--plans", arguments.plans, "on a GPU: cuDNN's engine and scratch memory for each convolution");
  app.add_flag("--measure", arguments.measure,
               "run one step on random volumes and compare its real peak with the plan");
  app.footer(examples + exit_code_help({ErrorKind::data, ErrorKind::corrupt, ErrorKind::memory, ErrorKind::device,
                                        ErrorKind::storage, ErrorKind::in_use}));
  return run_program(app, argc, argv, [&] { return run(arguments); });
}
