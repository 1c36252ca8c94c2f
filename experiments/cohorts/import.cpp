// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/import.h"

#include <fmt/format.h>
#include <omp.h>

#include <cmath>
#include <exception>
#include <memory>
#include <set>

#include "data/cohort_h5.h"
#include "data/files/digest.h"
#include "data/files/sums.h"
#include "data/formats/hdf5_file.h"
#include "data/outliers.h"
#include "experiments/cohorts/map_reader.h"
#include "experiments/cohorts/map_sources.h"
#include "experiments/program/csv.h"
#include "experiments/program/environment.h"
#include "experiments/program/stop_signal.h"
#include "tensor/error.h"
#include "tensor/parallel.h"

namespace cg {
namespace {

constexpr double much_lost = 0.05;
constexpr const char* fix_first = "Fix these problems first; nothing was written.";
constexpr std::size_t most_problems = 100;  // reported by an import; a check reports all

/// Writes the cohort file row by row, as long as there are no problems.
class Writer {
 public:
  Writer(const std::filesystem::path& out, const ImportOptions& o, const SpatialGrid& grid, Index maps)
      : options_(o), grid_(grid), maps_(maps), file_(out.string()) {
    Shape shape = {maps, 1, grid.extents[0], grid.extents[1], grid.extents[2]};
    file_.make_rows("maps", {shape, DType::f32});
    file_.make_rows("mask", {shape, DType::u8});
  }

  void add(Index row, const MapReading& reading) {
    std::vector<std::uint8_t> mask;
    for (const float v : reading.volume.values) mask.push_back(v != 0);
    file_.row("maps", row, reading.volume.values);
    file_.row("mask", row, mask);
  }

  void finish(const std::vector<MapSource>& sources, const std::string& digest, bool synthetic) {
    std::vector<std::string> ids, persons, sexes, studies, parts;
    std::vector<double> ages;
    for (const MapSource& source : sources) {
      const Participant& p = source.participant;
      ids.push_back(scan_id(p.id, p.session));
      persons.push_back(p.session.empty() ? "" : p.id);
      sexes.push_back(p.sex);
      studies.push_back(p.study);
      if (!options_.parts.empty()) parts.push_back(options_.parts[*p.part]);
      ages.push_back(p.age);
    }
    const auto any = [](const std::vector<std::string>& texts) {
      return std::any_of(texts.begin(), texts.end(), [](const std::string& text) { return !text.empty(); });
    };
    file_.strings("participant_id", ids);
    file_.numbers("age", {maps_}, ages);
    if (any(persons)) file_.strings("person", persons);
    if (any(sexes)) file_.strings("sex", sexes);
    if (any(studies)) file_.strings("study", studies);
    if (any(parts)) file_.strings("part", parts);
    attributes(digest, synthetic);
    file_.commit();
  }

 private:
  void attributes(const std::string& digest, bool synthetic) {
    std::vector<double> affine;
    for (const auto& row : grid_.affine.m) affine.insert(affine.end(), row.begin(), row.end());
    affine.insert(affine.end(), {0, 0, 0, 1});
    file_.numbers("affine", {4, 4}, affine);
    file_.attribute("voxel_mm", options_.voxel_mm);
    file_.attribute("modality", options_.modality);
    if (synthetic) file_.attribute("synthetic", 1);
    file_.attribute("importer", "Cortexgrad " + version());
    file_.attribute("digest", "sha256:" + digest);
    file_.attribute("source", options_.root.filename().empty() ? options_.root.parent_path().filename().string()
                                                               : options_.root.filename().string());
    file_.attribute("source_table", options_.table);
    file_.attribute("source_maps", options_.files.empty() ? options_.stack : options_.files);
    if (!options_.masks.empty()) file_.attribute("source_masks", options_.masks);
    file_.attribute("sampling", name_of(options_.sampling));
    file_.attribute("nan_is_zero", options_.nan_is_zero ? 1 : 0);
    if (!options_.npy_axes.empty()) file_.attribute("npy_axes", options_.npy_axes);
  }

