// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/sexes.h"

#include <filesystem>
#include <map>

#include "experiments/training/cohort.h"
#include "tensor/error.h"

namespace cg {

std::vector<std::string> sexes_of(const DataOptions& data, const std::vector<std::string>& ids) {
  std::vector<std::string> out(ids.size());
  const std::filesystem::path path = cohort_path(data);
  if (!std::filesystem::exists(path)) return out;
  std::map<std::string, std::string> by_id;
  try {
    const CohortFile file(path.string());
    for (Index i = 0; i < file.size(); ++i) by_id[file.subject(i).id] = file.subject(i).sex;
  } catch (const Error&) {
    return out;  // the numbers do not need it
  }
  for (std::size_t k = 0; k < ids.size(); ++k)
    if (const auto at = by_id.find(ids[k]); at != by_id.end()) out[k] = at->second;
  return out;
}

}  // namespace cg
