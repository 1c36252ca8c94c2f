// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/cohort.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "data/files/diagnostics.h"
#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "data/phantom/cohort.h"
#include "experiments/program/environment.h"
#include "tensor/backend.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr Index most_list_bytes = Index{16} << 20;  // of a list of ids
constexpr Index most_kept = Index{4} << 30;         // bytes of normalised maps in memory between epochs

/// Ends with a list of the maps that cannot be used.
[[noreturn]] void report_bad_maps(const CohortFile& file, const Error& first) {
  Diagnostics found;
  for (Index i = 0; i < file.size(); ++i) try {
      file.volume(i);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::data) throw;
      found.add(error.found());
    }
  if (found.size() <= 1) throw first;
  found.report(file.path(), "Fix the cohort file.");
  throw first;  // not reached: report() fails
}

/// Normalisation, digest and every map, so that a bad one is found now and not later.
void read_maps(Cohort& cohort, NormaliseScope scope) {
  cohort.maps = std::make_unique<DigestedMaps>(*cohort.file);
  const DigestedMaps& maps = *cohort.maps;
  if (scope == NormaliseScope::train) cohort.intensity = intensity(maps, cohort.split.train);
  if (scope == NormaliseScope::all) cohort.intensity = intensity(maps, all_subjects(maps));
  cohort.volumes =
      std::make_unique<VolumeSource>(maps, cohort.intensity, std::min(most_kept, HostBackend().free_bytes() / 4));
  std::vector<float> scratch(static_cast<std::size_t>(cohort.volumes->voxels()));
  for (Index i = 0; i < maps.size(); ++i) cohort.volumes->read(i, scratch);
  cohort.digest = cohort_digest(*cohort.file, maps.digests());
}

/// The published split goes by the rows of the file.
Split split_rows(const DataOptions& o, const CohortFile& file) {
  const Split rows = split_folds(file.size(), o.folds, o.fold, static_cast<std::uint32_t>(o.split_seed));
  Split split;
  for (Index i = 0; i < file.size(); ++i)
    (std::ranges::binary_search(rows.test, file.row(i)) ? split.test : split.train).push_back(i);
  return split;
}

std::vector<std::string> read_lines(const std::string& path) {
  std::istringstream text(read_input(path, most_list_bytes));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

/// The file's place is not an option of the command: says what chooses it.
[[noreturn]] void refuse_place(const Error& error, const std::filesystem::path& path) {
  const std::filesystem::path cache = cache_folder();
  const bool cached = std::mismatch(cache.begin(), cache.end(), path.begin(), path.end()).first == cache.end();
  const std::string other = "or give a cohort: data.cohort=FILE";
  std::string fix = error.fix();
  if (fix.ends_with('.')) fix.pop_back();
  fail(ErrorKind::storage, error.where(), error.found(),
       cached ? "Set XDG_CACHE_HOME to a folder that you can write to, " + other : fix + ", " + other);
}

phantom::CohortOptions phantom_options(const PhantomOptions& o) {
  phantom::CohortOptions options;
  options.subjects = o.subjects;
  options.voxel_mm = o.voxel_mm;
  options.t1 = o.modality == PhantomModality::t1;
  options.seed = static_cast<std::uint32_t>(o.seed);
  options.command = "run_experiment";
  return options;
}

void make_phantom(const PhantomOptions& o, const std::filesystem::path& path,
                  const std::function<void(const std::string&)>& say) try {
  say(fmt::format("Creating the synthetic phantom cohort (once): {} subjects{} at {:g} mm, {}", o.subjects,
                  o.modality == PhantomModality::t1 ? ", T1-like," : "", o.voxel_mm, path.string()));
  make_folder(path.parent_path());
  phantom::write_cohort(phantom_options(o), path.string());
} catch (const Error& error) {
  if (error.kind() != ErrorKind::storage) throw;
  refuse_place(error, path);
}

}  // namespace

std::filesystem::path phantom_path(const PhantomOptions& o) {
  const Place here = place();
  const std::filesystem::path shared = here.root / "phantoms";
  const std::string name = fmt::format("synthetic-{}phantom-{:g}mm-seed{}-n{}.h5",
                                       o.modality == PhantomModality::t1 ? "t1-" : "", o.voxel_mm, o.seed, o.subjects);
  const std::filesystem::path above = std::filesystem::exists(shared) ? shared : shared.parent_path();
  if (std::filesystem::exists(shared / name)) return shared / name;
  if (!here.installed && access(above.c_str(), W_OK) == 0) return shared / name;
  return cache_folder() / "phantoms" / name;
}

