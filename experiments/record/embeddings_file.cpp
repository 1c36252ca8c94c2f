// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/embeddings_file.h"

#include <fmt/format.h>

#include "data/files/storage.h"
#include "data/formats/hdf5_file.h"

namespace cg {

void write_embeddings(const std::filesystem::path& path, const CohortFile& cohort, std::span<const KeptFeatures> kept) {
  H5Writer file;
  std::vector<std::string> ids;
  std::vector<double> ages;
  for (Index i = 0; i < cohort.size(); ++i) {
    ids.push_back(cohort.subject(i).id);
    ages.push_back(cohort.subject(i).age);
  }
  file.strings("participant_id", ids);
  file.numbers("age", {cohort.size()}, ages);
  for (const KeptFeatures& k : kept) {
    const std::string group = fmt::format("seed{}/epoch{}/", k.seed, k.epoch);
    file.numbers(group + "projected", {cohort.size(), k.projected.width}, k.projected.values);
    file.numbers(group + "encoder", {cohort.size(), k.encoder.width}, k.encoder.values);
  }
  write_atomically(path, file.image());
}

}  // namespace cg
