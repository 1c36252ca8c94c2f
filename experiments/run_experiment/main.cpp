// SPDX-License-Identifier: Apache-2.0
// The command line of run_experiment: CONFIG.toml, key=value, options. Read next: config.h; then trainer.h for a run,
// study_run.h for a study.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/config/config.h"
#include "experiments/program/build_state.h"
#include "experiments/program/command_line.h"
#include "experiments/program/environment.h"
#include "experiments/run_experiment/study_run.h"
#include "experiments/runner/announcement.h"
#include "experiments/runner/trainer.h"
#include "tensor/error.h"

namespace {

constexpr const char* examples = R"(
Examples:
  run_experiment quickstart                      a synthetic cohort, minutes on a laptop
  run_experiment dynlocrep data.cohort=maps.h5   the paper's setting on your own cohort
  run_experiment quickstart train.epochs=5 --check
  run_experiment table3 --check                  a study: what would be trained
  run_experiment table3 --shard 2/8              a part of it, for a job array; --collect writes the tables
  run_experiment --collect runs/*                a table of runs, by the options in which they differ
)";

struct Arguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string device = "auto";
  std::string out, shard;
  bool check = false, overwrite = false, allow_outliers = false, no_graphs = false, help_config = false;
  bool collect = false;
};

/// Errors: usage, for options that only runs or only studies have.
int study(const Arguments& arguments, const cg::Source& source, const cg::RunOptions& options) {
  const std::filesystem::path folder =
      arguments.out.empty() ? std::filesystem::path("runs") / options.name : std::filesystem::path(arguments.out);
  cg::StudyTask task{.folder = folder, .check = arguments.check, .collect = arguments.collect};
  if (!arguments.shard.empty()) cg::read_shard(arguments.shard, task);
  if (arguments.overwrite)
    cg::fail(cg::ErrorKind::usage, "--overwrite", "a study continues its trainings, and cannot replace them",
             "Remove the folders of the trainings, which --check lists");
  const auto parent = folder.has_parent_path() ? folder.parent_path() : std::filesystem::path(".");
  if (!arguments.check) cg::results_are_in_files();
  cg::run_study(cg::plan_studies(cg::read_studies(source, cg::source_root() / "experiments"), parent / "trainings"),
                task, options);
  return 0;
}

/// The folders of --collect; empty if it is given a study. An experiment's name is one, also if a folder has it.
std::vector<std::filesystem::path> run_folders(const Arguments& arguments) {
  const std::filesystem::path experiments = cg::source_root() / "experiments";
  std::vector<std::filesystem::path> out;
  if (!arguments.collect || std::filesystem::exists(experiments / (arguments.config + ".toml"))) return out;
  out.emplace_back(arguments.config);
  for (const std::string& word : arguments.overrides) out.emplace_back(word);
  const auto is_folder = [](const std::filesystem::path& path) { return std::filesystem::is_directory(path); };
  return std::ranges::any_of(out, is_folder) ? out : std::vector<std::filesystem::path>();
}

int collect(const Arguments& arguments, const std::vector<std::filesystem::path>& folders) {
  if (arguments.check || arguments.overwrite || !arguments.shard.empty())
    cg::fail(cg::ErrorKind::usage, "--collect",
             "this option only reads run folders, so that --check, --overwrite and --shard have no effect",
             "Remove these options");
  cg::results_are_in_files();
  cg::run_collect(folders, arguments.out.empty() ? std::filesystem::path("runs") / "collected"
                                                 : std::filesystem::path(arguments.out));
  return 0;
}

int run(const Arguments& arguments, cg::RunOptions options) {
  if (arguments.help_config) {
    fmt::print("The options of a configuration, as key = value in a file or key.sub=value on the command line.\n\n{}",
               cg::config_manual());
    fmt::print("\nA study (docs/studies.md) also has:\n{}", cg::study_manual());
    return 0;
  }
  if (arguments.config.empty())
    cg::fail(cg::ErrorKind::usage, "command line", "the configuration is missing",
             "Give the path of a TOML file or the name of an experiment, for example quickstart");
  if (const auto folders = run_folders(arguments); !folders.empty()) return collect(arguments, folders);
  const std::filesystem::path file = cg::find_config(arguments.config, cg::source_root() / "experiments");
  const cg::Source source = cg::read_source(file.string(), arguments.overrides);
  options.name = file.stem().string();
  options.device = arguments.device;
  options.overwrite = arguments.overwrite;
  options.allow_outliers = arguments.allow_outliers;
  options.no_graphs = arguments.no_graphs;
  if (cg::is_study(source)) return study(arguments, source, options);
  if (arguments.collect || !arguments.shard.empty())
    cg::fail(cg::ErrorKind::usage, "command line", "--shard and --collect are for studies, but this is one experiment",
             "Remove the option");
  const cg::Config config = cg::parse_config(source);
  options.out =
      arguments.out.empty() ? cg::default_run_folder(options.name, config) : std::filesystem::path(arguments.out);
  if (arguments.check) {
    cg::print_plan(config, options);
    return 0;
  }
  cg::results_are_in_files();
  cg::run_experiment(config, options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app(
      "Trains and evaluates an experiment (a configuration, all of its seeds, one run folder) or a study of several.",
      "run_experiment");
  app.add_option("CONFIG", arguments.config, "TOML file, or the name of one in experiments/");
  app.add_option("SETTING", arguments.overrides,
                 "KEY=VALUE: options to change, e.g. train.epochs=5 (see --help-config)");
  cg::add_device_option(app, arguments.device);
  app.add_option("--out", arguments.out,
                 "run folder (default: runs/NAME-DIGEST); of a study: folder of its tables (default: runs/NAME)");
  app.add_flag("--check", arguments.check, "check configuration and cohort, and print what a run would do");
  app.add_flag("--overwrite", arguments.overwrite,
               "start again in a folder that has a run of the same configuration, finished or not");
  app.add_flag("--no-graphs", arguments.no_graphs,
               "let a GPU compute kernel by kernel, without CUDA graphs: the same results, more slowly");
  app.add_flag("--allow-outliers", arguments.allow_outliers,
               "train on equal maps under two ids, and on intensities that are off by a factor of 10");
  app.add_option("--shard", arguments.shard, "of a study: train only shard I of N, written I/N");
  app.add_flag(
      "--collect", arguments.collect,
      "of a study: write the tables of what has been trained; with run folders in the place of CONFIG: a table "
      "of these runs");
  app.add_flag("--help-config", arguments.help_config, "list every option of a configuration");
  const cg::BuildState build = cg::build_state();
  app.footer(examples + cg::exit_code_help());
  return cg::run_program(app, argc, argv, [&] {
    cg::RunOptions options;
    options.command = {argv, argv + argc};
    options.build = build;
    return run(arguments, options);
  });
}
