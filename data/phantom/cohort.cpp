// SPDX-License-Identifier: Apache-2.0
#include "data/phantom/cohort.h"

#include <fmt/format.h>
#include <omp.h>

#include "data/formats/hdf5_file.h"
#include "tensor/error.h"
#include "tensor/parallel.h"

namespace cg::phantom {
namespace {

/// The columns of the file, written after all maps.
struct Columns {
  std::vector<std::string> ids, sexes;
  std::vector<float> coverage, brain_ml, log_stiffness, latents;
  std::vector<double> ages, groups;
};

const std::vector<std::string> latent_names = {"gap",   "bio_age", "common", "vent", "sulcus",
                                               "thick", "hippo",   "early",  "late", "halo"};

std::vector<Person> people(const CohortOptions& o) {
  if (!o.t1) return stiffness_people(o.subjects, o.seed);
  std::vector<Person> all;
  for (Index i = 0; i < o.subjects; ++i) all.push_back(t1_person(i, o.seed, o.sites));
  return all;
}

/// The T1-like cohort has other people than the stiffness maps, also with the same seed.
std::string id_of(const CohortOptions& o, Index i) { return fmt::format("phantom-{}{:05}", o.t1 ? "t1-" : "", i); }

void append(Columns& columns, const std::string& id, const Person& person, const Brain& brain) {
  columns.ids.push_back(id);
  columns.sexes.emplace_back(person.female ? "F" : "M");
  columns.ages.push_back(person.age);
  columns.groups.push_back(static_cast<double>(person.group + 1));
  columns.coverage.push_back(static_cast<float>(brain.coverage));
  columns.brain_ml.push_back(static_cast<float>(brain.brain_ml));
  const Latents& l = brain.latents;
  for (double value : l.log_stiffness) columns.log_stiffness.push_back(static_cast<float>(value));
  for (double value : {l.gap, l.bio_age, l.common, l.vent, l.sulcus, l.thick, l.hippo, l.early, l.late, l.halo})
    columns.latents.push_back(static_cast<float>(value));
}

void write_columns(H5Writer& file, const CohortOptions& o, const Columns& c, const Grid& grid) {
  const Index n = o.subjects;
  file.strings("participant_id", c.ids);
  file.strings("sex", c.sexes);
  file.numbers("age", {n}, c.ages);
  file.numbers("study", {n}, c.groups);
  file.floats("coverage", {n}, c.coverage);
  file.floats("brain_ml", {n}, c.brain_ml);
  const auto& names = region_names();
  file.strings("truth/regions", {names.begin(), names.end()});
  file.floats("truth/log_stiffness", {n, static_cast<Index>(regions)}, c.log_stiffness);
  file.strings("truth/latent_names", latent_names);
  file.floats("truth/latents", {n, static_cast<Index>(latent_names.size())}, c.latents);
  const Truth found = truth(grid, o.signal);
  file.bytes("truth/labels", grid.shape(), found.labels);
  if (!o.t1) file.floats("truth/age_effect", grid.shape(), found.age_effect);
}

void write_attributes(H5Writer& file, const CohortOptions& o) {
  std::string signal;
  for (const std::string& region : o.signal) signal += (signal.empty() ? "" : ",") + region;
  file.attribute("title", std::string("synthetic phantom cohort; not data of any person"));
  file.attribute("synthetic", 1);
  file.attribute("generator", std::string("phantom-1"));
  file.attribute("modality", std::string(o.t1 ? "t1" : "mre"));
  file.attribute("seed", o.seed);
  file.attribute("voxel_mm", o.voxel_mm);
  file.attribute("subjects", static_cast<double>(o.subjects));
  if (o.t1) file.attribute("sites", static_cast<double>(o.sites));
  file.attribute("signal", signal.empty() ? std::string("all") : signal);
  file.attribute("command", o.command);
  const double v = o.voxel_mm;  // voxel index → millimetres
  file.numbers("affine", {4, 4},
               std::vector<double>{v, 0, 0, -91 + v / 2, 0, v, 0, -127 + v / 2, 0, 0, v, -73 + v / 2, 0, 0, 0, 1});
}

}  // namespace

std::vector<std::string> studies(const CohortOptions& options) {
  std::vector<std::string> out;
  for (const Person& person : people(options)) out.push_back(std::to_string(person.group + 1));
  return out;
}

void write_cohort(const CohortOptions& o, const std::string& path, const std::function<void(Index)>& progress) {
  for (const std::string& region : o.signal) region_index(region);
  if (o.t1 && !o.signal.empty())
    fail(ErrorKind::usage, "--signal", "this option is only for stiffness maps", "Remove --signal or --modality t1.");
  const Grid grid(o.voxel_mm);
  const std::vector<Person> all = people(o);
  H5Writer file(path);
  Shape shape = {o.subjects, 1};
  shape.insert(shape.end(), grid.shape().begin(), grid.shape().end());
  file.make_rows("maps", {shape, DType::f32});
  file.make_rows("mask", {shape, DType::u8});
  Columns columns;
  RegionErrors errors;
#pragma omp parallel for ordered schedule(dynamic) num_threads(o.threads > 0 ? o.threads : omp_get_max_threads())
  for (Index i = 0; i < o.subjects; ++i) {
    const Person& person = all[static_cast<std::size_t>(i)];
    Brain brain{};
    std::vector<std::uint8_t> mask;
    errors.guard([&] {
      brain = o.t1 ? t1_brain(i, o.seed, person, grid) : stiffness_brain(i, o.seed, person, grid, o.signal);
      for (const float value : brain.map) mask.push_back(value > 0);
    });
#pragma omp ordered
    errors.guard([&] {
      file.row("maps", i, brain.map);
      file.row("mask", i, mask);
      append(columns, id_of(o, i), person, brain);
      if (progress) progress(i + 1);
    });
  }
  errors.rethrow();
  write_columns(file, o, columns, grid);
  write_attributes(file, o);
  file.commit();
}

}  // namespace cg::phantom
