// SPDX-License-Identifier: Apache-2.0
// From a configuration to subjects: the cohort file (the synthetic phantom if the configuration names no file), the
// split, the intensity normalisation. Read next: map_digests.h, data/cohort_h5.h, data/split.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/cohort_h5.h"
#include "data/device_loader.h"
#include "data/split.h"
#include "experiments/config/config.h"
#include "experiments/training/map_digests.h"

namespace cg {

/// The file of the phantom with these options: in `phantoms/` beside experiments/, or in cache_folder() if it is not
/// there and cannot be written there.
std::filesystem::path phantom_path(const PhantomOptions& options);

/// The file that the options name, or that of their phantom, which may not exist yet.
std::filesystem::path cohort_path(const DataOptions& options);

/// [X, Y, Z] of the cohort's maps: from the named file, or of the phantom, which is not created for this.
Shape volume_shape(const DataOptions& options);

/// The different studies of the cohort, by name; of a phantom also before it is created. Errors (usage): the cohort has
/// fewer than two, or a subject without one.
std::vector<std::string> study_names(const DataOptions& options);

/// The parts of a cohort. Errors (usage): options that do not fit the cohort; a person with scans in several parts;
/// data: a column that is not there; a list of ids that cannot be read.
Split split_of(const DataOptions& options, const CohortFile& file);

/// Everything about the data that is the same for all seeds.
struct Cohort {
  std::unique_ptr<CohortFile> file;
  std::unique_ptr<DigestedMaps> maps;  ///< of the file
  std::string digest;                  ///< cohort_digest()
  Split split;
  std::optional<Intensity> intensity;  ///< empty: each map is normalised by its own
  std::unique_ptr<VolumeSource> volumes;
  std::optional<DeviceVolumes> on_device;  ///< set by keep_on() if they fit
  std::optional<BatchBuffers> buffers;     ///< on a device with its own memory, from the first batch on

  /// Keeps all volumes in the device's own memory, in type `dtype`, if they take at most `spare` bytes of it. Does
  /// nothing on a device that computes in host memory. Errors: memory.
  void keep_on(Backend& backend, DType dtype, Index spare);
  /// Frees the device memory of keep_on() and batches().
  void leave_device();
  /// The batches of one epoch on the device, one at a time.
  DeviceLoader batches(Backend& backend, const std::vector<Index>& of, const LoaderOptions& options);
  std::vector<double> ages(const std::vector<Index>& subjects) const;
};

/// Opens the cohort. Creates the phantom first if it is needed and does not exist; `say` gets a line about it.
/// Normalised maps are kept in memory between epochs, up to 4 GiB and a quarter of the free memory; the others are read
/// again. Errors: data, naming all maps that cannot be used.
Cohort open_cohort(const DataOptions& options, const std::function<void(const std::string&)>& say);

/// Warns, through `say`, of maps that differ from the cohort (data/outliers.h). Errors (data): grave differences, with
/// the ids of all such maps, unless they are `allowed`: then they are warnings too.
void check_outliers(const Cohort& cohort, bool allowed, const std::function<void(const std::string&)>& say);

}  // namespace cg
