// SPDX-License-Identifier: Apache-2.0
// Times our training step for comparison with tools/benchmark/benchmark_pytorch.py: same network, batch, type and
// threads, synthetic volumes, and the deterministic weights of the golden files, so that the first loss can be compared
// too. Also times the losses alone for growing batches.
//   benchmark step --size 91 109 91 --batch 2 --precision float32 --steps 7 --warmup 2 --json
//   benchmark epoch --size 46 55 46 --batch 32 --subjects 248 --precision bfloat16 --json
//   benchmark step --device cuda --batch 32 --precision bfloat16 --steps 50 --warmup 5 --layers
//   benchmark step --digest 5 --steps 20    trains five times from the start; equal digests are equal bits
//   benchmark losses
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "data/device_loader.h"
#include "experiments/program/command_line.h"
#include "experiments/program/stopwatch.h"
#include "experiments/training/learner.h"
#include "experiments/training/setup.h"
#include "layers/file_order.h"
#include "losses/dynlocrep.h"
#include "tools/benchmark/deterministic.h"
#include "tools/benchmark/formula_dataset.h"
#include "tools/benchmark/layer_times.h"
#include "tools/benchmark/loss_benchmark.h"
#include "tools/benchmark/state_digest.h"

namespace {

using namespace cg;

constexpr const char* examples = R"(
Examples:
  benchmark step --size 46 55 46 --batch 4 --steps 2 --warmup 1
  benchmark losses --rows 64 256 --plain-seconds 1
)";

struct Options {
  std::vector<Index> size = {91, 109, 91};
  Index batch = 2, steps = 7, warmup = 2, subjects = 248;
  Index digest = 0;  ///< trainings
  std::string precision = "float32", device = "cpu";
  bool json = false, layers = false, no_graphs = false;
};

Index peak_rss() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