  const ImportOptions& options_;
  const SpatialGrid& grid_;
  Index maps_;
  H5Writer file_;
};

std::string report_head() {
  return "participant_id,age,sex,study,part,source,sha256,format,axes,done,voxels,least,mean,most,outside_of_grid,"
         "differs\n";
}

/// The cells of a map's line, without the last.
std::vector<std::string> report_cells(const MapSource& source, const MapReading& r, const std::string& part) {
  const Participant& p = source.participant;
  return {csv_text(scan_id(p.id, p.session)),
          csv_number(p.age),
          p.sex,
          csv_text(p.study),
          csv_text(part),
          csv_text(source.where),
          r.sha256,
          csv_text(r.format),
          r.axes,
          csv_text(r.done),
          fmt::format("{}", r.voxels),
          csv_number(r.least),
          csv_number(r.mean),
          csv_number(r.most),
          fmt::format("{:.4f}", r.lost)};
}

/// Returns a warning, or nothing.
std::vector<std::string> check_apart(const ImportOptions& o, const std::vector<Participant>& people,
                                     Diagnostics& diagnostics) {
  if (o.not_in.empty()) return {};
  const CohortFile other(o.not_in);
  std::set<std::string> ids;
  for (Index i = 0; i < other.size(); ++i) ids.insert(letters_of_id(other.subject(i).person));
  for (const Participant& p : people)
    if (ids.contains(letters_of_id(p.id)))
      diagnostics.add(
          fmt::format("{}: the participant is also in {}. Remove it here: --exclude {}.", p.where, o.not_in, p.id));
  if (other.verified()) return {};
  return {fmt::format("{}: {}", o.not_in, Sums::absent)};
}

/// A map from its file, or why it cannot be read.
struct Reading {
  MapReading map;
  MapTraits traits;
  std::string digest;
  std::exception_ptr error;
};

/// Imports all maps, in order, on several threads.
class Importer {
 public:
  Importer(const ImportOptions& options, Diagnostics& diagnostics, std::vector<MapSource> sources)
      : options_(options),
        diagnostics_(diagnostics),
        sources_(std::move(sources)),
        reader_({options.npy_axes, options.nan_is_zero, options.sampling}, mni_grid(options.voxel_mm)) {}

  Imported run(const std::filesystem::path& out, const ProgressOutput& output, int threads) {
    const auto n = static_cast<Index>(sources_.size());
    Progress progress(n, output);
    if (!out.empty() && diagnostics_.empty()) writer_ = std::make_unique<Writer>(out, options_, reader_.grid(), n);
    RegionErrors errors;
#pragma omp parallel for ordered schedule(dynamic) num_threads(threads > 0 ? threads : omp_get_max_threads())
    for (Index i = 0; i < n; ++i) {
      Reading reading;
      if (!errors.any()) reading = read(sources_[static_cast<std::size_t>(i)]);
#pragma omp ordered
      errors.guard([&] {
        add(i, reading);
        progress.advance(1, id(i));
      });
    }
    if (n > 0) progress.finish();
    errors.rethrow();
    compare();
    diagnostics_.report(options_.root.string(), fix_first, out.empty() ? diagnostics_.size() : most_problems);
    return finish();
  }

 private:
  std::string id(Index i) const {
    const Participant& p = sources_[static_cast<std::size_t>(i)].participant;
    return scan_id(p.id, p.session);
  }

  Reading read(const MapSource& source) const {
    Reading out;
    try {
      out.map = reader_.read(source);
      out.traits = map_traits(out.map.volume.values, {reader_.grid().extents, options_.voxel_mm});
      out.digest = map_digest(out.map.volume.values);
    } catch (...) {
      out.error = std::current_exception();
    }
    return out;
  }