std::filesystem::path cohort_path(const DataOptions& o) {
  return o.cohort.empty() ? phantom_path(o.phantom) : std::filesystem::path(o.cohort);
}

Shape volume_shape(const DataOptions& o) {
  return o.cohort.empty() ? phantom::Grid(o.phantom.voxel_mm).shape() : CohortFile(o.cohort).volume_shape();
}

std::vector<std::string> study_names(const DataOptions& o) {
  const std::filesystem::path path = cohort_path(o);
  std::vector<std::string> of_subjects;
  if (o.cohort.empty() && !std::filesystem::exists(path)) {
    of_subjects = phantom::studies(phantom_options(o.phantom));
  } else {
    const CohortFile file(path.string());
    for (Index i = 0; i < file.size(); ++i) of_subjects.push_back(file.subject(i).study);
  }
  const std::set<std::string> names(of_subjects.begin(), of_subjects.end());
  const auto unnamed = std::ranges::count(of_subjects, "");
  if (unnamed > 0 || names.size() < 2)
    fail(ErrorKind::usage, path.string(),
         unnamed == std::ssize(of_subjects) ? "the cohort has no studies: its file has no column study"
         : unnamed > 0 ? fmt::format("{} of {} subjects have no study", unnamed, of_subjects.size())
                       : fmt::format("all subjects are of one study, \"{}\"", *names.begin()),
         "Import the cohort with the study of each subject, or choose another study.protocol");
  return {names.begin(), names.end()};
}

Split split_of(const DataOptions& o, const CohortFile& file) {
  const auto seed = static_cast<std::uint64_t>(o.split_seed);
  const auto has = [&](const char* word) { return std::ranges::find(o.stratify, word) != o.stratify.end(); };
  const Strata strata{.age = has("age"), .study = has("study")};
  Split split;
  switch (o.split) {
    case SplitBy::rows:
      split = split_rows(o, file);
      break;
    case SplitBy::persons:
      split = split_persons(file, o.folds, o.fold, seed, strata);
      break;
    case SplitBy::column:
      split = split_by_values(file.column(o.split_column), o.test_values, o.validation_values);
      break;
    case SplitBy::ids:
      split = split_by_ids(file, read_lines(o.test_ids));
      break;
  }
  if (o.validation > 0) hold_out_validation(split, file, o.validation, seed, strata);
  check_persons(split, file);
  return split;
}

void Cohort::keep_on(Backend& backend, DType dtype, Index spare) {
  if (backend.traits().has_own_memory && DeviceVolumes::bytes_of(*volumes, dtype) <= spare)
    on_device.emplace(backend, *volumes, dtype);
}

void Cohort::leave_device() {
  on_device.reset();
  buffers.reset();
}

DeviceLoader Cohort::batches(Backend& backend, const std::vector<Index>& of, const LoaderOptions& options) {
  if (backend.traits().has_own_memory && !buffers) buffers.emplace(backend);
  return {backend, {on_device ? &*on_device : nullptr, buffers ? &*buffers : nullptr}, *volumes, of, options};
}

std::vector<double> Cohort::ages(const std::vector<Index>& subjects) const {
  std::vector<double> out;
  for (Index i : subjects) out.push_back(file->subject(i).age);
  return out;
}

Cohort open_cohort(const DataOptions& o, const std::function<void(const std::string&)>& say) {
  const std::filesystem::path path = cohort_path(o);
  if (o.cohort.empty() && !std::filesystem::exists(path)) make_phantom(o.phantom, path, say);
  Cohort cohort;
  cohort.file = std::make_unique<CohortFile>(path.string());
  cohort.split = split_of(o, *cohort.file);
  try {
    read_maps(cohort, o.normalise);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    report_bad_maps(*cohort.file, error);
  }
  return cohort;
}

void check_outliers(const Cohort& cohort, bool allowed, const std::function<void(const std::string&)>& say) {
  const std::vector<std::string> ids = ids_of(*cohort.file);
  const std::vector<Outlier> all = cohort.maps->outliers();
  const SortedOutliers outliers = by_gravity(all);
  for (const std::string& line : outlier_lines(allowed ? all : outliers.mild, ids)) say("warning: " + line);
  if (allowed) return;
  Diagnostics grave;
  for (const Outlier& o : outliers.grave) grave.add(ids[static_cast<std::size_t>(o.map)] + ": " + o.text);
  grave.report(cohort.file->path(),
               "Fix these maps. show_cohort shows them. To train on them all the same, add "
               "--allow-outliers.");
}

}  // namespace cg
