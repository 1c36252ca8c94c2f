// SPDX-License-Identifier: Apache-2.0
// Creates a cohort file from NIfTI or .npy files and a table of participants (docs/import-cohort.md).
//   import_cohort study/ --files '{participant_id}/mre/{participant_id}_stiffness.nii.gz' --out cohort.h5
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>

#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "experiments/cohorts/import.h"
#include "experiments/program/command_line.h"
#include "experiments/program/listed.h"
#include "experiments/program/stop_signal.h"
#include "tensor/error.h"

namespace {

using namespace cg;

constexpr const char* examples = R"(
Examples:
  import_cohort bids/ --out t1.h5
  import_cohort study/ --files '{participant_id}/mre/{participant_id}_stiffness.nii.gz' --out cohort.h5
)";

struct Arguments {
  ImportOptions options;
  std::string out, report;
  std::string layout = "bids", sampling;
  int threads = 0;
  bool check = false, overwrite = false;
};

const std::map<std::string, Layout> layouts = {
    {"bids", Layout::bids}, {"openbhb", Layout::openbhb}, {"openbhb-2mm", Layout::openbhb_2mm}};

std::vector<std::string> names_of(const std::map<std::string, Layout>& known) {
  std::vector<std::string> names;
  for (const auto& [name, layout] : known) names.push_back(name);
  return names;
}

void add_sources(CLI::App& app, Arguments& a) {
  ImportOptions& o = a.options;
  app.add_option("FOLDER", o.root, "the folder of all paths below, which must not leave it")->required();
  app.add_option("--layout", a.layout, "bids: ID/anat/ID_T1w.nii.gz; openbhb: 1 mm .npy files; openbhb-2mm: stacks")
      ->check(among(names_of(layouts)))
      ->capture_default_str();
  app.add_option("--table", o.table, "participants (.tsv or .csv); default: participants.tsv");
  app.add_option("--files", o.files,
                 "the maps (NIfTI or .npy), with {participant_id} for the id, {session} for a BIDS session (then each "
                 "session is a scan), * for any part of a name");
  app.add_option("--stack", o.stack, "one .npy with all maps, one per row; needs --ids");
  app.add_option("--ids", o.ids, "a .npy with the ids of the stack's rows");
  app.add_option("--masks", o.masks, "masks (NIfTI), with {participant_id}: maps are set to 0 outside of their mask");
  app.add_option("--parts", o.parts, "names for {part} in these paths, e.g. train,val")->delimiter(',');
  app.add_option("--id-column", o.id_column, "column with the ids")->capture_default_str();
  app.add_option("--age-column", o.age_column, "column with the ages")->capture_default_str();
  app.add_option("--age-unit", o.age_unit,
                 "unit of the ages: years, months, weeks, days; default: \"Units\" in the table's .json, or years");
  app.add_option("--session-column", o.session_column, "column with the session, if --files has {session}")
      ->capture_default_str();
  app.add_option("--sex-column", o.sex_column)->capture_default_str();
  app.add_option("--study-column", o.study_column, "column with the study or site; default: study, otherwise site");
  app.add_option("--female", o.female, "the table's word, in addition to F and female, e.g. 2");
  app.add_option("--male", o.male);
}

void add_choices(CLI::App& app, Arguments& a) {
  ImportOptions& o = a.options;
  app.add_option("--exclude", o.exclude, "ids to skip, separated by commas")->delimiter(',');
  app.add_flag("--allow-missing", o.allow_missing, "skip rows of the table without a map");
  app.add_flag("--allow-unused", o.allow_unused, "skip maps without a row in the table");
  app.add_flag("--allow-outliers", o.allow_outliers,
               "accept equal maps under two ids, and intensities that are off by a factor of 10");
  app.add_flag("--nan-is-zero", o.nan_is_zero, "NaN in a map means: not measured");
  app.add_option("--not-in", o.not_in, "a cohort file that must not contain a participant of this one");
  app.add_option("--npy-axes", o.npy_axes, "direction of x in .npy files: LAS as in FSL's template, or RAS");
  app.add_option("--modality", o.modality,
                 "mre (kPa), t1, …; default: t1 if the file names contain T1w, otherwise mre");
  app.add_option("--voxel", o.voxel_mm, "edge of the MNI grid's voxels, mm")->capture_default_str();
  app.add_option("--sampling", a.sampling,
                 "measured: zeros are not data and do not blur the rim (default for mre); linear (for others); nearest")
      ->check(among(std::vector<std::string>(std::begin(sampling_names), std::end(sampling_names))));
  app.add_option("--threads", a.threads, "0: all")->check(in_range(0, 1024))->capture_default_str();
  app.add_option("--out", a.out, "the cohort file to write (.h5)");
  app.add_option("--report", a.report, "report on each file, as CSV; default: beside the cohort file");
  app.add_flag("--check", a.check, "write nothing; only report what would be done, and all problems");
  add_overwrite(app, a.overwrite);
}

