// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/cost_section.h"

#include <omp.h>

#include <algorithm>
#include <set>

#include "experiments/memory/memory_profile.h"
#include "experiments/memory/memory_timeline.h"
#include "experiments/program/progress.h"
#include "experiments/report/axes.h"
#include "experiments/report/numbers.h"
#include "experiments/training/cohort.h"
#include "experiments/training/setup.h"
#include "tensor/error.h"
#include "tensor/threads.h"

namespace cg {
namespace {

/// One line per row of each study.
ReportTable times(const StudyResults& results, const TrainingRecords& records) {
  ReportTable t{.caption = "Time of the trainings",
                .head = {"study", "row", "device", "trainings", "time of one", "of one epoch"},
                .words = 3,
                .in_tex = false};
  for (std::size_t s = 0; s < results.plan.studies.size(); ++s)
    for (std::size_t r = 0; r < results.plan.studies[s].rows.size(); ++r) {
      double seconds = 0, epochs = 0, count = 0;
      std::string device;
      std::set<std::size_t> counted;  // a collected run may have several seeds
      for (const Cell& cell : results.plan.cells) {
        if (cell.study != s || cell.row != r || !records.contains(cell.training)) continue;
        if (!counted.insert(cell.training).second) continue;
        const TrainingRecord& record = records.at(cell.training);
        seconds += record.seconds;
        epochs += static_cast<double>(record.epochs.size());
        ++count;
        if (device.empty()) device = record.device + ", " + record.precision;
      }
      if (count > 0)
        t.add({results.plan.studies[s].name, results.plan.studies[s].rows[r].label, device, fmt::format("{:g}", count),
               duration(seconds / count), epochs > 0 ? fmt::format("{:.1f} s", seconds / epochs) : "–"});
    }
  return t;
}

struct StageMemory {
  std::string name;
  double fixed = 0, kept = 0, temporary = 0;  ///< MB at the peak
};

std::vector<StageMemory> stages_of(const MemoryProfile& profile) {
  std::vector<StageMemory> out;
  for (const LayerMemory& layer : profile.layers) {
    const std::string name = stage_of(layer.name);
    auto stage = std::ranges::find(out, name, &StageMemory::name);
    if (stage == out.end()) stage = out.insert(out.end(), StageMemory{name});
    stage->fixed += static_cast<double>(layer.fixed.total()) / 1e6;
    stage->kept += static_cast<double>(layer.kept_at_peak) / 1e6;
    stage->temporary += static_cast<double>(layer.at_peak - layer.kept_at_peak) / 1e6;
  }
  return out;
}

Picture memory_picture(const std::vector<StageMemory>& stages) {
  constexpr double line = 30, left = 130;
  Picture picture{.title = "Memory of a training step by stage of the network"};
  Plot plot{.left = left,
            .top = 34,
            .width = 560 - left - 24,
            .height = line * static_cast<double>(stages.size()),
            .x = {},
            .y = {}};
  picture.height = plot.top + plot.height + 56;
  double most = 0;
  for (const StageMemory& s : stages) most = std::max(most, s.fixed + s.kept + s.temporary);
  plot.x = round_axis(0, most, "MB at the peak");
  draw_x_axis(picture, plot, 14);
  const auto bar = [&](double y, double from, double to, Ink ink) {
    picture.add(Path{
        .points = {{plot.at_x(from), y - 9}, {plot.at_x(to), y - 9}, {plot.at_x(to), y + 9}, {plot.at_x(from), y + 9}},
        .fill = Paint{ink},
        .closed = true});
  };
  for (std::size_t k = 0; k < stages.size(); ++k) {
    const StageMemory& s = stages[k];
    const double y = plot.top + line * (static_cast<double>(k) + 0.5);
    bar(y, 0, s.fixed, Ink::c0);
    bar(y, s.fixed, s.fixed + s.kept, Ink::c1);
    bar(y, s.fixed + s.kept, s.fixed + s.kept + s.temporary, Ink::c2);
    picture.add(Label{{left - 10, y + 5}, fitted_text(s.name, 14, left - 14), Anchor::end, 14, {Ink::ink}});
  }
  double x = 12;
  for (const auto& [name, ink] : {std::pair{"parameters, gradients, Adam", Ink::c0},
                                  {"kept for the gradients", Ink::c1},
                                  {"temporary", Ink::c2}}) {
    picture.add(Path{.points = {{x, 8}, {x + 12, 8}, {x + 12, 20}, {x, 20}}, .fill = Paint{ink}, .closed = true});
    picture.add(Label{{x + 19, 19}, name, Anchor::start, 13, {Ink::ink}});
    x += 40 + text_width(name, 13);
  }
  return picture;
}

ReportTable layer_table(const MemoryProfile& profile) {
  ReportTable t{.caption = "Memory by layer, MB",
                .head = {"layer", "parameters", "gradients", "Adam", "kept", "scratch", "at the peak"},
                .in_tex = false};
  const auto line = [&](const LayerMemory& l, const std::string& name) {
    return std::vector<std::string>{name,
                                    megabytes(l.fixed.parameters),
                                    megabytes(l.fixed.gradients),
                                    megabytes(l.fixed.adam),
                                    megabytes(l.kept),
                                    megabytes(l.scratch),
                                    megabytes(l.at_peak)};
  };
  for (const LayerMemory& layer : profile.layers) t.add(line(layer, layer.name));
  t.rows.push_back({line(profile.total, "total"), TableRow::Kind::best});
  return t;
}

void add_memory(Section& out, const Config& config, const TrainingRecord& record) {
  // The plan depends on the number of threads: that of the training, whatever this process uses.
  const Threads threads(config.threads > 0 ? config.threads : omp_get_num_procs());
  const auto backend = choose_backend("cpu");
  LearnerOptions options = learner_options(config, volume_shape(config.data), *backend, config.seeds[0]);
  options.activations = record.precision == "bfloat16" ? DType::bf16 : DType::f32;
  StepPlanner planner(options, *backend);
  const StepMemory memory = planner.memory(config.train.batch_size);
  const MemoryProfile profiled = profile(memory);
  out.blocks.push_back(
      Paragraph{fmt::format("A training step of {} subjects takes {} MB, as planned for this "
                            "machine's processor from shapes alone.",
                            memory.subjects, megabytes(memory.total()))});
  out.blocks.push_back(
      Figure{"memory",
             memory_picture(stages_of(profiled)),
             {"The memory of one training step by stage of the network, at the time when most is alive.",
              "The bars are short: the step leaves memory for larger batches.",
              "The stem and the first layers fill the device: their volumes are the largest.",
              "A smaller train.batch_size, or train.recompute. profile_memory shows the step over time."},
             layer_table(profiled)});
}

}  // namespace

Section cost_section(const StudyResults& results, const TrainingRecords& records) {
  Section out{.id = "cost", .title = "Time and memory"};
  if (records.empty()) {
    out.blocks.push_back(Missing{"No training is finished."});
    return out;
  }
  out.blocks.push_back(times(results, records));
  const auto& [training, record] = *records.begin();
  try {
    add_memory(out, results.plan.trainings[training].config, record);
  } catch (const Error& error) {
    out.blocks.push_back(Missing{fmt::format("Memory by layer: {}", error.what())});
  }
  return out;
}

}  // namespace cg
