// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/setting_section.h"

#include <algorithm>
#include <map>

#include "data/files/input_file.h"
#include "experiments/report/age_section.h"
#include "experiments/report/methods.h"
#include "experiments/report/numbers.h"

namespace cg {
namespace {

constexpr Index most_picture_bytes = Index{8} << 20;

/// The first finished training of the report's main row; null if there is none.
const Cell* main_cell(const StudyResults& results) {
  const std::optional<MainRow> row = main_row(results);
  if (!row) return nullptr;
  for (const CellResult& c : results.cells)
    if (c.cell.study == row->study && c.cell.row == row->row) return &c.cell;
  return nullptr;
}

/// The options of each row that differ from a configuration.
ReportTable row_options(const StudyResults& results, const Config& shown) {
  ReportTable t{.caption = "Options of the rows", .head = {"study", "row", "options"}, .words = 3, .in_tex = false};
  for (const Study& study : results.plan.studies)
    for (const StudyRow& row : study.rows) {
      std::string text;
      for (const Option& o : changed_options(row.config, shown))
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", o.key, to_toml(o.value));
      t.add({study.name, row.label, text.empty() ? "those of the configuration below" : text});
    }
  return t;
}

/// The values that the trainings have, each with the number of trainings.
std::string values_of(const TrainingRecords& records, std::string (*value)(const TrainingRecord&)) {
  std::map<std::string, std::size_t> counts;
  for (const auto& [training, record] : records) ++counts[value(record)];
  std::string out;
  for (const auto& [text, count] : counts) {
    if (!out.empty()) out += "; ";
    out += counts.size() > 1 ? fmt::format("{} ({} trainings)", text, count) : text;
  }
  return out;
}

Facts environment(const TrainingRecords& records) {
  Facts out;
  out.rows.push_back({"device", values_of(records, [](const TrainingRecord& r) { return r.device; })});
  out.rows.push_back({"precision", values_of(records, [](const TrainingRecord& r) { return r.precision; })});
  out.rows.push_back({"commit", values_of(records, [](const TrainingRecord& r) { return r.commit; })});
  out.rows.push_back({"sources", values_of(records, [](const TrainingRecord& r) { return r.sources; })});
  out.rows.push_back({"cohort", values_of(records, [](const TrainingRecord& r) { return r.cohort; })});
  out.rows.push_back({"cohort, SHA-256", values_of(records, [](const TrainingRecord& r) { return r.cohort_digest; })});
  for (const auto& [key, value] : records.begin()->second.environment) out.rows.push_back({key, value});
  return out;
}

std::string digests(const StudyResults& results, const TrainingRecords& records) {
  std::string out = "configuration (SHA-256)                                           training\n";
  for (const auto& [training, record] : records)
    out += fmt::format("{}  {}\n", record.config_digest, results.plan.trainings[training].text);
  return out;
}

}  // namespace

Section methods_section(const StudyResults& results, const TrainingRecords& records) {
  Section out{.id = "methods", .title = "Methods text"};
  const Cell* cell = main_cell(results);
  if (!cell) {
    out.blocks.push_back(Missing{"No training is finished."});
    return out;
  }
  const Methods text =
      methods({results.plan.studies[cell->study], results.plan.row(*cell).config, records.at(cell->training)});
  for (const std::string& paragraph : text.paragraphs) out.blocks.push_back(Paragraph{paragraph});
  std::string references;
  for (const std::string& reference : text.references) references += reference + "\n";
  out.blocks.push_back(Listing{"References", references});
  return out;
}

Section setting_section(const StudyResults& results, const TrainingRecords& records) {
  Section out{.id = "setting", .title = "Configuration, environment, digests"};
  const Cell* cell = main_cell(results);
  if (!cell) {
    out.blocks.push_back(Missing{"No training is finished."});
    return out;
  }
  out.blocks.push_back(environment(records));
  out.blocks.push_back(row_options(results, results.plan.row(*cell).config));
  out.blocks.push_back(
      Listing{"Configuration of " + results.plan.row(*cell).label, resolved_config(results.plan.row(*cell).config)});
  out.blocks.push_back(Listing{"Digests of the trainings", digests(results, records)});
  if (!results.missing.empty()) {
    std::string list;
    for (const std::string& name : results.missing) list += name + "\n";
    out.blocks.push_back(Listing{fmt::format("{} missing trainings", results.missing.size()), list});
  }
  return out;
}

Section saliency_section(const StudyResults& results, const std::filesystem::path& folder) {
  Section out{.id = "saliency", .title = "Mean saliency maps"};
  const std::filesystem::path picture = folder / "saliency" / "mean.png";
  if (std::filesystem::exists(picture)) {
    out.blocks.push_back(
        Image{"Mean of |map| over test subjects",
              read_input(picture, most_picture_bytes),
              {"Which voxels the predicted age depends on, by the program saliency: the mean size of the gradient and "
               "of the change without a region.",
               "Other regions than with random weights, whose maps saliency.csv compares with these.",
               "The same regions as with random weights: then the map shows the network's shape, not what it learnt.",
               "Read docs/predict.md before you interpret a map. A map does not show a cause."}});
    return out;
  }
  const Cell* cell = main_cell(results);
  if (!cell) {
    out.blocks.push_back(Missing{"No training is finished."});
    return out;
  }
  out.blocks.push_back(Missing{fmt::format(
      "A study does not compute saliency, because it takes as long as some epochs. To add it, give in the folder of "
      "this page: saliency ../trainings/{}/model.h5 COHORT --subject ... --out saliency, with some test subjects. Then "
      "give the command of the study again with --collect.",
      results.plan.trainings[cell->training].folder.filename().string())});
  return out;
}

}  // namespace cg