/// Sets weights by the formula: parameter p has seed 1000 + p; matrices scale with their fan-in, vectors stay near 0 or
/// 1.
void set_deterministic_weights(ParameterStore& store) {
  std::uint64_t p = 0;
  for (Parameter* parameter : store.parameters()) {
    if (!parameter->trained) continue;
    const Index size = count(parameter->shape);
    const bool matrix = parameter->shape.size() > 1;
    const double scale = matrix ? 2 * std::sqrt(6.0 / static_cast<double>(size / parameter->shape[0])) : 0.2;
    const double offset = !matrix && parameter->name.ends_with("weight") ? 1 : 0;
    std::vector<double> values(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = deterministic(i, 1000 + p, scale) + offset;
    store.write(*parameter, from_file_order(parameter->shape, values));
    ++p;
  }
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

DType activations_of(const Options& o) { return o.precision == "bfloat16" ? DType::bf16 : DType::f32; }

std::unique_ptr<Learner> make_learner(Backend& backend, const Options& o) {
  LearnerOptions options;
  options.volume = {o.size[0], o.size[1], o.size[2]};
  options.activations = activations_of(o);
  options.rounded_volumes = backend.traits().has_own_memory;
  auto learner = std::make_unique<Learner>(backend, options, make_loss<DynLocRep>({}, {.final_neighbours = 1}));
  set_deterministic_weights(learner->parameters());
  return learner;
}

nlohmann::json result(const Options& o, std::vector<double> seconds, double loss, Index base, Learner& learner) {
  std::sort(seconds.begin(), seconds.end());
  return {{"seconds", seconds},
          {"seconds_min", seconds.front()},
          {"seconds_median", seconds[seconds.size() / 2]},
          {"peak_rss_bytes", peak_rss()},
          {"base_rss_bytes", base},
          {"arena_bytes", learner.arena_bytes()},
          {"planned_bytes", learner.memory(o.batch).total()},
          {"fixed_bytes", learner.memory(o.batch).fixed_sum().total()},
          {"loss", loss},
          {"precision", o.precision},
          {"threads", std::thread::hardware_concurrency()},
          {"processor", processor()}};
}

/// Gives the batches of a step, or of an epoch, repeatedly and as in a run. A device with its own memory keeps all
/// volumes there, in the activations' type; in the host's memory, those of an epoch are kept.
class Batches {
 public:
  Batches(Backend& backend, const Options& o, bool epoch)
      : backend_(backend),
        dataset_(epoch ? o.subjects : o.batch, o.batch, {o.size[0], o.size[1], o.size[2]}),
        source_(dataset_, Intensity{.mean = 0, .sd = 1, .count = 1}, epoch ? Index{1} << 60 : 0),
        options_{.batch_size = o.batch, .shuffle = false, .augment = {}} {
    if (backend.traits().has_own_memory) {
      kept_.emplace(backend, source_, activations_of(o));
    } else if (epoch) {
      std::vector<float> one(static_cast<std::size_t>(source_.voxels()));
      for (Index i = 0; i < dataset_.size(); ++i) source_.read(i, one);
    }
  }
  std::vector<Index> sizes() const { return Loader::batch_sizes(dataset_.size(), options_.batch_size); }
  DeviceLoader once() {
    return {backend_, {.kept = kept_ ? &*kept_ : nullptr}, source_, all_subjects(dataset_), options_};
  }

 private:
  Backend& backend_;
  FormulaDataset dataset_;
  VolumeSource source_;
  LoaderOptions options_;
  std::optional<DeviceVolumes> kept_;
};

LossResult train(Learner& learner, const Batch& batch) {
  return learner.step(batch.volumes, batch.ages, {.epoch = 1, .max_epochs = 50}, 1e-4);
}

nlohmann::json time_steps(const Options& o, bool epoch) {
  const auto backend = choose_backend(o.device);
  if (o.no_graphs) backend->without_graphs();
  const Index base = peak_rss();
  const auto learner = make_learner(*backend, o);
  LayerTimes times(*backend);
  if (o.layers) learner->observe(&times);
  Batches batches(*backend, o, epoch);
  learner->reserve(batches.sizes(), {});
  std::optional<double> loss;  // of the first step
  std::vector<double> seconds;
  for (Index s = -o.warmup; s < o.steps; ++s) {
    double spent = 0;
    DeviceLoader loader = batches.once();
    while (const auto batch = loader.next()) {
      const auto start = Clock::now();
      const LossResult step = train(*learner, *batch);
      spent += seconds_since(start);
      if (!loss) loss = step.value;
    }
    if (s >= 0) seconds.push_back(spent);
  }
  nlohmann::json out = result(o, seconds, loss.value_or(NAN), base, *learner);
  out["device"] = backend->traits().description;
  times.finish();
  if (o.layers) times.print(o.steps + o.warmup);
  if (o.layers) out["layers"] = times.to_json(o.steps + o.warmup);
  return out;
}

/// Trains several times from the same weights. The result has a digest of each training's end.
nlohmann::json digests_of_trainings(const Options& o) {
  const auto backend = choose_backend(o.device);
  if (o.no_graphs) backend->without_graphs();
  Batches batches(*backend, o, false);
  nlohmann::json digests = nlohmann::json::array();
  double loss = NAN;
  for (Index t = 0; t < o.digest; ++t) {
    const auto learner = make_learner(*backend, o);
    learner->reserve(batches.sizes(), {});
    for (Index s = 0; s < o.steps; ++s) {
      DeviceLoader loader = batches.once();
      while (const auto batch = loader.next()) loss = train(*learner, *batch).value;
    }
    digests.push_back(state_digest(*learner, *backend));
  }
  return {{"digests", digests}, {"steps", o.steps}, {"loss", loss}, {"device", backend->traits().description}};
}

int run_digests(const Options& o) {
  const nlohmann::json out = digests_of_trainings(o);
  if (o.json) {
    fmt::print("{}\n", out.dump());
  } else {
    for (const auto& digest : out["digests"]) fmt::print("{}  after {} steps\n", digest.get<std::string>(), o.steps);
  }
  return 0;
}

int run_steps(const Options& o, bool epoch) {
  if (o.digest > 0) return run_digests(o);
  const nlohmann::json out = time_steps(o, epoch);
  if (o.json)
    fmt::print("{}\n", out.dump());
  else
    fmt::print("{}: median {:.3f} s, minimum {:.3f} s, peak {:.0f} MB ({:.0f} planned), loss {:.6f}\n", o.precision,
               out["seconds_median"].get<double>(), out["seconds_min"].get<double>(),
               out["peak_rss_bytes"].get<double>() / 1e6,
               (out["arena_bytes"].get<double>() + out["fixed_bytes"].get<double>()) / 1e6, out["loss"].get<double>());
  return 0;
}

int run_losses(const Options& o, const LossBenchmark& l) {
  const auto table = time_losses(l);
  fmt::print("{}", o.json ? to_json(table, l).dump() + "\n" : to_string(table, l));
  if (!o.json)
    fmt::print("Peak memory {:.0f} MB; a matrix of {} x {} numbers is {:.0f} MB.\n",
               static_cast<double>(peak_rss()) / 1e6, l.rows.back(), l.rows.back(),
               8e-6 * static_cast<double>(l.rows.back() * l.rows.back()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times training steps and epochs on synthetic volumes, and the losses alone.", "benchmark");
  app.require_subcommand(1);
  Options o;
  CLI::App* step = app.add_subcommand("step", "training steps of one batch");
  CLI::App* epoch = app.add_subcommand("epoch", "whole epochs; --steps counts epochs");
  for (CLI::App* command : {step, epoch}) {
    command->add_option("--size", o.size, "volume: D H W in voxels")->expected(3);
    command->add_option("--batch", o.batch, "subjects in a batch");
    command->add_option("--steps", o.steps, "timed repetitions");
    command->add_option("--warmup", o.warmup, "repetitions before the timed ones");
    command->add_option("--precision", o.precision)->check(among({"float32", "bfloat16"}));
    add_device_option(*command, o.device);
    command->add_flag("--no-graphs", o.no_graphs, "let a GPU compute kernel by kernel, without CUDA graphs");
    command->add_flag("--json", o.json, "one JSON object on standard output");
    command->add_flag("--layers", o.layers, "time by layer on standard error, and in the JSON");
  }
  step->add_option("--digest", o.digest,
                   "train this number of times from the start, and give the SHA-256 of the weights, the statistics and "
                   "Adam's moments after the steps")
      ->check(CLI::Range(1, 1000));
  epoch->add_option("--subjects", o.subjects, "volumes in an epoch");
  LossBenchmark l;
  CLI::App* losses = app.add_subcommand("losses", "value and gradient of each loss for growing batches");
  losses->add_option("--rows", l.rows, "rows of the batches: two views of half this number of subjects");
  losses->add_option("--width", l.width, "of the embeddings");
  losses->add_option("--plain-seconds", l.plain_seconds,
                     "skip the loops of the printed formula if they take longer than this");
  losses->add_flag("--json", o.json, "one JSON list on standard output");
  app.footer(examples + exit_code_help({ErrorKind::numbers, ErrorKind::memory, ErrorKind::device}));
  return run_program(app, argc, argv,
                     [&] { return losses->parsed() ? run_losses(o, l) : run_steps(o, epoch->parsed()); });
}
