#include "experiments/teaching/loss_formulas.h"

#include <map>

#include "tensor/error.h"

namespace cg {
namespace {

constexpr const char* inner = "s_it = z_i·z_t / τ";
constexpr const char* shifted = "s_it = z_i·z_t / τ − m_i,   m_i the largest of the row, held constant";
constexpr const char* by_anchor = "a_ik = w_ik / Σ_{t≠i} w_it";
constexpr const char* by_anchor_mean = "a_ik = w_ik / Σ_{t≠i} w_it / n × τ/τ_base";
constexpr const char* near_ages = "everybody, the more the nearer their age (weight w)";
constexpr const char* everybody = "everybody, the more the closer they are";
constexpr const char* less_if_alike = "everybody, the more the closer they are, and the less the nearer their age";

struct Entry {
  LossFormula printed, published;
  bool two = true;
};

/// A loss whose printed and published formulas are one.
Entry one(const LossFormula& f) { return {f, f, false}; }

const std::map<std::string, Entry>& entries() {
  static const std::map<std::string, Entry> all{
      {"dynlocrep",
       {{"DynLocRep", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} ν_it e^{s_it (1 − w_it)} − s_ik ]", by_anchor, inner,
         near_ages, "its nearest in the embedding (ν = 1), fewer each epoch, and the less the nearer their age"},
        {"DynLocRep", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} ν_it e^{s_it (1 − w_it)} − s_ik ]",
         "a_ik = w_ik / Σ_j Σ_{t≠j} w_jt × τ/τ_base", shifted, near_ages,
         "its nearest in the embedding (ν = 1), fewer each epoch, and the less the nearer their age"}}},
      {"exponential",
       {{"Exponential", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i,k} e^{s_it (1 − w_it)} − s_ik ]", by_anchor, inner,
         near_ages, less_if_alike},
        {"Exponential", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} e^{s_it (1 − w_it)} − s_ik ]", by_anchor_mean, shifted,
         near_ages, less_if_alike}}},
      {"y_aware",
       {{"Y-Aware", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i,k} e^{s_it} − s_ik ]", by_anchor, inner, near_ages, everybody},
        {"Y-Aware", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} e^{s_it} − s_ik ]", by_anchor_mean, inner, near_ages,
         everybody}}},
      {"threshold",
       {{"Threshold", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t: w_it<w_ik} e^{s_it} − s_ik ]",
         "a_ik = w_ik / Σ_{t: w_it<w_ik} w_it", inner,
         "everybody, the more the nearer their age and the less those farther away weigh",
         "for each k that it pulls those farther in age than k"},
        {"Threshold", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} c_it e^{s_it} − s_ik ],   c_it = #{j: w_tj < w_ti}",
         by_anchor_mean, inner, near_ages,
         "everybody, as often (c) as they have somebody farther in age than the anchor"}}},
      {"rank_n_contrast",
       {{"Rank-N-Contrast", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t: |y_i−y_t| ≥ |y_i−y_k|} e^{s_it} − s_ik ]", "a_ik = 1",
         "s_it = −‖z_i − z_t‖ / τ", "everybody, equally", "for each k that it pulls those at least as far in age as k"},
        {"Rank-N-Contrast", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t: |y_i−y_t| ≥ |y_i−y_k|} e^{s_it} − s_ik ]",
         "a_ik = 1 / (n (n − 1))", "s_it = −‖z_i − z_t‖ / τ", "everybody, equally",
         "for each k that it pulls those at least as far in age as k"}}},
      {"simclr",
       one({"SimCLR", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} e^{s_it} − s_ik ]",
            "a_ik = 1/n for the other view of the same subject, else 0", inner, "its subject's other view alone",
            "everybody, the more the closer they are, its age-mates too: ages play no part"})},
      {"nnclr", one({"NNCLR", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_t e^{s_it} − s_ik ],   t in the other view",
                     "a_ik = 1/n for the other view of the same subject, else 0",
                     "s_it = q_i·p_t / τ,   q_i the nearest of a queue of earlier embeddings, p the predictions",
                     "its subject's other view, towards a neighbour from the past",
                     "the other view of all others: ages play no part"})},
      {"sup_con", one({"SupCon", "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} e^{s_it} − s_ik ]",
                       "a_ik = 1 / (m |P(i)|) × τ/τ_base for k in the same bin of ages, else 0", inner,
                       "those of its bin of ages, equally", everybody})},
  };
  return all;
}

const Entry& entry(const std::string& loss) {
  const auto found = entries().find(loss);
  if (found == entries().end()) fail(ErrorKind::usage, loss, "this loss has no formula", "Add it to loss_formulas.cpp");
  return found->second;
}

}  // namespace

LossFormula formula_of(const LossOptions& options) {
  const Entry& found = entry(options.name);
  return options.formulation == Formulation::printed ? found.printed : found.published;
}

bool has_two_formulations(const std::string& loss) { return entry(loss).two; }

}  // namespace cg
