// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/results.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/pages/scatter.h"
#include "losses/registry.h"

namespace cg {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t columns = 70;  // of a line in the picture

/// `KEY = VALUE` of the options that a picture names: what is in its other texts, or changes no result, is left out.
std::vector<std::string> options_that_count(const std::vector<Option>& changed) {
  const std::set<std::string> others = {"seeds",
                                        "threads",
                                        "data.cohort",
                                        "loss.name",
                                        "evaluation.every",
                                        "evaluation.watch",
                                        "evaluation.embeddings_at"};
  std::vector<std::string> out;
  for (const Option& option : changed)
    if (!others.contains(option.key)) out.push_back(option.key + " = " + to_toml(option.value));
  return out;
}

/// The words as lines with commas, as many as a picture has room for.
std::vector<std::string> lines_of(const std::vector<std::string>& words) {
  constexpr std::size_t most = 5;
  std::vector<std::string> lines;
  for (std::size_t k = 0; k < words.size(); ++k) {
    const std::string word = words[k] + (k + 1 < words.size() ? "," : "");
    if (!lines.empty() && lines.back().size() + 1 + word.size() <= columns) {
      lines.back() += " " + word;
    } else if (lines.size() < most) {
      lines.push_back(word);
    } else {
      lines.push_back(fmt::format("and {} more options in config.resolved.toml", words.size() - k));
      break;
    }
  }
  return lines;
}

/// A member of an object; null if there is none.
ordered_json member(const ordered_json& json, const std::string& name) {
  return json.is_object() && json.contains(name) ? json[name] : ordered_json();
}

/// NaN if it is missing or not a number.
double number(const ordered_json& json, const std::string& name) {
  const ordered_json value = member(json, name);
  return value.is_number() ? value.get<double>() : not_measured;
}

}  // namespace

std::vector<PredictionRow> prediction_rows(const CohortFile& cohort, Index seed, const Evaluation& e) {
  std::vector<PredictionRow> rows;
  const auto add = [&](const EvaluatedPart& part, const char* name) {
    for (std::size_t k = 0; k < part.predicted.size(); ++k) {
      const Subject& subject = cohort.subject(part.features.subjects[k]);
      rows.push_back({seed, subject.id, subject.age, part.predicted[k], name, subject.study});
    }
  };
  add(e.train, "train");
  add(e.validation, "validation");
  add(e.test, "test");
  return rows;
}

std::string prediction_picture(const CohortFile& cohort, const Evaluation& e, const Provenance& from, Index seed) {
  std::vector<double> ages;
  std::vector<std::string> studies;
  for (Index i : e.test.features.subjects) {
    ages.push_back(cohort.subject(i).age);
    studies.push_back(cohort.subject(i).study);
  }
  const CohortName& c = from.cohort;
  ScatterText text{fmt::format("{}: test MAE {:.2f} years", loss_info(from.loss).title, e.test.metrics.mae),
                   {fmt::format("{}, seed {}: {} test subjects, trained on {}", from.experiment, seed, c.test, c.train),
                    "cohort " + c.name, fmt::format("{} subjects, digest {}", c.subjects, c.digest.substr(0, 12))},
                   c.synthetic ? "SYNTHETIC PHANTOM cohort: computed, not measured" : ""};
  for (const std::string& line : lines_of(options_that_count(from.changed))) text.lines.push_back(line);
  for (std::string& line : text.lines)
    if (line.size() > columns) line = line.substr(0, columns - 1) + "…";
  return scatter_svg(ages, e.test.predicted, studies, text);
}

std::string result_text(const std::filesystem::path& folder) {
  std::ifstream in(folder / "summary.json");
  const ordered_json all = ordered_json::parse(in, nullptr, false);
  const ordered_json seeds = member(all, "seeds"), test = member(all, "test");
  if (!seeds.is_array() || seeds.empty() || !test.is_object()) return "";
  const auto measure = [&](const char* name, const char* words) {
    const double mean = number(test, name), sd = number(test, std::string(name) + "_sd");
    return fmt::format("{} {:.3f}{}", words, mean, std::isfinite(sd) ? fmt::format(" ± {:.3f}", sd) : "");
  };
  std::string text = fmt::format("\ntest {} years, {}, {}, {} years ({}); predicting the mean age: MAE {:.3f} years\n",
                                 measure("mae", "MAE"), measure("r", "r"), measure("r2", "R²"), measure("rmse", "RMSE"),
                                 seeds.size() == 1 ? fmt::format("seed {:.0f}", number(seeds[0], "seed"))
                                                   : fmt::format("mean ± SD over {} seeds", seeds.size()),
                                 number(member(all, "baseline"), "mae"));
  if (member(member(all, "cohort"), "synthetic") == true)
    text += "*** on a SYNTHETIC PHANTOM cohort: not a replication of the paper's figures ***\n";
  return text + "results in " + folder.string() + "\n";
}

}  // namespace cg
