// SPDX-License-Identifier: Apache-2.0
// What a result comes from: loss and options, cohort, device, precision, and the sources of the program. It is in
// summary.json and environment.json, and names a run in its picture. Read next: experiments/program/build_state.h,
// experiments/training/cohort.h.
#pragma once

#include <string>
#include <vector>

#include "experiments/config/config.h"
#include "experiments/program/build_state.h"
#include "experiments/training/cohort.h"

namespace cg {

/// A part of a run that one device and one program computed. A run that continues elsewhere has several.
struct Stage {
  std::string from;       ///< its first step: "seed 0, epoch 3, step 2"
  std::string device;     ///< "cpu: …"
  std::string precision;  ///< of the activations: "float32" or "bfloat16"
  BuildState build;

  /// Whether the same bits come from both, wherever they begin.
  bool is_like(const Stage& other) const {
    return device == other.device && precision == other.precision && build == other.build;
  }
  bool operator==(const Stage&) const = default;
};

/// "cpu: …, float32, program of commit 0123456789ab with changed sources".
std::string to_string(const Stage& stage);

/// The cohort of a run.
struct CohortName {
  std::string name;    ///< the file's, without its folder
  std::string digest;  ///< Cohort::digest
  bool synthetic = false;
  Index subjects = 0, train = 0, validation = 0, test = 0;
};

struct Provenance {
  std::string experiment;       ///< the name of the configuration file
  std::string loss;             ///< as a configuration names it
  std::vector<Option> changed;  ///< options that differ from the program's defaults, in the order of the manual
  CohortName cohort = {};
  std::vector<Stage> stages = {};  ///< the last one computed last
};

/// Without stages.
Provenance provenance(const std::string& experiment, const Config& config, const Cohort& cohort);

/// A JSON object: `experiment`, `loss`, `changed_options` by key, `cohort`; `device`, `precision`, `commit` and
/// `sources` of the last stage, and all `stages`.
std::string to_json(const Provenance& provenance);

}  // namespace cg
