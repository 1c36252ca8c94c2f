// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/trained_predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "layers/projection_head.h"
#include "optim/adam.h"
#include "tensor/threads.h"

namespace cg {
namespace {

constexpr double first_rate = 0.1, last_rate = 1e-5, least_progress = 1e-5;
constexpr int patience = 50, most_steps = 20000;

/// The mean and the standard deviation of each column, to be taken away and divided by.
struct Scale {
  std::vector<double> mean, sd;

  explicit Scale(const FeatureRows& x) {
    const auto n = static_cast<std::size_t>(x.rows), p = static_cast<std::size_t>(x.columns);
    mean.assign(p, 0);
    sd.assign(p, 0);
    for (std::size_t k = 0; k < n * p; ++k) mean[k % p] += x.values[k] / static_cast<double>(n);
    for (std::size_t k = 0; k < n * p; ++k)
      sd[k % p] += std::pow(x.values[k] - mean[k % p], 2) / static_cast<double>(n);
    for (std::size_t j = 0; j < p; ++j) {
      sd[j] = std::sqrt(sd[j]);
      if (sd[j] <= 1e-9 * std::abs(mean[j])) sd[j] = 0;  // rounding alone
    }
  }

  /// As float32 on the host; a column of equal values becomes 0.
  Tensor operator()(const FeatureRows& x) const {
    HostBackend host;
    const Tensor out = host.tensor({{x.rows, x.columns}, DType::f32});
    const auto to = out.data<float>();
    const std::size_t p = mean.size();
    for (std::size_t k = 0; k < to.size(); ++k)
      to[k] = sd[k % p] > 0 ? static_cast<float>((x.values[k] - mean[k % p]) / sd[k % p]) : 0.0f;
    return out;
  }
};

/// y = W x + b for rows of standardised features, as trained.
struct LinearModel {
  std::vector<double> weight, bias;  // [o, p], [o]

  /// The same of features as they are.
  AgePredictor of_plain(const Scale& features) const {
    AgePredictor out{.weights = weight, .bias = bias};
    const std::size_t inputs = features.mean.size();
    for (std::size_t k = 0; k < weight.size(); ++k) {
      const double sd = features.sd[k % inputs];
      out.weights[k] = sd > 0 ? weight[k] / sd : 0;
      out.bias[k / inputs] -= out.weights[k] * features.mean[k % inputs];
    }
    return out;
  }
};

/// A linear layer being trained on all rows of x in one batch.
class Training {
 public:
  Training(const Tensor& x, Index outputs, const OutputLoss& loss, std::uint64_t seed, double penalty)
      : backend_(make_cpu_backend()),
        x_(x),
        loss_(loss),
        penalty_(penalty),
        layer_(x.shape()[1], outputs),
        store_(*backend_, DType::f32, layer_.parameters()),
        adam_(store_, {.weight_decay = 0}) {
    store_.initialise(seed);
  }

  /// Until convergence (trained_predictor.h).
  LinearModel run() {
    int steps = 0;
    for (double rate = first_rate; rate > last_rate && steps < most_steps; rate /= 2) {
      for (double before = 2 * best_; best_ < (1 - least_progress) * before && steps < most_steps; steps += patience) {
        before = best_;
        for (int k = 0; k < patience; ++k) step(rate);
      }
      std::copy(best_values_.begin(), best_values_.end(), store_.values().data<float>().begin());
    }
    return {store_.read(store_.find("weight")), store_.read(store_.find("bias"))};
  }

 private:
  /// A step of Adam; before it the weights are kept if their objective is the best so far.
  void step(double rate) {
    Tape tape(*backend_);
    Context ctx(tape, true);
    const Variable out = layer_.forward(ctx, constant(backend_->from_host(x_)));
    const LossAndGradient result = loss_(to_doubles(*backend_, out.value));
    Tensor gradient = backend_->tensor(out.spec());
    from_doubles(*backend_, result.gradient, gradient);
    tape.backward(out, gradient);
    const Variable& weight = store_.find("weight").variable;
    const auto w = weight.value.data<float>(), dw = weight.leaf->gradient.data<float>();
    double squares = 0;
    for (std::size_t k = 0; k < w.size(); ++k) {
      squares += static_cast<double>(w[k]) * static_cast<double>(w[k]);
      dw[k] += static_cast<float>(penalty_) * w[k];
    }
    if (const double objective = result.value + penalty_ / 2 * squares; objective < best_) {
      best_ = objective;
      const auto values = store_.values().data<float>();
      best_values_.assign(values.begin(), values.end());
    }
    adam_.step(store_, rate);
  }

  Threads one_thread_{1};  // the matrices are small, and so their bits depend on no number of threads
  std::unique_ptr<Backend> backend_;
  Tensor x_;
  const OutputLoss& loss_;
  double penalty_;
  LinearLayer layer_;
  ParameterStore store_;
  Adam adam_;
  double best_ = std::numeric_limits<double>::max();
  std::vector<float> best_values_;
};

}  // namespace

std::vector<AgePredictor> train_linear(const FeatureRows& features, Index outputs, std::uint64_t seed,
                                       std::span<const double> penalties, const OutputLoss& loss) {
  const Scale scale(features);
  const Tensor x = scale(features);
  std::vector<AgePredictor> out;
  for (const double penalty : penalties) {
    out.push_back(Training(x, outputs, loss, seed, penalty).run().of_plain(scale));
    out.back().penalty = penalty;
  }
  return out;
}

std::vector<AgePredictor> fit_regression(const FeatureRows& features, std::span<const double> ages, std::uint64_t seed,
                                         std::span<const double> penalties, const RegressionLoss& loss) {
  const Scale years(FeatureRows{ages, features.rows, 1});
  const double spread = years.sd[0] > 0 ? years.sd[0] : 1;  // all ages equal: any unit is as good
  std::vector<double> y;
  for (const double age : ages) y.push_back((age - years.mean[0]) / spread);
  std::vector<AgePredictor> out = train_linear(
      features, 1, seed, penalties, [&](std::span<const double> predicted) { return loss(predicted, y, spread); });
  for (AgePredictor& predictor : out) {
    for (double& w : predictor.weights) w *= spread;
    predictor.bias[0] = years.mean[0] + spread * predictor.bias[0];
  }
  return out;
}

}  // namespace cg
