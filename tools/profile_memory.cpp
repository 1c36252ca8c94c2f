// Plans the memory of a training step and shows who holds it: by layer, at the peak, over time.
//   profile_memory quickstart --html memory.html      profile_memory dynlocrep --batch max --memory 80GB
// Nothing is computed unless --measure asks for it. Read next: experiments/runner/step_memory.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "data/storage.h"
#include "experiments/analysis/memory_measure.h"
#include "experiments/analysis/memory_page.h"
#include "experiments/analysis/memory_text.h"
#include "experiments/runner/cohort.h"
#include "experiments/runner/environment.h"
#include "experiments/runner/program.h"
#include "experiments/runner/setup.h"
#include "losses/registry.h"
#include "tensor/error.h"

namespace {

using namespace cg;

constexpr const char* footer = R"(
Examples:
  profile_memory quickstart                              the table, the peak and the totals
  profile_memory quickstart --html memory.html           a page with the timeline of the step
  profile_memory dynlocrep model.precision=bfloat16 --batch 64 --csv buffers.csv
  profile_memory dynlocrep --batch max --memory 80GB     the largest batch that fits into 80 GB
  profile_memory quickstart --measure                    runs one step beside the estimate

Exit codes:
  0 done   2 usage or configuration   3 data   4 corrupt file   6 memory: no batch fits   7 device missing
  8 storage   1 a fault of this program)";

struct Arguments {
  std::string config, batch, device = "auto", memory, csv, html;
  std::vector<std::string> overrides;
  std::vector<Index> size;
  bool measure = false;
};

/// "80GB", "1.5 GiB", "900MB" as bytes.
Index parse_bytes(const std::string& text) {
  const std::vector<std::pair<std::string, double>> units = {
      {"", 1},      {"B", 1},        {"kB", 1e3},        {"MB", 1e6},         {"GB", 1e9},
      {"TB", 1e12}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824}, {"TiB", 1099511627776.0}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  unit.erase(0, unit.find_first_not_of(' '));
  for (const auto& [name, bytes] : units)
    if (error == std::errc() && unit == name && number * bytes >= 1 && number * bytes < 1e18)
      return static_cast<Index>(number * bytes);
  fail(ErrorKind::usage, "--memory", fmt::format("\"{}\" is no amount of memory", text), "Write it as 8GB or 900MiB.");
}

/// A batch of the command line; 0 for "max".
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

/// The largest batch that fits, with a line about it.
Index largest_batch(StepPlanner& planner, Index free) {
  if (free <= 0)
    fail(ErrorKind::device, "--batch max", "the device does not say how much memory is free",
         "Give --memory, for example 80GB.");
  const Index batch =
      planner.largest_batch(largest_batch_size, [free](const StepMemory& step) { return step.total() <= free; });
  if (batch == 0)
    fail(ErrorKind::memory, "--batch max",
         fmt::format("a step of 2 subjects needs {} MB, and {} MB are to be had", megabytes(planner.memory(2).total()),
                     megabytes(free)),
         "Lower model.width, or use a device with more memory.");
  if (batch == largest_batch_size)
    fmt::print("Largest batch: {}, the most that train.batch_size takes\n\n", batch);
  else
    fmt::print("Largest batch in {} MB: {}; {} would need {} MB\n\n", megabytes(free), batch, batch + 1,
               megabytes(planner.memory(batch + 1).total()));
  return batch;
}

void print_measured(const MeasuredMemory& measured, const StepMemory& planned) {
  const double off = 100 * (static_cast<double>(planned.total()) / static_cast<double>(measured.above()) - 1);
  fmt::print(
      "\nMeasured: a step on random volumes took {:.2f} s; at its peak the process held {} MB more than the {} MB "
      "before."
      "\nPlanned:  {} MB, {:.1f} % {}\n",
      measured.seconds, megabytes(measured.above()), megabytes(measured.baseline), megabytes(planned.total()),
      std::abs(off), off < 0 ? "less" : "more");
}

std::string named(const Arguments& arguments) {
  std::string text = arguments.config;
  for (const std::string& change : arguments.overrides) text += " " + change;
  return text;
}

int run(const Arguments& arguments) {
  if (arguments.config.empty())
    fail(ErrorKind::usage, "command line", "no configuration is named",
         "Give the path of a TOML file or the name of an experiment, for example quickstart");
  const std::filesystem::path file = find_config(arguments.config, source_root() / "experiments");
  Config config = parse_config(read_source(file.string(), arguments.overrides));
  Index batch = parse_batch(arguments.batch, config);
  const Index given = arguments.memory.empty() ? 0 : parse_bytes(arguments.memory);
  const Shape volume = volume_of(arguments, config);
  const auto backend = choose_backend(arguments.device);
  const Index free = given > 0 ? given : backend->free_bytes();
  const LearnerOptions options = learner_options(config, volume, *backend, config.seeds[0]);

  StepPlanner planner(options, *backend);
  if (batch == 0) batch = largest_batch(planner, free);
  const StepMemory memory = planner.memory(batch);
  const StepDescription step{.config = named(arguments),
                             .volume = options.volume,
                             .device = fmt::format("{}: {}", name_of(backend->device()), backend->description()),
                             .activations = options.activations,
                             .parameters = options.parameters,
                             .free = free};
  fmt::print("{}", memory_text(memory, step, terminal_style()));
  if (!arguments.csv.empty()) write_atomically(arguments.csv, memory_csv(memory.plan));
  if (!arguments.html.empty()) write_atomically(arguments.html, memory_page(memory, step));
  if (arguments.measure) {
    config.loss.final_neighbours = std::min(config.loss.final_neighbours, batch);
    print_measured(measure_step(*backend, options, make_loss(config.loss), batch), memory);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Plans the memory of a training step and shows which layer holds it, when, and at the peak.",
               "profile_memory");
  app.add_option("CONFIG", arguments.config, "TOML file, or the name of one in experiments/");
  app.add_option("KEY=VALUE", arguments.overrides, "options to change, e.g. model.precision=bfloat16");
  app.add_option("--batch", arguments.batch,
                 "subjects in the batch (default: train.batch_size), or max: as many as fit");
  app.add_option("--device", arguments.device, "auto: a GPU if there is one; cpu; reference: plain loops; cuda")
      ->check(CLI::IsMember({"auto", "cpu", "reference", "cuda"}));
  app.add_option("--size", arguments.size, "D H W in voxels, in the place of the cohort's volumes")
      ->expected(3)
      ->check(CLI::Range(1, 2048));
  app.add_option("--memory", arguments.memory, "what may be used, e.g. 8GB (default: what is free on the device now)");
  app.add_option("--csv", arguments.csv, "write a line a buffer to this file");
  app.add_option("--html", arguments.html, "write a page with the timeline of the step to this file");
  app.add_flag("--measure", arguments.measure, "run one step on random volumes and put its real peak beside the plan");
  app.footer(footer);
  return exit_code_of([&] {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app.exit(error);  // --help
      fail(ErrorKind::usage, "command line", error.what(), "--help lists the options");
    }
    return run(arguments);
  });
}
