// SPDX-License-Identifier: Apache-2.0
// What the trainer needs from a cohort: subjects by number, and their volumes one at a time.
#pragma once

#include <cctype>
#include <numeric>
#include <string>
#include <vector>

#include "data/space/volume.h"

namespace cg {

/// Years; a higher age is a mistake.
constexpr double oldest_age = 130;

struct Subject {
  std::string id;
  double age = 0;     ///< years
  std::string sex;    ///< "F", "M", or empty
  std::string study;  ///< study or site, or empty
  /// Whose scan it is: the file's column `person`, otherwise the id up to "_ses-" (a BIDS session).
  std::string person = {};
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual Index size() const = 0;
  virtual const Subject& subject(Index i) const = 0;
  virtual Shape volume_shape() const = 0;  ///< the same for all subjects
  /// May be called from one thread while another computes. Errors (data): values that are not finite, a constant map.
  virtual Volume volume(Index i) const = 0;
};

/// The letters and digits of an id, without BIDS's `sub-`: `MRE-07`, `MRE_07` and `sub-MRE07` are spellings of one id.
inline std::string letters_of_id(const std::string& id) {
  std::string letters;
  for (const char c : id.starts_with("sub-") ? id.substr(4) : id)
    if (std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80) letters += c;
  return letters;
}

inline std::vector<std::string> ids_of(const Dataset& dataset) {
  std::vector<std::string> out;
  for (Index i = 0; i < dataset.size(); ++i) out.push_back(dataset.subject(i).id);
  return out;
}

/// 0 … n − 1.
inline std::vector<Index> all_subjects(const Dataset& dataset) {
  std::vector<Index> out(static_cast<std::size_t>(dataset.size()));
  std::iota(out.begin(), out.end(), Index{0});
  return out;
}

}  // namespace cg
