// SPDX-License-Identifier: Apache-2.0
// A run written out: what run_experiment must leave for a configuration, computed by one loop that calls network,
// losses, optimiser, split, loader's keys and predictors directly. It uses nothing of experiments/runner, record or the
// learner, and no memory plan. On the reference device the two must agree to the last bit. Read next: run_parts.h (what
// is decided, and can be replaced by something wrong).
#pragma once

#include <omp.h>

#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "data/augment/augmentations.h"
#include "data/cohort_h5.h"
#include "data/formats/hdf5_file.h"
#include "experiments/program/csv.h"
#include "experiments/statistics/age_bias.h"
#include "experiments/statistics/predictor.h"
#include "experiments/training/queue.h"
#include "layers/file_order.h"
#include "layers/prediction_head.h"
#include "losses/all.h"
#include "optim/adam.h"
#include "tests/experiments/runner/run_parts.h"
#include "tests/experiments/runner/tiny_run.h"

namespace cg::test {

/// The contents of a run folder, as text where the files are tables.
struct WrittenRun {
  Rows metrics;  ///< without the seconds
  Rows predictions;
  std::map<std::string, std::vector<double>> embeddings;            ///< "seed0/epoch1/projected"
  std::vector<std::map<std::string, std::vector<double>>> weights;  ///< of each seed, by name in the file
  std::optional<Intensity> intensity;
  std::vector<AgePredictor> predictors;  ///< of each seed
  std::vector<std::string> applied;      ///< of each seed: features, type of the activations, age bias
};

/// A loss by its name, without the registry.
inline std::unique_ptr<Loss> loss_of(const LossOptions& o) {
  std::unique_ptr<Loss> out;
  const auto or_this = [&]<class L>() {
    if (o.name == L::name) out = make_loss<L>(o.shared, o.own.of<L>());
  };
  or_this.operator()<DynLocRep>();
  or_this.operator()<Exponential>();
  or_this.operator()<YAware>();
  or_this.operator()<Threshold>();
  or_this.operator()<RankNContrast>();
  or_this.operator()<SupCon>();
  or_this.operator()<SimClr>();
  or_this.operator()<Nnclr>();
  REQUIRE_MESSAGE(out, "no loss " << o.name);
  return out;
}

inline void change(const AugmentOptions& o, const VoxelGrid& grid, const Key& key, std::span<float> volume) {
  for (const std::string& name : o.apply) {
    if (name == "cutout") augment(o.cutout, grid, key, volume);
    if (name == "noise") augment(o.noise, grid, key, volume);
    if (name == "flip") augment(o.flip, grid, key, volume);
    if (name == "rotation") augment(o.rotation, grid, key, volume);
    if (name == "crop") augment(o.crop, grid, key, volume);
  }
}

inline std::string applied(const std::string& features, const std::string& activations, const AgeBias& bias) {
  return fmt::format("{} features, {}, bias {} {}", features, activations, bias.intercept, bias.slope);
}

/// The loop. One object runs all seeds of a configuration over the cohort of a file.
class RunWriter {
 public:
  RunWriter(const Config& config, const std::string& cohort, RunParts parts)
      : c_(config), p_(std::move(parts)), cohort_(cohort), split_(p_.split(config, cohort_)) {
    if (const auto by = p_.normalised_by(c_, split_)) out_.intensity = intensity(cohort_, *by);
    for (Index i = 0; i < cohort_.size(); ++i) {
      maps_.push_back(cohort_.volume(i).values);
      normalise(maps_.back(), out_.intensity ? *out_.intensity : intensity(maps_.back()));
    }
  }

  WrittenRun run() {
    for (const Index seed : c_.seeds) run_seed(seed);
    return std::move(out_);
  }

 private:
  struct Network {
    Model model;
    std::optional<PredictionHead> head;  // of a loss with a queue
    std::vector<Parameter*> parameters() {
      std::vector<Parameter*> all = model.parameters();
      if (head)
        for (Parameter* parameter : head->parameters("predictor.")) all.push_back(parameter);
      return all;
    }
  };
  struct Encodings {
    std::vector<double> projected, encoder;  // of all subjects
  };

  bool augmented() const { return !c_.data.augment.apply.empty(); }
  DType activations() const { return c_.precision == Precision::bfloat16 ? DType::bf16 : DType::f32; }

