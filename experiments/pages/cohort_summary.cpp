// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/cohort_summary.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "data/files/digest.h"
#include "data/formats/tsv.h"

namespace cg {
namespace {

StudySummary summary_of(const CohortFile& cohort, std::string name, std::vector<Index> members) {
  StudySummary out;
  out.name = std::move(name);
  out.members = std::move(members);
  const auto n = static_cast<double>(out.members.size());
  out.youngest = out.oldest = cohort.subject(out.members.at(0)).age;
  for (const Index i : out.members) {
    const Subject& s = cohort.subject(i);
    out.women += s.sex == "F";
    out.men += s.sex == "M";
    out.mean += s.age / n;
    out.youngest = std::min(out.youngest, s.age);
    out.oldest = std::max(out.oldest, s.age);
  }
  double squares = 0;
  for (const Index i : out.members) squares += std::pow(cohort.subject(i).age - out.mean, 2);
  if (n > 1) out.sd = std::sqrt(squares / (n - 1));
  return out;
}

/// Orders names with numbers by value: 2 before 10.
bool before(const std::string& a, const std::string& b) {
  const auto x = decimal(a), y = decimal(b);
  if (x && y && *x != *y) return *x < *y;
  return a < b;
}

bool estimates_coverage(const CohortFile& cohort) { return cohort.coverage().empty() && cohort.unit() == "kPa"; }

/// Reads all maps: for their comparison, and for their coverage if it is estimated.
class Reader {
 public:
  Reader(const CohortFile& cohort, const std::function<void()>& read) : cohort_(cohort), read_(read) {}

  std::vector<Outlier> outliers() {
    std::vector<std::string> digests;
    std::vector<MapTraits> traits;
    holders_.assign(static_cast<std::size_t>(cohort_.grid().voxels()), 0);
    for (Index i = 0; i < cohort_.size(); ++i) {
      const Volume map = next(i);
      digests.push_back(map_digest(map.values));
      traits.push_back(map_traits(map.values, cohort_.grid()));
      for (std::size_t k = 0; k < holders_.size(); ++k) holders_[k] += map.values[k] != 0;
    }
    return find_outliers({ids_of(cohort_), digests, traits, cohort_.voxel_mm(), cohort_.unit()});
  }

  /// After outliers().
  std::vector<double> coverage() const {
    const auto usual = [&](std::size_t k) { return 2 * static_cast<Index>(holders_[k]) >= cohort_.size(); };
    double brain = 0;
    for (std::size_t k = 0; k < holders_.size(); ++k) brain += usual(k);
    std::vector<double> out;
    for (Index i = 0; i < cohort_.size(); ++i) {
      const Volume map = next(i);
      double covered = 0;
      for (std::size_t k = 0; k < holders_.size(); ++k) covered += usual(k) && map.values[k] != 0;
      out.push_back(brain > 0 ? covered / brain : 0);
    }
    return out;
  }

 private:
  Volume next(Index i) const {
    Volume map = cohort_.volume(i);
    if (read_) read_();
    return map;
  }

  const CohortFile& cohort_;
  const std::function<void()>& read_;
  std::vector<std::uint32_t> holders_;  // maps with data at each voxel
};

}  // namespace

CohortSummary cohort_summary(const CohortFile& cohort, const std::function<void()>& read) {
  std::map<std::string, std::vector<Index>> members;
  std::vector<Index> all;
  for (Index i = 0; i < cohort.size(); ++i) {
    members[cohort.subject(i).study].push_back(i);
    all.push_back(i);
  }
  CohortSummary out;
  for (auto& [name, of] : members) out.studies.push_back(summary_of(cohort, name, of));
  std::sort(out.studies.begin(), out.studies.end(),
            [](const StudySummary& a, const StudySummary& b) { return before(a.name, b.name); });
  out.all = summary_of(cohort, "all", all);
  out.coverage = cohort.coverage();
  Reader reader(cohort, read);
  out.outliers = reader.outliers();
  out.coverage_estimated = estimates_coverage(cohort);
  if (out.coverage_estimated) out.coverage = reader.coverage();
  return out;
}

Index cohort_summary_readings(const CohortFile& cohort) { return (estimates_coverage(cohort) ? 2 : 1) * cohort.size(); }

}  // namespace cg
