// SPDX-License-Identifier: Apache-2.0
#include "losses/registry.h"

#include <algorithm>
#include <utility>

#include "losses/all.h"
#include "tensor/error.h"

namespace cg {
namespace {

struct Entry {
  LossInfo info;
  std::unique_ptr<Loss> (*make)(const LossOptions&);
  std::vector<LossConflict> (*conflicts)(const LossOptions&, const LossSchedule&);
  std::vector<std::string> (*warnings)(const LossOptions&, const LossSchedule&);
};

template <LossType L>
LossInfo info() {
  using Pairs = decltype(std::declval<const L>().pairs(LossInput()));
  LossInfo out{.name = L::name,
               .title = L::title,
               .temperature = published_temperature<L>(),
               .weighs = HasAgeWeights<Pairs>,
               .selects = SelectsRows<Pairs>,
               .printed = L::formula(Formulation::printed),
               .published = L::formula(Formulation::published)};
  if constexpr (requires { L::least_views; }) out.least_views = L::least_views;
  return out;
}

template <LossType L>
std::unique_ptr<Loss> make(const LossOptions& options) {
  return make_loss<L>(options.shared, options.own.of<L>());
}

template <LossType L>
std::vector<LossConflict> conflicts(const LossOptions& options, const LossSchedule& schedule) {
  if constexpr (requires(const L loss) { loss.conflicts(schedule); })
    return L{options.shared, options.own.of<L>()}.conflicts(schedule);
  else
    return {};
}

template <LossType L>
std::vector<std::string> warnings(const LossOptions& options, const LossSchedule& schedule) {
  if constexpr (requires(const L loss) { loss.warnings(schedule); })
    return L{options.shared, options.own.of<L>()}.warnings(schedule);
  else
    return {};
}

/// By name.
const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = [] {
    std::vector<Entry> out;
    AllLosses::for_each([&]<LossType L>() { out.push_back({info<L>(), make<L>, conflicts<L>, warnings<L>}); });
    std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.info.name < b.info.name; });
    return out;
  }();
  return all;
}

const Entry& find(const std::string& name) {
  std::string choices;
  for (const Entry& e : entries()) {
    if (e.info.name == name) return e;
    choices += (choices.empty() ? "" : ", ") + e.info.name;
  }
  fail(ErrorKind::usage, "loss.name", "there is no loss \"" + name + "\"", "Choose one of " + choices);
}

Fields<SharedLossOptions> shared_fields() {
  using O = SharedLossOptions;
  return {
      field("formulation", &O::formulation, {"printed", "published"},
            "The formula as printed in the paper, or what the published code computes (it made the published numbers).",
            {{"paper", "printed"}, {"reference", "published"}}),
      field("kernel", &O::kernel, {"rbf", "gaussian", "cauchy"}, "How an age difference becomes a weight."),
      field("sigma", &O::sigma, above(0), "Width of the kernel: years for rbf and gaussian, 1/years² for cauchy."),
      field("temperature", &O::temperature, above(0), "published",
            "Similarities are inner products divided by this, or distances (rank_n_contrast). published: the value of "
            "the loss's own publication, 2 for rank_n_contrast and 0.1 for the others."),
      field("base_temperature", &O::base_temperature, above(0),
            "The published formulation multiplies the loss by temperature / base_temperature."),
      field("distance", &O::distance, {"manhattan", "euclidean", "chebyshev", "cosine"},
            "dynlocrep: the distance between embeddings that decides which rows are near."),
  };
}

}  // namespace

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const Entry& e : entries()) names.push_back(e.info.name);
  return names;
}

const LossInfo& loss_info(const std::string& name) { return find(name).info; }

std::unique_ptr<Loss> make_loss(const LossOptions& options) { return find(options.name).make(options); }

std::vector<std::string> loss_warnings(const LossOptions& options, const LossSchedule& schedule) {
  return find(options.name).warnings(options, schedule);
}

LossOptions with_published_values(LossOptions options) {
  options.shared.temperature = options.shared.temperature.value_or(loss_info(options.name).temperature);
  return options;
}

std::vector<LossConflict> loss_conflicts(const LossOptions& options, const LossSchedule& schedule) {
  return find(options.name).conflicts(options, schedule);
}

const Fields<LossOptions>& loss_fields() {
  static const Fields<LossOptions> fields = [] {
    using O = LossOptions;
    Fields<O> out{field("name", &O::name, one_of(loss_names()), "The contrastive loss to train with.")};
    append(out, part_fields<O>(
                    "", [](auto& o) -> auto& { return o.shared; }, shared_fields()));
    AllLosses::for_each([&]<LossType L>() {
      append(out, part_fields<O>(
                      "", [](auto& o) -> auto& { return o.own.template of<L>(); }, L::Options::fields()));
    });
    return out;
  }();
  return fields;
}

}  // namespace cg