void complete(Arguments& a, bool modality_given) {
  const Layout layout = layouts.at(a.layout);
  a.options = with_layout(std::move(a.options), layout);
  if (!modality_given) a.options.modality = layout == Layout::bids ? modality_of_name(a.options.files) : "t1";
  a.options.sampling = sampling_of(a.sampling).value_or(usual_sampling(a.options.modality));  // checked, or not given
  if (a.check) return;
  if (a.out.empty()) fail(ErrorKind::usage, "--out", "no cohort file is given", "Give a file, or add --check.");
  const std::filesystem::path folder = std::filesystem::path(a.report).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))  // reported before the work, not after it
    fail(ErrorKind::storage, a.report, "the folder of the report does not exist",
         "Create the folder, or name a file in another folder.");
  if (a.report.empty()) a.report = std::filesystem::path(a.out).replace_extension("").string() + "-import.csv";
  require_apart(std::array{a.out, a.report});
  const std::vector<std::string> inputs = input_files(a.options);
  for (const std::string& out : {a.out, a.report}) {
    require_not_read(out, inputs);
    require_new(out, a.overwrite);
  }
}

/// At most five names.
std::string first_of(const std::vector<std::string>& names) { return printable(listed(names, 5)); }

void report(const Arguments& a, const Imported& done) {
  fmt::print("{}: {} maps at {:g} mm, digest {}\n", a.check ? "no problems" : a.out, done.maps, a.options.voxel_mm,
             done.digest.substr(0, 16));
  if (!done.left_out.empty()) fmt::print("{} participants have no map and were skipped\n", done.left_out.size());
  if (done.hidden_ages > 0)
    fmt::print("{} ages are hidden (\"89+\") and count as the given number\n", done.hidden_ages);
  if (done.age_unit.per_year != 1)
    fmt::print("ages were converted from {} to years{}\n", done.age_unit.name,
               done.age_unit.from.empty() ? "" : " (" + done.age_unit.from + ")");
  if (!done.lossy.empty())
    fmt::print(
        "warning: {} of {} maps ha{} more than 5 % of {} data outside of the MNI grid: {}. Check the "
        "registration.\n",
        done.lossy.size(), done.maps, done.lossy.size() == 1 ? "s" : "ve", done.lossy.size() == 1 ? "its" : "their",
        first_of(done.lossy));
  for (const std::string& warning : done.warnings) fmt::print("warning: {}\n", printable(warning));
  for (const std::string& line : done.outliers) fmt::print("warning: {}\n", line);
  if (!a.check) fmt::print("report on each file: {}\n", a.report);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Creates a cohort file from NIfTI or .npy files and a table of participants.", "import_cohort");
  Arguments arguments;
  add_sources(app, arguments);
  add_choices(app, arguments);
  app.footer(examples + exit_code_help({ErrorKind::data, ErrorKind::corrupt, ErrorKind::memory, ErrorKind::storage,
                                        ErrorKind::in_use}));
  return run_program(app, argc, argv, [&] {
    const StopSignals stop;  // so that no partly written file is left
    complete(arguments, app.count("--modality") > 0);
    try {
      const Imported done =
          import_cohort(arguments.options, arguments.check ? "" : arguments.out, standard_error(), arguments.threads);
      if (!arguments.check) write_output(arguments.report, done.report, arguments.overwrite);
      report(arguments, done);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::interrupted) throw;
      fmt::print(stderr, "interrupted: {}\n", error.what());
      return 128 + stop_signal();
    }
    return 0;
  });
}