  /// `drawn`: how often each subject came in this epoch; an augmented one counts here.
  Tensor tensor_of(const Subjects& subjects, Index views, std::uint64_t seed, Index epoch,
                   std::map<Index, Index>& drawn) {
    const Shape v = cohort_.volume_shape();
    const auto n = static_cast<Index>(subjects.size());
    const Tensor out = backend_.tensor({{views * n, v[0], v[1], v[2], 1}, DType::f32});
    auto to = out.data<float>();
    for (Index view = 0; view < views; ++view) {
      std::map<Index, Index> times = drawn;
      for (const Index i : subjects) {
        std::vector<float> map = maps_[static_cast<std::size_t>(i)];
        if (views > 1)
          change(c_.data.augment, cohort_.grid(),
                 p_.augmented_by(c_, {.seed = seed,
                                      .epoch = static_cast<std::uint32_t>(epoch),
                                      .sample = static_cast<std::uint32_t>(i),
                                      .view = static_cast<std::uint32_t>(view + views * times[i]++)}),
                 map);
        std::ranges::copy(map, to.begin());
        to = to.subspan(map.size());
      }
    }
    for (const Index i : subjects) ++drawn[i];
    return out;
  }

  static std::vector<double> twice(std::vector<double> rows) {
    const std::vector<double> again = rows;
    rows.insert(rows.end(), again.begin(), again.end());
    return rows;
  }

  std::vector<double> ages_of(const Subjects& subjects) const {
    std::vector<double> out;
    for (const Index i : subjects) out.push_back(cohort_.subject(i).age);
    return out;
  }

  /// One step; returns its loss.
  LossResult step(Network& network, ParameterStore& store, Adam& adam, std::optional<EmbeddingQueue>& queue,
                  const Loss& loss, const Subjects& batch, std::uint64_t seed, Index epoch,
                  std::map<Index, Index>& drawn) {
    const Index views = augmented() ? 2 : 1;
    Tape tape(backend_);
    Context ctx(tape, true, 2 / views);
    const Model::Result out =
        network.model.forward(ctx, constant(tensor_of(batch, views, seed, epoch, drawn)), activations());
    const Variable root = network.head ? network.head->forward(ctx, out.embeddings) : out.embeddings;
    const std::vector<double> once = to_doubles(backend_, out.embeddings.value),
                              roots = to_doubles(backend_, root.value), ages = twice(ages_of(batch));
    const std::vector<double> z = views == 1 ? twice(once) : once, r = views == 1 ? twice(roots) : roots;
    const auto [at, of] = p_.schedule(c_, epoch);
    LossInput in{.z = z, .ages = ages, .views = 2, .epoch = at, .max_epochs = of, .training = true};
    const std::vector<double> earlier = queue ? queue->rows() : std::vector<double>();
    if (queue) {
      in.predictions = r;
      in.queue = earlier;
    }
    LossResult result = loss.evaluate(in);
    std::vector<double> slopes(roots.size(), 0.0);  // equal views were encoded once: their gradients add
    for (std::size_t k = 0; k < result.gradient.size(); ++k) slopes[k % slopes.size()] += result.gradient[k];
    Tensor gradient = backend_.tensor(root.spec());
    from_doubles(backend_, slopes, gradient);
    tape.backward(root, gradient);
    REQUIRE(adam.step(store, p_.learning_rate(c_, epoch)));
    if (queue) queue->push(std::span(once).first(once.size() / static_cast<std::size_t>(views)));
    return result;
  }

  Encodings encode(Network& network) {
    Encodings all;
    const bool training = p_.evaluates_in_training_mode(c_);
    const Index together = training ? cohort_.size() : 1;  // batch norm has no variance of one subject in training
    for (Index first = 0; first < cohort_.size(); first += together) {
      Subjects subjects(static_cast<std::size_t>(together));
      std::iota(subjects.begin(), subjects.end(), first);
      std::map<Index, Index> once;
      Tape tape(backend_);
      Context ctx(tape, training);
      const Model::Result out = network.model.forward(ctx, constant(tensor_of(subjects, 1, 0, 0, once)), activations());
      for (const double x : to_doubles(backend_, out.embeddings.value)) all.projected.push_back(x);
      for (const double x : to_doubles(backend_, out.features.value)) all.encoder.push_back(x);
    }
    return all;
  }

  std::vector<double> rows_of(const std::vector<double>& all, const Subjects& subjects) const {
    const auto width = all.size() / static_cast<std::size_t>(cohort_.size());
    std::vector<double> out;
    for (const Index i : subjects)
      for (std::size_t k = 0; k < width; ++k) out.push_back(all[static_cast<std::size_t>(i) * width + k]);
    return out;
  }

