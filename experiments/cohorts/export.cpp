// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/export.h"

#include <fmt/format.h>

#include <cctype>
#include <map>
#include <nlohmann/json.hpp>

#include "data/files/diagnostics.h"
#include "data/files/storage.h"
#include "data/formats/nifti.h"
#include "data/formats/tsv.h"
#include "experiments/cohorts/map_reader.h"
#include "experiments/program/csv.h"
#include "experiments/program/environment.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

/// A cell of the table. Text is written so that it cannot end the cell and a spreadsheet does not evaluate it.
std::string cell(const std::string& text) { return text.empty() ? "n/a" : decimal(text) ? text : csv_text(text); }

std::string table(const CohortFile& cohort, const std::vector<std::string>& ids) {
  const bool synthetic = cohort.synthetic();
  std::string text = std::string("participant_id\tage\tsex\tstudy") + (synthetic ? "\tsynthetic\n" : "\n");
  for (Index i = 0; i < cohort.size(); ++i) {
    const Subject& s = cohort.subject(i);
    // Ages that a file stores as float32: write the shortest decimal number that gives the same bits again.
    const auto age = static_cast<float>(s.age);
    const std::string years = static_cast<double>(age) == s.age ? fmt::format("{}", age) : fmt::format("{}", s.age);
    text += fmt::format("{}\t{}\t{}\t{}{}\n", ids[static_cast<std::size_t>(i)], years, cell(s.sex), cell(s.study),
                        synthetic ? "\tyes" : "");
  }
  return text;
}

std::string description(const CohortFile& cohort) {
  nlohmann::ordered_json json = {{"Name", cohort.synthetic() ? synthetic_mark + ": not data of any person" : "cohort"},
                                 {"BIDSVersion", "1.8.0"},
                                 {"DatasetType", "derivative"},
                                 {"GeneratedBy", {{{"Name", "Cortexgrad"}, {"Version", version()}}}}};
  return json.dump(2) + "\n";
}

/// The BIDS name of each participant. Errors (data): a name that would be empty, or two equal names.
std::vector<std::string> bids_ids(const CohortFile& cohort) {
  std::vector<std::string> ids;
  std::map<std::string, Index> rows;
  for (Index i = 0; i < cohort.size(); ++i) {
    ids.push_back(bids_id(cohort.subject(i).id));
    if (ids.back() == "sub-")
      fail(ErrorKind::data, cohort.path(), fmt::format("\"{}\" has neither letters nor digits", cohort.subject(i).id),
           "Rename the participant.");
    if (const auto [at, fresh] = rows.emplace(ids.back(), i); !fresh)
      fail(ErrorKind::data, cohort.path(),
           fmt::format("\"{}\" and \"{}\" both become {}", cohort.subject(at->second).id, cohort.subject(i).id,
                       at->first),
           "Rename one of them.");
  }
  return ids;
}

/// Errors: data or corrupt, with all maps that cannot be used.
void check_maps(const CohortFile& cohort) {
  Diagnostics diagnostics;
  for (Index i = 0; i < cohort.size(); ++i) diagnostics.collect([&] { cohort.volume(i); });
  diagnostics.report(cohort.path(), "Fix the cohort file; nothing was written");
}

}  // namespace

std::string bids_id(const std::string& id) {
  std::string out = "sub-";
  for (const char c : id.starts_with("sub-") ? id.substr(4) : id)
    if (std::isalnum(static_cast<unsigned char>(c))) out += c;
  return out;
}

std::string exported_files(const CohortFile& cohort) {
  return cohort.unit() == "kPa" ? "{participant_id}/mre/{participant_id}_stiffness.nii.gz"
                                : "{participant_id}/anat/{participant_id}_T1w.nii.gz";
}

void export_cohort(const CohortFile& cohort, const fs::path& folder, const ProgressOutput& output) {
  std::error_code ignored;  // make_folder reports a path where no folder can be
  if (fs::is_directory(folder, ignored) && !fs::is_empty(folder, ignored))
    fail(ErrorKind::in_use, folder.string(), "the folder is not empty", "Give a new folder.");
  const std::vector<std::string> ids = bids_ids(cohort);
  check_maps(cohort);
  make_folder(folder);
  const Affine affine = cohort.affine();
  Progress progress(cohort.size(), output);
  for (Index i = 0; i < cohort.size(); ++i) {
    const std::string& id = ids[static_cast<std::size_t>(i)];
    const fs::path file = folder / filled(exported_files(cohort), "", id);
    make_folder(file.parent_path());
    write_nifti(file, {cohort.volume(i), affine}, cohort.synthetic() ? synthetic_mark : "");
    progress.advance(1, id);
  }
  progress.finish();
  write_atomically(folder / "dataset_description.json", description(cohort));
  write_atomically(folder / "participants.tsv", table(cohort, ids));
}

}  // namespace cg
