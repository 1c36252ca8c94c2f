// SPDX-License-Identifier: Apache-2.0
// How a model recognises the subjects that it was made with: digests of their ids and maps, in the model file. They do
// not contain ids or voxels, but who has an id or a map can find out whether it is among them. Read next:
// experiments/training/map_digests.h.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "experiments/training/cohort.h"

namespace cg {

/// Digests have 16 hexadecimal digits.
struct PartDigests {
  std::set<std::string> ids;  ///< of the subjects, and of the persons whose scans they are
  std::set<std::string> maps;
  bool operator==(const PartDigests&) const = default;
};

/// By part of the cohort: "train", and "validation" if there is one; "pretraining": all that the initial weights were
/// trained on (shared_subjects.h). The file format allows others.
using KnownSubjects = std::map<std::string, PartDigests>;

/// The digest of an id. Only letters and digits count, and a `sub-` in front does not: "phantom-00007" is the same as
/// "sub-phantom00007", the name of its file in BIDS.
std::string id_digest(const std::string& id);

/// The digest of a map, from map_digest() of its voxels on the model's grid, before normalisation.
std::string short_map_digest(const std::string& map_digest);

/// The training and validation parts of a cohort.
KnownSubjects known_subjects(const Cohort& cohort);

struct Recognised {
  std::string part;
  bool by_map = false;  ///< otherwise only by id: another scan of the subject, or another subject with the same id
};

/// The part that contains the map, or else the id or the person; of several parts the training part. `map`: as
/// map_digest() gives it.
std::optional<Recognised> recognised(const KnownSubjects& known, const Subject& subject, const std::string& map);

}  // namespace cg