  /// Fits a predictor and returns the errors in years by name of the part; adds the predictions if the seed is over.
  std::map<std::string, double> evaluate(const Encodings& all, Index seed, bool last) {
    const std::vector<double>& rows = p_.features(c_) == Features::encoder ? all.encoder : all.projected;
    const auto width = static_cast<Index>(rows.size()) / cohort_.size();
    const Split parts = p_.evaluated(c_, split_);
    const std::vector<double> x = rows_of(rows, parts.train);
    const PredictorOptions options = p_.predictor(c_, p_.random_seed(c_, seed));
    const FeatureRows train{x, static_cast<Index>(parts.train.size()), width};
    const std::vector<double> ages = ages_of(parts.train);
    const AgePredictor predictor = fit_predictor(options, train, ages);
    if (last) {
      out_.predictors.push_back(predictor);
      const AgeBias bias = fit_age_bias(ages, predict_left_out(options, predictor, train, ages));
      out_.applied.push_back(
          applied(p_.features(c_) == Features::encoder ? "encoder" : "projected", name_of(activations()), bias));
    }
    std::map<std::string, double> errors;
    for (const auto& [name, subjects] : {std::pair<const char*, const Subjects&>("train", parts.train),
                                         {"validation", parts.validation},
                                         {"test", parts.test}}) {
      if (subjects.empty()) continue;
      const std::vector<double> part = rows_of(rows, subjects),
                                predicted = predictor.predict({part, static_cast<Index>(subjects.size()), width});
      if (last) add_predictions(seed, subjects, predicted, name);
      for (std::size_t k = 0; k < subjects.size(); ++k)
        errors[name] +=
            std::abs(cohort_.subject(subjects[k]).age - predicted[k]) / static_cast<double>(subjects.size());
    }
    return errors;
  }

  void add_predictions(Index seed, const Subjects& subjects, const std::vector<double>& ages, const char* part) {
    for (std::size_t k = 0; k < subjects.size(); ++k) {
      const Subject& s = cohort_.subject(subjects[k]);
      out_.predictions.push_back({{"seed", std::to_string(seed)},
                                  {"participant_id", s.id},
                                  {"age", csv_number(s.age)},
                                  {"predicted", csv_number(ages[k])},
                                  {"part", part},
                                  {"study", s.study}});
    }
  }

  /// The values of a weights file take the place of the random ones, name by name.
  void start_from_file(ParameterStore& store) const {
    if (c_.pretrained.weights.empty()) return;
    const H5Reader file(c_.pretrained.weights);
    for (Parameter* parameter : store.parameters())
      if (file.has(parameter->name) && file.shape(parameter->name) == file_shape(parameter->shape))
        store.write(*parameter, from_file_order(parameter->shape, file.numbers(parameter->name)));
  }

  void run_seed(Index seed) {
    const std::uint64_t random_seed = p_.random_seed(c_, seed);
    const LossOptions options = p_.loss(c_);
    const auto loss = loss_of(options);
    Network network{Model(c_.model), std::nullopt};
    const Index width = c_.model.embedding_width();
    if (options.name == Nnclr::name) network.head.emplace(width);
    ParameterStore store(backend_, DType::f32, network.parameters());
    store.initialise(random_seed);
    start_from_file(store);
    Adam adam(store, p_.adam(c_));
    std::optional<EmbeddingQueue> queue;
    if (options.name == Nnclr::name)
      queue.emplace(backend_, Spec{{options.own.of<Nnclr>().queue_size, width}, DType::f32}, random_seed);
    Index steps = 0;
    for (Index epoch = 1; epoch <= c_.train.epochs; ++epoch) {
      std::vector<double> losses;
      std::vector<LossMetrics> noticed;
      std::map<Index, Index> drawn;
      for (const Subjects& batch : p_.batches(c_, p_.order(c_, cohort_, split_.train, random_seed, epoch))) {
        const LossResult result = step(network, store, adam, queue, *loss, batch, random_seed, epoch, drawn);
        losses.push_back(result.value);
        noticed.push_back(result.metrics);
      }
      steps += static_cast<Index>(losses.size());
      const Index neighbours = p_.neighbours(noticed);
      const bool last = epoch == c_.train.epochs;
      const Index every = c_.evaluation.every;
      const bool measured = last || (every > 0 && epoch % every == 0);
      const bool kept = std::ranges::count(c_.evaluation.embeddings_at, epoch) > 0;
      const Encodings all = measured || kept ? encode(network) : Encodings();
      const auto errors = measured ? evaluate(all, seed, last) : std::map<std::string, double>();
      const auto error_of = [&](const char* part, Watch watched) {
        return errors.contains(part) && (last || c_.evaluation.watch == watched) ? csv_number(errors.at(part)) : "";
      };
      if (kept) {
        const std::string group = fmt::format("seed{}/epoch{}/", seed, epoch);
        out_.embeddings[group + "projected"] = all.projected;
        out_.embeddings[group + "encoder"] = all.encoder;
      }
      out_.metrics.push_back({{"seed", std::to_string(seed)},
                              {"epoch", std::to_string(epoch)},
                              {"loss", csv_number(p_.epoch_loss(losses))},
                              {"learning_rate", csv_number(p_.learning_rate(c_, epoch))},
                              {"neighbours", neighbours ? std::to_string(neighbours) : ""},
                              {"mae", error_of("test", Watch::test)},
                              {"validation_mae", error_of("validation", Watch::validation)}});
    }
    out_.weights.emplace_back();
    for (const Parameter* parameter : network.model.parameters()) {
      out_.weights.back()[parameter->name] = to_file_order(parameter->shape, store.read(*parameter));
      if (parameter->name.ends_with("running_mean"))
        out_.weights.back()[parameter->name.substr(0, parameter->name.rfind('.')) + ".num_batches_tracked"] = {
            static_cast<double>(steps)};
    }
  }

