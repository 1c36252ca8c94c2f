// SPDX-License-Identifier: Apache-2.0
// Draws a map as a PNG: three planes, a colour scale, and with --augment the map before and after.
//   show_volume cohort.h5 --subject phantom-00007 --augment cutout --out cutout.png
//   show_volume sub-01_stiffness.nii.gz
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>

#include "data/augment/augmentations.h"
#include "data/cohort_h5.h"
#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "data/formats/map_file.h"
#include "data/normalise.h"
#include "data/space/resample.h"
#include "experiments/cohorts/cohort_input.h"
#include "experiments/cohorts/map_reader.h"
#include "experiments/config/fields.h"
#include "experiments/pages/volume_picture.h"
#include "experiments/program/command_line.h"
#include "experiments/program/unverified.h"
#include "tensor/error.h"

namespace {

using namespace cg;

constexpr const char* examples = R"(
Examples:
  show_volume cohort.h5 --subject phantom-00007 --augment cutout --out cutout.png
  show_volume sub-01_stiffness.nii.gz
)";

struct Arguments {
  std::string file, subject, augment, out = "volume.png";
  MapFileOptions map;
  bool nan_is_zero = false;
  std::vector<std::string> options;
  std::vector<Index> at;
  std::uint64_t seed = 0;
  bool overwrite = false;
};

/// A map in its unit, with its description.
struct Map {
  std::string title, note, unit;
  VoxelGrid grid;
  std::array<bool, 3> reversed = {};
  std::vector<float> values;
  Index number = 0;  ///< of the subject in its cohort, for the random numbers of an augmentation
};

Index find_subject(const CohortFile& cohort, const std::string& id) {
  if (id.empty()) return 0;
  for (Index i = 0; i < cohort.size(); ++i)
    if (cohort.subject(i).id == id) return i;
  fail(ErrorKind::usage, "--subject",
       fmt::format("{} has no subject \"{}\"; the first subject is \"{}\"", cohort.path(), id, cohort.subject(0).id),
       "Give a participant_id from the file.");
}

/// The options of the augmentation from KEY=VALUE words like those of a configuration; the default probability is 1.
AugmentOptions chosen_options(const Arguments& arguments) {
  AugmentOptions always;
  for (const auto& field : augment_fields())
    if (field.key.ends_with(".probability")) field.set(always, 1.0);
  const Source source{"", "", arguments.options};
  Checked checked = check(options_of(augment_fields()), source);
  throw_diagnostics(source, checked.diagnostics);
  for (const auto& field : augment_fields())
    if (const auto at = checked.values.find(field.key); at != checked.values.end()) field.set(always, at->second);
  always.apply = {arguments.augment};
  return always;
}

/// A map in its unit, changed in the same way as a training volume. For training, the mean is subtracted from the data
/// and the result is divided by the standard deviation. All augmentations commute with that division, and with the
/// subtraction where they do not mix 0 and tissue.
std::vector<float> augmented(const Map& map, const Arguments& arguments) {
  std::vector<float> values = map.values;
  const auto sd = static_cast<float>(intensity(values).sd);
  for (float& v : values) v /= sd;
  make_augment(chosen_options(arguments), map.grid)(
      {.seed = arguments.seed, .epoch = 1, .sample = static_cast<std::uint32_t>(map.number)}, values);
  for (float& v : values) v *= sd;
  return values;
}

/// The given voxel, or the middle of what an augmentation changed, or the middle of the map.
Triple place(const Arguments& arguments, const VolumePicture& picture) {
  const Triple& n = picture.grid.extents;
  if (arguments.at.empty()) {
    std::vector<float> weight = picture.rows[0].values;
    if (picture.rows.size() > 1)
      for (std::size_t k = 0; k < weight.size(); ++k) weight[k] -= picture.rows[1].values[k];
    return centre_of(picture.grid, weight);
  }
  const Triple at = {arguments.at[0], arguments.at[1], arguments.at[2]};
  for (std::size_t a = 0; a < 3; ++a)
    if (at[a] < 0 || at[a] >= n[a])
      fail(ErrorKind::usage, "--at",
           fmt::format("{} {} {} is outside of the map of {} x {} x {} voxels", at[0], at[1], at[2], n[0], n[1], n[2]),
           "Count voxels from 0.");
  return at;
}

