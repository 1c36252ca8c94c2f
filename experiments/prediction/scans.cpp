// SPDX-License-Identifier: Apache-2.0
#include "experiments/prediction/scans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "data/files/diagnostics.h"
#include "data/formats/map_file.h"
#include "data/formats/tsv.h"
#include "experiments/cohorts/participants.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

ImportOptions import_options(const ScanOptions& options, const Prediction& model) {
  ImportOptions out;
  out.nan_is_zero = model.preprocessing.nan_is_zero;
  out.sampling = model.preprocessing.sampling;
  out.modality = model.training.modality;
  out.npy_axes = options.npy_axes;
  return out;
}

/// The ages of a table by id, without participants of unknown age. Errors (data): invalid ages, an id that is there
/// twice.
std::map<std::string, double> read_ages(const std::string& path) {
  std::map<std::string, double> out;
  if (path.empty()) return out;
  const Table table{std::filesystem::path(path)};
  Diagnostics diagnostics;
  for (Index row = 0; row < table.rows(); ++row) {
    const std::string &cell = table.cell(row, "age"), &id = table.cell(row, "participant_id");
    const auto add = [&](const std::string& what) {
      diagnostics.add(fmt::format("line {} ({}): {}", table.line(row), id, what));
    };
    if (is_missing(cell)) continue;
    const std::optional<Age> age = age_of(cell);
    if (!age || age->years < 0 || age->years > oldest_age)
      add(fmt::format("the age is \"{}\", expected 0 to {} years", cell, oldest_age));
    else if (!out.emplace(join_key(id), age->years).second)
      add("the participant has another row");
  }
  diagnostics.report(path, "Fix the table; write n/a for an unknown age");
  return out;
}

bool is_cohort_name(const std::string& path) { return path.ends_with(".h5") || path.ends_with(".hdf5"); }

bool same_grid(const SpatialGrid& a, const SpatialGrid& b) { return a.extents == b.extents && a.affine == b.affine; }

}  // namespace

std::string id_of_file(const std::string& path) {
  const std::string name = without_map_ending(std::filesystem::path(path).filename().string());
  return name.starts_with("sub-") ? name.substr(0, name.find('_')) : name;
}

Scans::Scans(const ScanOptions& options, const Prediction& model)
    : options_(import_options(options, model)),
      trained_on_(model.training.cohort),
      reader_(options_, model.preprocessing.grid),
      ages_(read_ages(options.participants)) {
  if (options.inputs.empty())
    fail(ErrorKind::usage, "command line", "no scan is given", "Give NIfTI files or a cohort file");
  for (const std::string& path : options.inputs)
    if (is_cohort_name(path))
      add_cohort(path);
    else
      add_volume(path, options.age);
  if (std::isfinite(options.age) && (sources_.size() != 1 || sources_[0].cohort))
    fail(ErrorKind::usage, "--age", "it is the age of one scan, but several scans or a cohort file are named",
         "Give the ages in a table: --participants");
}

void Scans::add_cohort(const std::string& path) {
  CohortFile file(path);
  if (file.modality() != options_.modality)
    fail(ErrorKind::data, path,
         fmt::format("its maps are {}, the model was trained on {}", file.modality(), options_.modality),
         "Give a model of the same modality");
  std::vector<std::string> digests(static_cast<std::size_t>(file.size()));
  cohorts_.push_back({std::move(file), std::move(digests)});
  const Cohort& cohort = cohorts_.back();
  for (Index i = 0; i < cohort.file.size(); ++i) {
    const Subject& subject = cohort.file.subject(i);
    MapSource source;
    source.participant.id = subject.id;
    source.participant.age = subject.age;
    source.row = i;
    source.where = fmt::format("{}: {}", path, subject.id);
    sources_.push_back({source, &cohort});
  }
}

void Scans::add_volume(const std::string& path, double age) {
  MapSource source;
  source.participant.id = id_of_file(path);
  const auto known = ages_.find(join_key(source.participant.id));
  source.participant.age = std::isfinite(age) ? age : known != ages_.end() ? known->second : unknown;
  source.file = path;
  source.where = path;
  sources_.push_back({source, nullptr});
}

SpatialVolume Scans::original(Index scan) const {
  const ScanSource& source = sources_.at(static_cast<std::size_t>(scan));
  if (!source.cohort) return reader_.original(source.map);
  return {source.cohort->file.volume(source.map.row), source.cohort->file.affine()};
}

std::vector<Index> Scans::of_training_cohort() const {
  std::map<const Cohort*, bool> known = {{nullptr, false}};
  for (const Cohort& cohort : cohorts_)
    known[&cohort] = std::ranges::none_of(cohort.digests, [](const std::string& digest) { return digest.empty(); }) &&
                     cohort_digest(cohort.file, cohort.digests) == trained_on_;
  std::vector<Index> out;
  for (Index i = 0; i < size(); ++i)
    if (known.at(sources_[static_cast<std::size_t>(i)].cohort)) out.push_back(i);
  return out;
}

Scan Scans::read(Index scan) const {
  const ScanSource& source = sources_.at(static_cast<std::size_t>(scan));
  Scan out{.id = source.map.participant.id,
           .age = source.map.participant.age,
           .source = source.map.where,
           .volume = {},
           .done = "as it is"};
  if (!source.cohort) {
    MapReading reading = reader_.read(source.map);
    out.volume = std::move(reading.volume);
    out.done = std::move(reading.done);
    out.lost = reading.lost;
    out.synthetic = reading.synthetic;
    out.digest = map_digest(out.volume.values);
    return out;
  }
  const CohortFile& file = source.cohort->file;
  out.person = file.subject(source.map.row).person;
  out.has_affine = file.has_affine();
  out.synthetic = file.synthetic();
  SpatialVolume own = original(scan);
  const std::string own_digest = map_digest(own.volume.values);
  source.cohort->digests[static_cast<std::size_t>(source.map.row)] = own_digest;
  if (same_grid({file.grid().extents, own.affine}, reader_.grid())) {
    out.volume = std::move(own.volume);
    out.digest = own_digest;
    return out;
  }
  Resampled resampled = resample(own, reader_.grid(), options_.sampling);
  out.volume = std::move(resampled.volume);
  out.done = std::move(resampled.done);
  out.lost = lost_share(own, out.volume, reader_.grid());
  out.digest = map_digest(out.volume.values);
  return out;
}

}  // namespace cg
