// SPDX-License-Identifier: Apache-2.0
// Exports a cohort file as a folder of NIfTI files with a table of participants, in BIDS's layout: for viewers, for
// other programs, and for trying the import.
#pragma once

#include <filesystem>

#include "data/cohort_h5.h"
#include "experiments/program/progress.h"

namespace cg {

/// The BIDS name of an id, with letters and digits only: "phantom-00007" → "sub-phantom00007".
std::string bids_id(const std::string& id);

/// The pattern of the file names in the folder, as import_cohort takes it; with {session} if a subject's person has
/// another name than the subject: a scan in a session.
std::string exported_files(const CohortFile& cohort);

/// Writes dataset_description.json, participants.tsv, and one .nii.gz per subject. With sessions, the table has the
/// column session_id and one row per scan, and a scan without a session gets ses-1, because one pattern must fit all.
/// All files of a synthetic cohort say that it is synthetic. Errors: data (two ids with the same BIDS name; a map that
/// cannot be used), in_use (the folder is not empty), storage.
void export_cohort(const CohortFile& cohort, const std::filesystem::path& folder, const ProgressOutput& output);

}  // namespace cg