  void add(Index i, const Reading& reading) {
    const MapSource& source = sources_[static_cast<std::size_t>(i)];
    if (stop_signal() != 0)
      fail(ErrorKind::interrupted, options_.root.string(), "stopped by a signal; nothing was written",
           "Start the import again.");
    if (reading.error) {
      diagnostics_.collect([&] { std::rethrow_exception(reading.error); });
      writer_.reset();
      return;
    }
    if (writer_) writer_->add(i, reading.map);
    report_.push_back(
        report_cells(source, reading.map, options_.parts.empty() ? "" : options_.parts[*source.participant.part]));
    if (reading.map.lost > much_lost) out_.lossy.push_back(id(i));
    if (!reading.map.warning.empty()) out_.warnings.push_back(source.where + ": " + reading.map.warning);
    out_.hidden_ages += source.participant.or_more;
    synthetic_ = synthetic_ || reading.map.synthetic;
    hashes_ += fmt::format("{} {} {}\n", id(i), source.participant.age, reading.digest);
    from_.push_back(i);
    ids_.push_back(id(i));
    digests_.push_back(reading.digest);
    traits_.push_back(reading.traits);
  }

  /// Compares the maps that could be read with each other.
  void compare() {
    const std::vector<Outlier> all =
        find_outliers({ids_, digests_, traits_, options_.voxel_mm, unit_of(options_.modality)});
    const SortedOutliers outliers = by_gravity(all);
    out_.outliers = outlier_lines(options_.allow_outliers ? all : outliers.mild, ids_);
    for (const Outlier& o : outliers.grave)
      if (const auto k = static_cast<std::size_t>(o.map); !options_.allow_outliers)
        diagnostics_.add(fmt::format("{} ({}): {}{} Fix the map, or --exclude {}, or --allow-outliers.",
                                     sources_[static_cast<std::size_t>(from_[k])].where, ids_[k], o.text,
                                     o.text.ends_with('?') ? "" : ".", ids_[k]));
    std::vector<std::string> differs(ids_.size());
    for (const Outlier& o : all) {
      std::string& cell = differs[static_cast<std::size_t>(o.map)];
      cell += (cell.empty() ? "" : "; ") + o.text;
    }
    out_.report = report_head();
    for (std::size_t k = 0; k < ids_.size(); ++k) {
      report_[k].push_back(csv_text(differs[k]));
      out_.report += csv_line(report_[k]);
    }
  }

  Imported finish() {
    out_.maps = static_cast<Index>(sources_.size());
    out_.digest = sha256(hashes_);
    if (writer_) writer_->finish(sources_, out_.digest, synthetic_);
    return std::move(out_);
  }

  const ImportOptions& options_;
  Diagnostics& diagnostics_;
  std::vector<MapSource> sources_;
  MapReader reader_;
  std::unique_ptr<Writer> writer_;
  Imported out_;
  std::string hashes_;
  // Of the maps that could be read:
  std::vector<Index> from_;  // index of the source
  std::vector<std::string> ids_, digests_;
  std::vector<MapTraits> traits_;
  std::vector<std::vector<std::string>> report_;
  bool synthetic_ = false;
};

}  // namespace

Imported import_cohort(const ImportOptions& options, const std::filesystem::path& out, const ProgressOutput& output,
                       int threads) {
  check_options(options);
  if (!std::filesystem::is_directory(options.root))
    fail(ErrorKind::data, options.root.string(), "no such folder", "Give the folder that contains the table.");
  Diagnostics diagnostics;
  std::vector<std::string> left_out;
  Exclusions exclusions(options.exclude);
  const auto [people, unit] = read_participants(options, exclusions, diagnostics);
  const std::vector<std::string> warnings = check_apart(options, people, diagnostics);
  std::vector<MapSource> sources = find_maps(options, people, exclusions, diagnostics, left_out);
  exclusions.report_unknown(diagnostics);
  if (sources.empty()) {
    diagnostics.report(options.root.string(), fix_first, out.empty() ? diagnostics.size() : most_problems);
    fail(ErrorKind::data, options.root.string(), "no participant has a map", "Check --table and --files.");
  }
  Imported imported = Importer(options, diagnostics, std::move(sources)).run(out, output, threads);
  imported.left_out = std::move(left_out);
  imported.warnings.insert(imported.warnings.begin(), warnings.begin(), warnings.end());
  imported.age_unit = unit;
  for (const std::string& id : imported.left_out)
    imported.report +=
        csv_line({csv_text(id), "", "", "", "", "", "", "", "", "left out: no map", "", "", "", "", "", ""});
  return imported;
}

}  // namespace cg
