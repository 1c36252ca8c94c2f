// SPDX-License-Identifier: Apache-2.0
// The choices that a run is wired from. written_run.h makes a run of them.
#pragma once

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/cohort_h5.h"
#include "data/split.h"
#include "experiments/config/config.h"
#include "optim/adam.h"
#include "optim/schedule.h"

namespace cg::test {

using Subjects = std::vector<Index>;

/// What the parts of a run decide, each from the configuration. A test may replace any of them.
struct RunParts {
  std::function<Split(const Config&, const CohortFile&)> split = [](const Config& c, const CohortFile& file) {
    const DataOptions& d = c.data;
    const auto seed = static_cast<std::uint64_t>(d.split_seed);
    const Strata strata{.age = std::ranges::count(d.stratify, "age") > 0,
                        .study = std::ranges::count(d.stratify, "study") > 0};
    Split out;
    if (d.split == SplitBy::rows) {
      const Split rows = split_folds(file.size(), d.folds, d.fold, static_cast<std::uint32_t>(seed));
      for (Index i = 0; i < file.size(); ++i)
        (std::ranges::count(rows.test, file.row(i)) ? out.test : out.train).push_back(i);
    }
    if (d.split == SplitBy::persons) out = split_persons(file, d.folds, d.fold, seed, strata);
    if (d.split == SplitBy::column)
      out = split_by_values(file.column(d.split_column), d.test_values, d.validation_values);
    if (d.split == SplitBy::ids) {
      std::ifstream in(d.test_ids);
      out = split_by_ids(file, {std::istream_iterator<std::string>(in), {}});
    }
    if (d.validation > 0) hold_out_validation(out, file, d.validation, seed, strata);
    return out;
  };
  /// The maps whose voxels give the mean and the SD; no value: each map has its own.
  std::function<std::optional<Subjects>(const Config&, const Split&)> normalised_by =
      [](const Config& c, const Split& of) -> std::optional<Subjects> {
    if (c.data.normalise == NormaliseScope::subject) return std::nullopt;
    Subjects all = of.train;
    if (c.data.normalise == NormaliseScope::all)
      for (const Subjects& part : {of.validation, of.test}) all.insert(all.end(), part.begin(), part.end());
    std::ranges::sort(all);
    return all;
  };
  /// Of the initial weights and of all random draws of a run.
  std::function<std::uint64_t(const Config&, Index seed)> random_seed = [](const Config&, Index seed) {
    return static_cast<std::uint64_t>(seed);
  };
  std::function<Subjects(const Config&, const Dataset&, const Subjects&, std::uint64_t seed, Index epoch)> order =
      [](const Config& c, const Dataset& dataset, const Subjects& train, std::uint64_t seed, Index epoch) {
        Random random({.seed = seed, .epoch = static_cast<std::uint32_t>(epoch), .use = Use::shuffle});
        return epoch_order(train, dataset, c.train.order, random);
      };
  std::function<std::vector<Subjects>(const Config&, const Subjects&)> batches = [](const Config& c,
                                                                                    const Subjects& all) {
    std::vector<Subjects> out;
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (k % static_cast<std::size_t>(c.train.batch_size) == 0) out.emplace_back();
      out.back().push_back(all[k]);
    }
    return out;
  };
  /// The key of a training volume's random changes.
  std::function<Key(const Config&, const Key&)> augmented_by = [](const Config&, const Key& key) { return key; };
  std::function<double(const Config&, Index epoch)> learning_rate = [](const Config& c, Index epoch) {
    return Schedule{c.train.learning_rate, c.train.decay_factor, c.train.decay_every}.rate(epoch);
  };
  std::function<AdamOptions(const Config&)> adam = [](const Config& c) {
    return AdamOptions{.weight_decay = c.train.weight_decay};
  };
  std::function<LossOptions(const Config&)> loss = [](const Config& c) { return c.loss; };
  /// Where the loss believes to be: epoch and number of epochs.
  std::function<std::pair<Index, Index>(const Config&, Index epoch)> schedule = [](const Config& c, Index epoch) {
    return std::pair(epoch, c.train.epochs);
  };
  /// The number that metrics.csv has for an epoch, from the losses of its batches.
  std::function<double(const std::vector<double>&)> epoch_loss = [](const std::vector<double>& losses) {
    double sum = 0;
    for (const double loss_of_batch : losses) sum += loss_of_batch;
    return sum / static_cast<double>(losses.size());
  };
  /// Subjects in a neighbourhood, from what the loss says of each batch.
  std::function<Index(const std::vector<LossMetrics>&)> neighbours = [](const std::vector<LossMetrics>& of) {
    return of.front().neighbours / 2;  // rows of two views
  };
  std::function<bool(const Config&)> evaluates_in_training_mode = [](const Config&) { return false; };
  std::function<Features(const Config&)> features = [](const Config& c) { return c.evaluation.features; };
  std::function<PredictorOptions(const Config&, std::uint64_t seed)> predictor = [](const Config& c,
                                                                                    std::uint64_t seed) {
    PredictorOptions o = c.evaluation.predictor;
    o.shared.seed = seed;
    return o;
  };
  /// The parts as the evaluation takes them: fitted on `train`.
  std::function<Split(const Config&, const Split&)> evaluated = [](const Config&, const Split& of) { return of; };
};

}  // namespace cg::test
