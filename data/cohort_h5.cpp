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

/// Texts go into tables, pages and JSON. One line for each column, however many rows are wrong.
void check_texts(const std::string& column, const std::vector<std::string>& texts, Diagnostics& found) {
  const auto is_bad = [](const std::string& text) { return utf8_prefix(text) < text.size(); };
  const auto first = std::ranges::find_if(texts, is_bad);
  if (first != texts.end())
    found.add(fmt::format("{}: {} of {} texts are not UTF-8 (perhaps Latin-1), the first in row {}", column,
                          std::ranges::count_if(texts, is_bad), texts.size(), first - texts.begin()));
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
         "Store one map per subject, with a channel axis of length 1 (NumPy: maps[:, None]).");
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
    if (size != n)
      found.add(fmt::format("column {} has {} entries, expected one for each of the {} maps", name, size, n));
  check(ids, ages, found);
  for (const auto& [name, column] : std::map<std::string, const std::vector<std::string>*>{
           {"participant_id", &ids}, {"sex", &sexes}, {"study", &studies}, {"person", &persons}})
    check_texts(name, *column, found);
  found.report(path, "Fix the cohort file.");
  read_attributes();
  rows_.resize(n);
  std::iota(rows_.begin(), rows_.end(), Index{0});
  std::ranges::sort(rows_, {}, [&](Index row) -> const std::string& { return ids[static_cast<std::size_t>(row)]; });
  for (const Index row : rows_) {
    const auto i = static_cast<std::size_t>(row);
    const std::string person = persons[i].empty() ? ids[i].substr(0, ids[i].find("_ses-")) : persons[i];
    subjects_.push_back({ids[i], ages[i], sexes[i], studies[i], person});
  }
}

/// Once, as each question goes to another process. A trained model stores them: invalid values are found now, not when
/// it is written.
void CohortFile::read_attributes() {
  const std::string& path = file_.path();
  const auto is_set = [&](const char* name) { return file_.has_attribute(name) && file_.number_attribute(name) != 0; };
  verified_ = file_.has_sums();
  voxel_mm_ = file_.number_attribute("voxel_mm");
  if (!std::isfinite(voxel_mm_) || voxel_mm_ <= 0)
    fail(ErrorKind::data, path,
         fmt::format("the attribute voxel_mm is {}, expected the edge of a voxel in mm, above 0", voxel_mm_),
         "Write the edge of a voxel in mm into voxel_mm.");
  synthetic_ = is_set("synthetic");
  nan_is_zero_ = is_set("nan_is_zero");
  has_affine_ = file_.has("affine");
  affine_ = read_affine();
  check_edges();
  if (file_.has_attribute("modality")) modality_ = file_.text_attribute("modality");
  if (utf8_prefix(modality_) < modality_.size())
    fail(ErrorKind::data, path, "the attribute modality is not UTF-8", "Write the attribute in UTF-8.");
  sampling_ = usual_sampling(modality_);
  if (!file_.has_attribute("sampling")) return;
  const std::string name = file_.text_attribute("sampling");
  const auto named = sampling_of(name);
  if (!named && !name.empty())
    fail(ErrorKind::data, path, fmt::format("the attribute sampling is \"{}\", which is not known", name),
         "Correct it, or remove it.");
  sampling_ = named.value_or(sampling_);
}

void CohortFile::check_edges() const {
  constexpr double tolerance = 0.01;  // of an edge: a scanner's 1.9999
  const Vector3 edges = affine_.edges();
  for (const double edge : edges)
    if (std::abs(edge - voxel_mm_) > tolerance * voxel_mm_)
      fail(ErrorKind::data, file_.path(),
           fmt::format("voxel_mm is {:g}, but the affine gives voxels of {:g} x {:g} x {:g} mm", voxel_mm_, edges[0],
                       edges[1], edges[2]),
           "Correct voxel_mm or the affine, whichever is wrong.");
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
    fail(ErrorKind::data, file_.path(),
         fmt::format("row {} (\"{}\"): all voxels of the map have the same value", row(i), subject(i).id),
         "Replace the map, or remove the subject.");
  return volume;
}

Affine CohortFile::read_affine() const {
  if (!has_affine_) {
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
  if (std::vector(numbers.end() - 4, numbers.end()) != std::vector<double>{0, 0, 0, 1})
    fail(ErrorKind::data, file_.path(), "affine is not an affine matrix: its last row is not 0, 0, 0, 1",
         "Fix the affine, or remove it.");
  const bool finite = std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
  if (!finite || out.is_flat())
    fail(ErrorKind::data, file_.path(), "affine contains NaN or infinity, or its axes are in one plane",
         "Fix the affine, or remove it.");
  return out;
}

std::array<bool, 3> CohortFile::reversed_axes() const {
  std::array<bool, 3> out{};
  const auto& affine = affine_.m;
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
    fail(ErrorKind::data, file_.path(),
         fmt::format("coverage has {} entries, expected one for each of the {} maps", by_row.size(), size()),
         "Fix coverage, or remove it.");
  std::vector<double> out;
  for (const Index row : rows_) out.push_back(by_row[static_cast<std::size_t>(row)]);
  return out;
}

std::vector<std::string> CohortFile::column(const std::string& name) const {
  if (!file_.has(name))
    fail(ErrorKind::data, file_.path(), fmt::format("the file has no column \"{}\"", name),
         "Set data.split_column to a text column of the file.");
  const std::vector<std::string> by_row = texts(file_, name);
  if (static_cast<Index>(by_row.size()) != size())
    fail(ErrorKind::data, file_.path(),
         fmt::format("column {} has {} entries, expected one for each of the {} maps", name, by_row.size(), size()),
         "Fix the column, or remove it.");
  std::vector<std::string> out;
  for (const Index row : rows_) out.push_back(by_row[static_cast<std::size_t>(row)]);
  return out;
}

std::string unit_of(const std::string& modality) { return modality == "mre" ? "kPa" : "a.u."; }

std::string CohortFile::unit() const { return unit_of(modality_); }

}  // namespace cg
