// SPDX-License-Identifier: Apache-2.0
#include "data/cohort_h5.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "data/files/diagnostics.h"
#include "data/files/utf8.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// Reads a column as text; numbers are converted to text.
std::vector<std::string> texts(const H5Reader& file, const std::string& name) {
  if (file.holds_text(name)) return file.strings(name);
  std::vector<std::string> out;
  for (double value : file.numbers(name))
    out.push_back(fmt::format("{}", value));  // all digits, so that different ids stay different
  return out;
}

/// As `texts`; n empty texts if the file has no such column.
std::vector<std::string> optional_column(const H5Reader& file, const std::string& name, std::size_t n) {
  return file.has(name) ? texts(file, name) : std::vector<std::string>(n);
}

/// Collects all problems with ids and ages.
void check(const std::vector<std::string>& ids, const std::vector<double>& ages, Diagnostics& found) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty()) found.add(fmt::format("row {}: the participant_id is empty", i));
    const auto [first, fresh] = seen.emplace(ids[i], i);
    if (!fresh)
      found.add(fmt::format("row {}: participant_id \"{}\" is also that of row {}", i, ids[i], first->second));
  }
  for (std::size_t i = 0; i < ages.size(); ++i)
    if (!std::isfinite(ages[i]) || ages[i] < 0 || ages[i] > oldest_age)
      found.add(fmt::format("row {}: the age is {}, expected 0 to {} years", i, ages[i], oldest_age));
}

}  // namespace

CohortFile::CohortFile(const std::string& path) : file_(path) {
  const Shape maps = file_.shape("maps");
  if (maps.size() != 5 || maps[1] != 1 || count(maps) == 0)
    fail(ErrorKind::data, path, fmt::format("maps have shape {}, expected [N, 1, X, Y, Z]", to_string(maps)),
         "Store one map per subject.");
  shape_ = {maps[2], maps[3], maps[4]};
  const auto n = static_cast<std::size_t>(maps[0]);
  const std::vector<double> ages = file_.numbers("age");
  const std::vector<std::string> ids = texts(file_, "participant_id"), sexes = optional_column(file_, "sex", n),
                                 studies = optional_column(file_, "study", n),
                                 persons = optional_column(file_, "person", n);
  Diagnostics found;
  for (const auto& [name, size] : std::map<std::string, std::size_t>{{"age", ages.size()},
                                                                     {"participant_id", ids.size()},
                                                                     {"sex", sexes.size()},
                                                                     {"study", studies.size()},
                                                                     {"person", persons.size()}})
    if (size != n) found.add(fmt::format("{} has {} entries for {} maps", name, size, n));
  check(ids, ages, found);
  found.report(path, "Fix the cohort file.");
  voxel_mm_ = file_.number_attribute("voxel_mm");
  if (!std::isfinite(voxel_mm_) || voxel_mm_ <= 0)
    fail(ErrorKind::data, path, fmt::format("voxel_mm is {}, expected the edge of a voxel in mm, above 0", voxel_mm_),
         "Fix the attribute.");
  synthetic_ = file_.has_attribute("synthetic") && file_.number_attribute("synthetic") != 0;
  affine();  // a trained model stores both: find invalid values now, not when it is written
  if (utf8_prefix(modality()) < modality().size())
    fail(ErrorKind::data, path, "the attribute modality is not UTF-8", "Write it in UTF-8.");
  rows_.resize(n);
  std::iota(rows_.begin(), rows_.end(), Index{0});
  std::ranges::sort(rows_, {}, [&](Index row) -> const std::string& { return ids[static_cast<std::size_t>(row)]; });
  for (const Index row : rows_) {
    const auto i = static_cast<std::size_t>(row);
    const std::string person = persons[i].empty() ? ids[i].substr(0, ids[i].find("_ses-")) : persons[i];
    subjects_.push_back({ids[i], ages[i], sexes[i], studies[i], person});
  }
}

