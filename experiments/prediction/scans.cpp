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
#include "experiments/cohorts/age_unit.h"
#include "experiments/cohorts/cohort_input.h"
#include "experiments/cohorts/participants.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// The ages of a table, without participants of unknown age. Errors (data): invalid ages, a scan that is there twice.
ScanAges read_ages(const AgeTable& from) {
  ScanAges out;
  if (from.path.empty()) return out;
  const AgeUnit unit = age_unit(from.path, from.age_column, from.age_unit);
  const Table table{std::filesystem::path(from.path)};
  Diagnostics diagnostics;
  for (Index row = 0; row < table.rows(); ++row) {
    const std::string &cell = table.cell(row, from.age_column), &id = table.cell(row, from.id_column),
                      session = table.has(from.session_column) ? table.cell(row, from.session_column) : "";
    const auto add = [&](const std::string& what) {
      diagnostics.add(fmt::format("line {} ({}): {}", table.line(row), scan_id(id, session), what));
    };
    if (is_missing(cell)) continue;
    const std::optional<Age> age = age_of(cell);
    if (!age || unit.years(age->years) < 0 || unit.years(age->years) > oldest_age)
      add(fmt::format("the age is \"{}\" {}, expected 0 to {} years", cell, unit.name, oldest_age));
    else if (!out.emplace(std::pair(join_key(id), session_key(is_missing(session) ? "" : session)),
                          unit.years(age->years))
                  .second)
      add(session.empty() ? "the participant has another row" : "the scan has another row");
  }
  diagnostics.report(from.path, "Fix the table; write n/a for an unknown age");
  return out;
}

/// Of the scan, or of its person at any time, or the person's only one for a scan without a session; NaN: unknown.
double age_in(const ScanAges& ages, const std::string& person, const std::string& session) {
  for (const std::string& when : {session_key(session), std::string()})
    if (const auto at = ages.find({join_key(person), when}); at != ages.end()) return at->second;
  const auto first = ages.lower_bound({join_key(person), ""});
  if (!session.empty() || first == ages.end() || first->first.first != join_key(person)) return unknown;
  const auto next = std::next(first);
  return next == ages.end() || next->first.first != join_key(person) ? first->second : unknown;
}

/// The BIDS labels at the beginning of a file's name: participant, and session if it has one.
std::pair<std::string, std::string> labels_of(const std::string& path) {
  const std::string name = without_map_ending(std::filesystem::path(path).filename().string());
  if (!name.starts_with("sub-")) return {name, ""};
  const std::size_t end = name.find('_');
  if (end == std::string::npos || name.compare(end, 5, "_ses-") != 0) return {name.substr(0, end), ""};
  return {name.substr(0, end), name.substr(end + 1, name.find('_', end + 1) - end - 1)};
}

bool same_grid(const SpatialGrid& a, const SpatialGrid& b) { return a.extents == b.extents && a.affine == b.affine; }

}  // namespace

std::string id_of_file(const std::string& path) {
  const auto [person, session] = labels_of(path);
  return scan_id(person, session);
}

Scans::Scans(const ScanOptions& options, const Prediction& model)
    : modality_(model.training.modality),
      trained_on_(model.training.cohort),
      sampling_(model.preprocessing.sampling),
      reader_({options.npy_axes, model.preprocessing.nan_is_zero || options.nan_is_zero, sampling_},
              model.preprocessing.grid),
      ages_(read_ages(options.participants)) {
  if (options.inputs.empty())
    fail(ErrorKind::usage, "command line", "no scan is given", "Give NIfTI files or a cohort file");
  for (const std::string& path : options.inputs)
    if (is_cohort_file(path))
      add_cohort(path);
    else
      add_volume(path, options.age);
  if (std::isfinite(options.age) && (sources_.size() != 1 || sources_[0].cohort))
    fail(ErrorKind::usage, "--age", "the option is for one scan, but several scans or a cohort file are given",
         "Give the ages in a table: --participants");
}

void Scans::add_cohort(const std::string& path) {
  CohortFile file(path);
  if (file.modality() != modality_)
    fail(ErrorKind::data, path,
         fmt::format("the maps are {}, but the model was trained on {}", file.modality(), modality_),
         "Give a model of the same modality");
  std::vector<std::string> digests(static_cast<std::size_t>(file.size()));
  cohorts_.push_back({std::move(file), std::move(digests)});
  const Cohort& cohort = cohorts_.back();
  for (Index i = 0; i < cohort.file.size(); ++i) {
    const Subject& subject = cohort.file.subject(i);
    MapSource source;
    source.participant.id = subject.id;
    source.participant.age = subject.age;
    source.where = fmt::format("{}: {}", path, subject.id);
    sources_.push_back({source, &cohort, i});
  }
}

void Scans::add_volume(const std::string& path, double age) {
  MapSource source;
  const auto [person, session] = labels_of(path);
  source.participant.id = scan_id(person, session);
  source.participant.session = session;
  source.participant.age = std::isfinite(age) ? age : age_in(ages_, person, session);
  source.file = path;
  source.where = path;
  sources_.push_back({source});
}

SpatialVolume Scans::original(Index scan) const {
  const ScanSource& source = sources_.at(static_cast<std::size_t>(scan));
  if (!source.cohort) return reader_.original(source.map);
  return {source.cohort->file.volume(source.subject), source.cohort->file.affine()};
}

std::vector<std::string> Scans::not_verified() const {
  std::vector<std::string> out;
  for (const Cohort& cohort : cohorts_)
    if (!cohort.file.verified()) out.push_back(cohort.file.path());
  return out;
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
    out.person = labels_of(source.map.where).first;
    MapReading reading = reader_.read(source.map);
    out.volume = std::move(reading.volume);
    out.done = std::move(reading.done);
    out.lost = reading.lost;
    out.warning = std::move(reading.warning);
    out.synthetic = reading.synthetic;
    out.digest = map_digest(out.volume.values);
    return out;
  }
  const CohortFile& file = source.cohort->file;
  out.person = file.subject(source.subject).person;
  out.has_affine = file.has_affine();
  out.synthetic = file.synthetic();
  SpatialVolume own = original(scan);
  const std::string own_digest = map_digest(own.volume.values);
  source.cohort->digests[static_cast<std::size_t>(source.subject)] = own_digest;
  if (same_grid({file.grid().extents, own.affine}, reader_.grid())) {
    out.volume = std::move(own.volume);
    out.digest = own_digest;
    return out;
  }
  Resampled resampled = resample(own, reader_.grid(), sampling_);
  out.volume = std::move(resampled.volume);
  out.done = std::move(resampled.done);
  out.lost = lost_share(own, out.volume, reader_.grid());
  out.digest = map_digest(out.volume.values);
  return out;
}

}  // namespace cg
