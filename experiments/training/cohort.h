// From a configuration to subjects: the cohort file (the synthetic phantom where none is named), the split, the
// intensity normalisation. Read next: data/cohort_h5.h, data/split.h.
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

namespace cg {

/// Where the phantom of these options is kept: `phantoms/` beside experiments/.
std::filesystem::path phantom_path(const PhantomOptions& options);

/// [X, Y, Z] of the cohort's maps: of the file that is named, or of the phantom, which need not be made for it.
Shape volume_shape(const DataOptions& options);

/// SHA-256 of what tells a cohort from another: ids, ages, the grid, and the intensity its maps are normalised with to
/// six digits.
std::string cohort_digest(const CohortFile& file, const std::optional<Intensity>& intensity);

/// Everything about the data that is the same for all seeds.
struct Cohort {
  std::unique_ptr<CohortFile> file;
  Split split;
  std::optional<Intensity> intensity;  ///< none: each map by its own
  std::unique_ptr<VolumeSource> volumes;
  std::optional<DeviceVolumes> on_device;  ///< once keep_on() found that they fit
  std::optional<BatchBuffers> buffers;     ///< on a device with memory of its own, once batches were asked for

  /// Keeps all volumes in the device's memory, in that type, where it has some and they take no more than `spare`
  /// bytes of it. Errors: memory.
  void keep_on(Backend& backend, DType dtype, Index spare);
  /// Gives back what keep_on() and batches() took of the device's memory.
  void leave_device();
  /// One epoch of the device's batches; one at a time.
  DeviceLoader batches(Backend& backend, const std::vector<Index>& of, const LoaderOptions& options);
  std::vector<double> ages(const std::vector<Index>& subjects) const;
  std::string digest() const { return cohort_digest(*file, intensity); }
};

/// Opens the cohort, making the phantom first if it is asked for and not there; `say` is told what happens. Normalised
/// maps are kept in memory between epochs, up to 4 GiB and a quarter of the free memory; the rest is read again.
/// Errors: data, naming all maps that are bad.
Cohort open_cohort(const DataOptions& options, const std::function<void(const std::string&)>& say);

}  // namespace cg
