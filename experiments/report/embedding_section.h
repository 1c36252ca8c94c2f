// SPDX-License-Identifier: Apache-2.0
// Figure 5 of the paper: the embeddings of all subjects after several epochs as points in the plane, coloured by age.
// One map is fitted on all epochs together, so that an epoch's points can be compared with the next one's: by UMAP if
// the program has it, and by PCA. Read next: umap.h, principal_components.h.
#pragma once

#include <optional>

#include "experiments/report/report.h"
#include "experiments/study/cells.h"

namespace cg {

/// The stored embeddings of one seed.
struct EmbeddedEpochs {
  std::string label;  ///< row and seed
  std::vector<Index> epochs = {};
  std::vector<std::string> ids = {};
  std::vector<double> ages = {};
  std::vector<double> points = {};  ///< [epochs · subjects, width], row-major
  std::size_t width = 0;
};

/// Those of the first training that has several epochs: of the study fig5_umap, otherwise of the first row that does.
/// Nothing if none has. Errors: as read_embeddings.
std::optional<EmbeddedEpochs> embedded_epochs(const StudyResults& results);

/// How well neighbours in the plane are of the same age: the mean over the subjects of one epoch of the difference
/// between their age and that of the nearest other point, years.
double neighbour_age_difference(const std::vector<Point>& places, const std::vector<double>& ages);

Section embedding_section(const StudyResults& results);

}  // namespace cg
