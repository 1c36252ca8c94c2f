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
#include "experiments/cohorts/id_pattern.h"
#include "experiments/cohorts/map_reader.h"
#include "experiments/program/csv.h"
#include "experiments/program/environment.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

/// A cell of the table. Text is written so that it cannot end the cell and a spreadsheet does not evaluate it.
std::string cell(const std::string& text) { return text.empty() ? "n/a" : decimal(text) ? text : csv_text(text); }

/// A scan's labels in BIDS's layout.
struct Labels {
  std::string participant;  ///< "sub-01"
  std::string session;      ///< "ses-02"; empty if the cohort has no sessions
};

std::string table(const CohortFile& cohort, const std::vector<Labels>& labels) {
  const bool synthetic = cohort.synthetic(), sessions = !labels.empty() && !labels[0].session.empty();
  std::string text = fmt::format("participant_id{}\tage\tsex\tstudy{}\n", sessions ? "\tsession_id" : "",
                                 synthetic ? "\tsynthetic" : "");
  for (Index i = 0; i < cohort.size(); ++i) {
    const Subject& s = cohort.subject(i);
    const Labels& scan = labels[static_cast<std::size_t>(i)];
    // Ages that a file stores as float32: write the shortest decimal number that gives the same bits again.
    const auto age = static_cast<float>(s.age);
    const std::string years = static_cast<double>(age) == s.age ? fmt::format("{}", age) : fmt::format("{}", s.age);
    text += fmt::format("{}{}\t{}\t{}\t{}{}\n", scan.participant, sessions ? "\t" + scan.session : "", years,
                        cell(s.sex), cell(s.study), synthetic ? "\tyes" : "");
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

std::string letters(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c))) out += c;
  return out;
}

bool has_sessions(const CohortFile& cohort) {
  for (Index i = 0; i < cohort.size(); ++i)
    if (cohort.subject(i).person != cohort.subject(i).id) return true;
  return false;
}

/// What the id of a person's scan has in addition to the person: "ses-02" for sub-01_ses-02; the whole id if it does
/// not begin with the person's.
std::string session_of(const Subject& scan) {
  if (scan.id == scan.person) return "ses-1";
  std::string rest = scan.id.starts_with(scan.person) ? scan.id.substr(scan.person.size()) : scan.id;
  if (rest.starts_with("_ses-")) rest = rest.substr(5);
  return "ses-" + letters(rest);
}

[[noreturn]] void refuse_same(const CohortFile& cohort, Index a, Index b, const std::string& label) {
  fail(ErrorKind::data, cohort.path(),
       fmt::format("\"{}\" and \"{}\" would both be exported as {}", cohort.subject(a).id, cohort.subject(b).id, label),
       "Rename one of the two participants.");
}

/// The labels of each scan. Errors (data): a label that would be empty; two persons, or two scans of a person, with the
/// same labels.
std::vector<Labels> labels_of(const CohortFile& cohort) {
  const bool sessions = has_sessions(cohort);
  std::vector<Labels> out;
  std::map<std::string, Index> persons, scans;  // the first subject with each label
  for (Index i = 0; i < cohort.size(); ++i) {
    const Subject& scan = cohort.subject(i);
    out.push_back({bids_id(scan.person), sessions ? session_of(scan) : ""});
    const auto& [participant, session] = out.back();
    if (participant == "sub-" || session == "ses-")
      fail(ErrorKind::data, cohort.path(), fmt::format("the id \"{}\" has neither letters nor digits", scan.id),
           "Rename the participant.");
    const Index person = persons.emplace(participant, i).first->second;
    if (cohort.subject(person).person != scan.person) refuse_same(cohort, person, i, participant);
    const Index same = scans.emplace(scan_id(participant, session), i).first->second;
    if (same != i) refuse_same(cohort, same, i, scan_id(participant, session));
  }
  return out;
}

/// Errors: data or corrupt, with all maps that cannot be used.
void check_maps(const CohortFile& cohort) {
  Diagnostics diagnostics;
  for (Index i = 0; i < cohort.size(); ++i) diagnostics.collect([&] { cohort.volume(i); });
  diagnostics.report(cohort.path(), "Fix the cohort file; nothing was written");
}

}  // namespace

std::string bids_id(const std::string& id) { return "sub-" + letters(id.starts_with("sub-") ? id.substr(4) : id); }

std::string exported_files(const CohortFile& cohort) {
  const bool stiffness = cohort.unit() == "kPa", sessions = has_sessions(cohort);
  return fmt::format("{{participant_id}}{}/{}/{{participant_id}}{}_{}.nii.gz", sessions ? "/{session}" : "",
                     stiffness ? "mre" : "anat", sessions ? "_{session}" : "", stiffness ? "stiffness" : "T1w");
}

void export_cohort(const CohortFile& cohort, const fs::path& folder, const ProgressOutput& output) {
  std::error_code ignored;  // make_folder reports a path where no folder can be
  if (fs::is_directory(folder, ignored) && !fs::is_empty(folder, ignored))
    fail(ErrorKind::in_use, folder.string(), "the folder is not empty", "Give a new folder.");
  const std::vector<Labels> labels = labels_of(cohort);
  check_maps(cohort);
  make_folder(folder);
  const Affine affine = cohort.affine();
  const std::string pattern = exported_files(cohort);
  Progress progress(cohort.size(), output);
  for (Index i = 0; i < cohort.size(); ++i) {
    const auto& [participant, session] = labels[static_cast<std::size_t>(i)];
    const fs::path file = folder / replaced(filled(pattern, "", participant), "{session}", session);
    make_folder(file.parent_path());
    write_nifti(file, {cohort.volume(i), affine}, cohort.synthetic() ? synthetic_mark : "");
    progress.advance(1, scan_id(participant, session));
  }
  progress.finish();
  write_atomically(folder / "dataset_description.json", description(cohort));
  write_atomically(folder / "participants.tsv", table(cohort, labels));
}

}  // namespace cg