Map map_of_cohort(const Arguments& arguments) {
  const CohortFile cohort(arguments.file);
  report_unverified(arguments.file, cohort.verified());
  const Index i = find_subject(cohort, arguments.subject);
  const Subject& subject = cohort.subject(i);
  return {.title = fmt::format("{}, {:g} years{}", subject.id, subject.age,
                               subject.study.empty() ? "" : ", study " + subject.study),
          .note = cohort.synthetic() ? "SYNTHETIC PHANTOM: computed, not measured" : "",
          .unit = cohort.unit(),
          .grid = cohort.grid(),
          .reversed = cohort.reversed_axes(),
          .values = cohort.volume(i).values,
          .number = i};
}

/// The map of a NIfTI or .npy file on the MNI grid of its smallest voxel edge, as the import reads and samples it.
Map map_of_file(const Arguments& arguments) {
  if (!arguments.subject.empty())
    fail(ErrorKind::usage, "--subject", "the file has one map", "Remove --subject, or give a cohort file (.h5).");
  const std::string name = std::filesystem::path(arguments.file).filename().string();
  MapSource source;
  source.file = source.where = arguments.file;
  MapFile file = read_map(arguments.file, arguments.map);
  const double edge = std::clamp(std::ranges::min(file.spatial.affine.edges()), 0.5, 20.0);
  const MapReader reader({arguments.map.npy_axes, arguments.nan_is_zero, usual_sampling(modality_of_name(name))},
                         mni_grid(edge));
  MapReading reading = reader.read(source, std::move(file));
  if (!reading.warning.empty())
    fmt::print(stderr, "warning: {}: {}\n", printable(arguments.file), printable(reading.warning));
  return {.title = without_map_ending(name),
          .note = reading.synthetic ? "SYNTHETIC PHANTOM: computed, not measured" : "",
          .unit = "",
          .grid = {reader.grid().extents, edge},
          .values = std::move(reading.volume.values)};
}

VolumePicture picture_of(const Map& map, const Arguments& arguments) {
  VolumePicture picture;
  picture.title = map.title;
  picture.note = map.note;
  picture.grid = map.grid;
  picture.reversed = map.reversed;
  picture.unit = map.unit;
  picture.rows.push_back({"", map.values});
  picture.most = scale_end(map.values);
  if (!arguments.augment.empty()) {
    picture.rows[0].label = "before";
    picture.rows.push_back({"after " + arguments.augment, augmented(map, arguments)});
  }
  picture.at = place(arguments, picture);
  return picture;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Draws a map as a PNG, with --augment before and after an augmentation.", "show_volume");
  Arguments arguments;
  app.add_option("FILE", arguments.file, "cohort file (.h5), or one map: " + map_endings())->required();
  app.add_option("SETTING", arguments.options, "KEY=VALUE: options of [data.augment], e.g. rotation.degrees=20");
  app.add_option("--subject", arguments.subject, "participant_id (default: the first of the file)");
  app.add_option("--augment", arguments.augment, "the augmentation")->check(among(augmentation_names()));
  app.add_option("--seed", arguments.seed, "seed of the augmentation")->capture_default_str();
  app.add_option("--at", arguments.at, "the voxel in all three planes (default: the middle)")->expected(3);
  app.add_option("--out", arguments.out, "the PNG to write")->capture_default_str();
  app.add_flag("--nan-is-zero", arguments.nan_is_zero, "NaN in a map means: not measured");
  app.add_option("--npy-axes", arguments.map.npy_axes, "direction of x in .npy files")->check(among({"RAS", "LAS"}));
  add_overwrite(app, arguments.overwrite);
  app.footer(examples + exit_code_help({ErrorKind::data, ErrorKind::corrupt, ErrorKind::memory, ErrorKind::storage,
                                        ErrorKind::in_use}));
  return run_program(app, argc, argv, [&] {
    require_not_read(arguments.out, std::array{arguments.file});
    require_new(arguments.out, arguments.overwrite);
    const Map map = is_cohort_file(arguments.file) ? map_of_cohort(arguments) : map_of_file(arguments);
    write_output(arguments.out, volume_png(picture_of(map, arguments)), arguments.overwrite);
    fmt::print("{}\n", arguments.out);
    return 0;
  });
}
