// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/import_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/cohorts/age_unit.h"
#include "experiments/cohorts/id_pattern.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

/// The paths of OpenBHB's files, which depend on the source of the download.
constexpr const char* openbhb_tables[] = {"{part}_labels/{part}_participants.tsv", "{part}_labels/participants.tsv",
                                          "{part}/participants.tsv", "participants.tsv"};
constexpr const char* openbhb_files[] = {
    "{part}/derivatives/sub-{participant_id}/ses-1/sub-{participant_id}_preproc-quasiraw_T1w.npy",
    "{part}_quasiraw/{part}_quasiraw/sub-{participant_id}_preproc-quasiraw_T1w.npy",
    "{part}_quasiraw/sub-{participant_id}_preproc-quasiraw_T1w.npy",
    "{part}/sub-{participant_id}_preproc-quasiraw_T1w.npy"};
constexpr const char* openbhb_folders[] = {"{part}_quasiraw/{part}_quasiraw/", "{part}_quasiraw/", "{part}/"};

[[noreturn]] void not_found(const ImportOptions& o, const std::string& what) {
  fail(ErrorKind::data, o.root.string(),
       fmt::format("no {} of part \"{}\" in the folders where OpenBHB has it", what, o.parts[0]),
       "Check the folder, or give the paths with --table, --files, or --stack and --ids.");
}

/// The first of the places that exists for the first part.
template <class Places>
std::string first_there(const ImportOptions& o, const Places& places, const std::string& behind, const char* what) {
  for (const char* place : places)
    if (fs::exists(o.root / filled(place + behind, o.parts[0], ""))) return place + behind;
  not_found(o, what);
}

ImportOptions with_openbhb(ImportOptions o, Layout layout) {
  if (o.parts.empty()) o.parts = {"train", "val"};
  if (o.table.empty()) o.table = first_there(o, openbhb_tables, "", "table");
  if (o.study_column.empty()) o.study_column = "site";
  if (o.npy_axes.empty()) o.npy_axes = "LAS";  // as FSL's MNI152 template, to which its maps were registered
  if (layout == Layout::openbhb_2mm) {
    if (o.stack.empty()) o.stack = first_there(o, openbhb_folders, "{part}_quasiraw_2mm.npy", "stack of maps");
    if (o.ids.empty()) o.ids = first_there(o, openbhb_folders, "participants_id.npy", "list of ids");
    return o;
  }
  for (const char* pattern : openbhb_files)
    if (o.files.empty() && !matching_files(o.root, filled(pattern, o.parts[0], "{participant_id}")).empty())
      o.files = pattern;
  if (o.files.empty()) not_found(o, "maps");
  return o;
}

}  // namespace

std::string modality_of_name(const std::string& name) { return name.find("T1w") != std::string::npos ? "t1" : "mre"; }

std::string scan_id(const std::string& id, const std::string& session) {
  if (session.empty()) return id;
  return id + (session.starts_with("ses-") ? "_" : "_ses-") + session;
}

std::string filled(const std::string& pattern, const std::string& part, const std::string& id) {
  return replaced(replaced(pattern, "{part}", part), "{participant_id}", id);
}

void check_options(const ImportOptions& o) {
  const auto usage = [](const std::string& where, const std::string& what, const std::string& fix) {
    fail(ErrorKind::usage, where, what, fix);
  };
  if (o.files.empty() == o.stack.empty() || o.stack.empty() != o.ids.empty())
    usage("maps", "expected either one file per participant or a stack with its ids",
          "Give --files, or --stack and --ids.");
  if (!o.files.empty() && o.files.find("{participant_id}") == std::string::npos)
    usage("--files", fmt::format("\"{}\" names one file for all participants", o.files),
          "Write {participant_id} in the place of the id.");
  for (const std::string& pattern : {o.table, o.files, o.stack, o.ids, o.masks})
    for (const std::string& word : placeholders(pattern))
      if (word != "{participant_id}" && word != "{session}" && word != "{part}")
        usage("command line", fmt::format("\"{}\" contains {}, which is not a placeholder", pattern, word),
              "Known are {participant_id}, {session}, {part}, and * for any part of a name.");
  if (o.masks.find("{session}") != std::string::npos && o.files.find("{session}") == std::string::npos)
    usage("--masks", fmt::format("\"{}\" contains {{session}}, but --files does not", o.masks),
          "Write {session} in --files too.");
  for (const std::string& pattern : {o.table, o.files, o.stack, o.ids, o.masks})
    if (o.parts.empty() && pattern.find("{part}") != std::string::npos)
      usage("--parts", fmt::format("\"{}\" contains {{part}}, but no parts are named", pattern),
            "Give --parts train,val.");
  for (const std::string& pattern : {o.files, o.stack})
    if (o.parts.size() > 1 && !pattern.empty() && pattern.find("{part}") == std::string::npos)
      usage("--parts", fmt::format("\"{}\" names the same files for all parts", pattern),
            "Write {part} in the place of the part's name.");
  if (!o.npy_axes.empty() && o.npy_axes != "RAS" && o.npy_axes != "LAS")
    usage("--npy-axes", fmt::format("\"{}\", expected RAS or LAS", o.npy_axes),
          "Give --npy-axes RAS or --npy-axes LAS.");
}

std::vector<std::string> input_files(const ImportOptions& o) {
  std::vector<std::string> out = {o.not_in};
  const auto add = [&](const fs::path& file) { out.push_back((o.root / file).string()); };
  for (std::size_t part = 0; part < std::max<std::size_t>(o.parts.size(), 1); ++part) {
    const std::string name = o.parts.empty() ? "" : o.parts[part];
    for (const std::string& file : {o.table, o.stack, o.ids, o.masks})
      if (!file.empty()) add(filled(file, name, ""));
    add(description_of(filled(o.table, name, "")));
    for (const std::string& pattern : {o.files, o.masks})
      for (const PatternMatch& match : matching_files(o.root, filled(pattern, name, "{participant_id}")))
        add(match.file);
  }
  return out;
}

ImportOptions with_layout(ImportOptions o, Layout layout) {
  if (layout != Layout::bids) return with_openbhb(std::move(o), layout);
  if (o.table.empty()) o.table = "participants.tsv";
  if (o.files.empty() && o.stack.empty()) o.files = "{participant_id}/anat/{participant_id}_T1w.nii.gz";
  return o;
}

}  // namespace cg