Volume CohortFile::volume(Index i) const {
  Volume volume{shape_, file_.rows("maps", row(i), 1)};
  bool nothing = true;
  for (std::size_t k = 0; k < volume.values.size(); ++k) {
    if (!std::isfinite(volume.values[k]))
      fail(ErrorKind::data, file_.path(),
           fmt::format("row {} (\"{}\"): voxel {} is {}", row(i), subject(i).id, k, volume.values[k]),
           "Replace the value; use 0 where nothing was measured.");
    nothing = nothing && volume.values[k] == volume.values[0];
  }
  if (nothing)
    fail(ErrorKind::data, file_.path(), fmt::format("row {} (\"{}\"): the map is constant", row(i), subject(i).id),
         "Remove the subject.");
  return volume;
}

Affine CohortFile::affine() const {
  if (!has_affine()) {
    const SpatialGrid mni = mni_grid(std::clamp(voxel_mm_, 0.5, 20.0));
    if (Shape(mni.extents.begin(), mni.extents.end()) == shape_) return mni.affine;
    Vector3 origin;
    for (std::size_t a = 0; a < 3; ++a) origin[a] = -voxel_mm_ * static_cast<double>(shape_[a] - 1) / 2;
    return Affine::scale({voxel_mm_, voxel_mm_, voxel_mm_}, origin);
  }
  const std::vector<double> numbers = file_.numbers("affine");
  if (numbers.size() != 16)
    fail(ErrorKind::data, file_.path(), fmt::format("affine has {} numbers, expected 4 x 4", numbers.size()),
         "Fix the affine, or remove it.");
  Affine out;
  for (std::size_t k = 0; k < 12; ++k) out.m[k / 4][k % 4] = numbers[k];
  const bool finite = std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
  if (!finite || out.is_flat())
    fail(ErrorKind::data, file_.path(), "affine contains NaN or infinity, or its axes are in one plane",
         "Fix the affine, or remove it.");
  return out;
}

std::array<bool, 3> CohortFile::reversed_axes() const {
  std::array<bool, 3> out{};
  const auto affine = this->affine().m;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (std::size_t other = 0; other < 3; ++other)
      if (!(std::abs(affine[axis][axis]) > std::abs(affine[axis][other]) || other == axis))
        fail(ErrorKind::data, file_.path(),
             fmt::format("affine: voxel axis {} does not point along {}", axis, "xyz"[axis]),
             "Store the maps with X from left to right, Y from back to front and Z upwards.");
    out[axis] = affine[axis][axis] < 0;
  }
  return out;
}

std::vector<double> CohortFile::coverage() const {
  if (!file_.has("coverage")) return {};
  const std::vector<double> by_row = file_.numbers("coverage");
  if (static_cast<Index>(by_row.size()) != size())
    fail(ErrorKind::data, file_.path(), fmt::format("coverage has {} entries for {} maps", by_row.size(), size()),
         "Fix coverage, or remove it.");
  std::vector<double> out;
  for (const Index row : rows_) out.push_back(by_row[static_cast<std::size_t>(row)]);
  return out;
}

std::vector<std::string> CohortFile::column(const std::string& name) const {
  if (!file_.has(name))
    fail(ErrorKind::data, file_.path(), fmt::format("it has no column \"{}\"", name), "Name a column of the file.");
  const std::vector<std::string> by_row = texts(file_, name);
  if (static_cast<Index>(by_row.size()) != size())
    fail(ErrorKind::data, file_.path(), fmt::format("{} has {} entries for {} maps", name, by_row.size(), size()),
         "Fix the column, or remove it.");
  std::vector<std::string> out;
  for (const Index row : rows_) out.push_back(by_row[static_cast<std::size_t>(row)]);
  return out;
}

std::string CohortFile::modality() const {
  return file_.has_attribute("modality") ? file_.text_attribute("modality") : "mre";
}

std::string unit_of(const std::string& modality) { return modality == "mre" ? "kPa" : "a.u."; }

std::string CohortFile::unit() const { return unit_of(modality()); }

Sampling CohortFile::sampling() const {
  const std::string name = file_.has_attribute("sampling") ? file_.text_attribute("sampling") : "";
  return name.empty() ? usual_sampling(modality()) : sampling_of(name).value_or(Sampling::linear);
}

bool CohortFile::nan_is_zero() const {
  return file_.has_attribute("nan_is_zero") && file_.number_attribute("nan_is_zero") != 0;
}

}  // namespace cg