  Config c_;
  RunParts p_;
  CohortFile cohort_;
  Split split_;
  HostBackend backend_;
  std::vector<std::vector<float>> maps_;  // normalised
  WrittenRun out_;
};

inline WrittenRun write_out(const Config& config, const std::string& cohort, const RunParts& parts = {}) {
  omp_set_num_threads(1);  // the volumes are tiny
  return RunWriter(config, cohort, parts).run();
}

/// The same of a run folder in the workplace.
inline WrittenRun read_run(const std::string& out, const Config& config) {
  const std::string folder = workplace().folder + "/" + out + "/";
  WrittenRun run;
  run.metrics = metrics(out);
  run.predictions = table(out + "/predictions.csv");
  for (const Index seed : config.seeds) {
    const H5Reader file(folder + (config.seeds.size() == 1 ? "model.h5" : fmt::format("model-seed{}.h5", seed)));
    run.weights.emplace_back();
    for (const std::string& name : file.members())
      if (!file.holds_text(name) && name != "prediction.occupancy") run.weights.back()[name] = file.numbers(name);
    const auto json = nlohmann::json::parse(file.strings("prediction").at(0));
    const auto& p = json.at("predictor");
    AgePredictor predictor;
    predictor.weights = p.at("weights").get<std::vector<double>>();
    predictor.bias = p.at("bias").get<std::vector<double>>();
    predictor.penalty = p.at("penalty");
    run.predictors.push_back(predictor);
    const auto& bias = json.at("age_bias");
    run.applied.push_back(
        applied(json.at("features"), json.at("activations"), {bias.at("intercept"), bias.at("slope")}));
    const auto& preprocessing = json.at("preprocessing");
    if (preprocessing.contains("intensity"))
      run.intensity = Intensity{preprocessing.at("intensity").at("mean"), preprocessing.at("intensity").at("sd"),
                                preprocessing.at("intensity").at("count")};
  }
  if (std::filesystem::exists(folder + "embeddings.h5")) {
    const H5Reader file(folder + "embeddings.h5");
    for (const Index seed : config.seeds)
      for (const Index epoch : config.evaluation.embeddings_at)
        for (const char* which : {"projected", "encoder"})
          if (const std::string name = fmt::format("seed{}/epoch{}/{}", seed, epoch, which); file.has(name))
            run.embeddings[name] = file.numbers(name);
  }
  return run;
}

/// The names of what differs between two runs: "metrics", "predictions", "weights", "embeddings", "intensity",
/// "predictor".
inline std::vector<std::string> differences(const WrittenRun& a, const WrittenRun& b) {
  std::vector<std::string> out;
  const auto compare = [&](const char* name, bool same) {
    if (!same) out.push_back(name);
  };
  compare("metrics", a.metrics == b.metrics);
  compare("predictions", a.predictions == b.predictions);
  compare("weights", a.weights == b.weights);
  compare("embeddings", a.embeddings == b.embeddings);
  const auto numbers = [](const WrittenRun& r) {
    return r.intensity ? std::vector{r.intensity->mean, r.intensity->sd, r.intensity->count} : std::vector<double>();
  };
  compare("intensity", numbers(a) == numbers(b));
  const auto same_predictor = [](const AgePredictor& x, const AgePredictor& y) {
    return x.weights == y.weights && x.bias == y.bias && x.penalty == y.penalty;
  };
  compare("predictor", std::ranges::equal(a.predictors, b.predictors, same_predictor) && a.applied == b.applied);
  return out;
}

}  // namespace cg::test
