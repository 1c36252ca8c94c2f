// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/write_report.h"

#include <algorithm>

#include "data/files/storage.h"
#include "experiments/report/age_section.h"
#include "experiments/report/cohort_section.h"
#include "experiments/report/cost_section.h"
#include "experiments/report/embedding_section.h"
#include "experiments/report/numbers.h"
#include "experiments/report/paper_items.h"
#include "experiments/report/picture_png.h"
#include "experiments/report/picture_svg.h"
#include "experiments/report/report_page.h"
#include "experiments/report/results_tex.h"
#include "experiments/report/setting_section.h"
#include "experiments/report/study_section.h"
#include "experiments/report/training_section.h"

namespace cg {
namespace {

/// The studies in the paper's order; those that are not in the paper come last. Figure 5's map follows its place.
std::vector<std::size_t> in_papers_order(const StudyPlan& plan) {
  const auto place = [&](std::size_t s) {
    const PaperStudy* paper = paper_study(plan.studies[s].name);
    return paper ? paper - paper_studies().data() : static_cast<std::ptrdiff_t>(paper_studies().size());
  };
  std::vector<std::size_t> out(plan.studies.size());
  for (std::size_t s = 0; s < out.size(); ++s) out[s] = s;
  std::ranges::stable_sort(out, {}, place);
  return out;
}

void add_heading(Report& report, const StudyResults& results) {
  const StudyPlan& plan = results.plan;
  const std::size_t done = plan.trainings.size() - results.missing.size();
  std::vector<std::string> titles;
  for (const Study& study : plan.studies)
    titles.push_back(study.options.title.empty() ? study.name : study.options.title);
  report.title = plan.studies.size() == 1 ? titles[0] : fmt::format("Report of {} studies", plan.studies.size());
  if (plan.studies.size() > 1) report.subtitle = joined(titles, " · ");
  if (results.is_synthetic())
    report.warning = "SYNTHETIC PHANTOM: computed, not measured. Not a replication of the paper's figures.";
  if (done < plan.trainings.size())
    report.warning += fmt::format("{}{} of {} trainings are missing.", report.warning.empty() ? "" : " ",
                                  plan.trainings.size() - done, plan.trainings.size());
  const std::optional<MainRow> main = main_row(results);
  if (!main) return;
  const std::vector<RowResult>& rows = results.rows[main->study];
  const RowResult& row = *std::ranges::find(rows, main->row, &RowResult::row);
  const std::optional<MeanSd>& paper = plan.studies[main->study].rows[main->row].paper;
  report.tiles.push_back(
      {plus_minus(row.mae), fmt::format("years: test MAE of {}; r = {}", main->label, fixed(row.r.mean))});
  if (paper) report.tiles.push_back({plus_minus(*paper), "years: the paper's, on another cohort"});
  report.tiles.push_back({fixed(row.mean_age_mae), "years: MAE of predicting the mean age"});
  report.tiles.push_back({fmt::format("{} / {}", done, plan.trainings.size()), "trainings are finished"});
}

/// A section of the report; an item of the paper without one says why.
void add_paper_items(Report& report, const StudyResults& results) {
  const auto find = [&](const std::string& id) {
    return std::ranges::find_if(report.sections, [&](const Section& s) { return s.id == id; });
  };
  const auto item = [&](const std::string& name, const std::string& content, const std::string& id,
                        const std::string& absent) {
    const auto section = find(id);
    const bool there = section != report.sections.end();
    report.paper.push_back(
        {name, content, there && section->has_content() ? id : "", there ? "its section says why" : absent});
  };
  if (std::ranges::none_of(results.plan.studies, [](const Study& s) { return paper_study(s.name) != nullptr; })) return;
  item("Table 2", "Studies of the cohort", "cohort", "");
  item("Figures 2, 3, 7, 8", "Maps, ages and coverage of the cohort", "cohort", "");
  for (const PaperStudy& paper : paper_studies()) {
    if (paper.study == "fig5_umap")
      item(paper.item, paper.content, "embeddings", "");
    else
      item(paper.item, paper.content, "study-" + paper.study, "not in this report: ./run_experiment " + paper.study);
  }
}

void write_figure(const Figure& figure, const std::filesystem::path& folder) {
  write_atomically(folder / (figure.name + ".svg"), svg_file(figure.picture));
  write_atomically(folder / (figure.name + ".png"), png_file(figure.picture));
}

}  // namespace

std::string plain_name(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? c : '_';
  return out.empty() ? "study" : out;
}

bool Section::has_content() const {
  return std::ranges::any_of(blocks, [](const Block& block) { return !std::holds_alternative<Missing>(block); });
}

void describe(Report& report, const StudyResults& results) {
  add_heading(report, results);
  add_paper_items(report, results);
}

Report make_report(const StudyResults& results, const std::filesystem::path& folder) {
  Report report;
  const TrainingRecords records = read_trainings(results.plan);
  bool embedded = false;
  const auto embeddings = [&] {
    if (!embedded) report.sections.push_back(embedding_section(results));
    embedded = true;
  };
  for (const std::size_t s : in_papers_order(results.plan)) {
    const std::string& name = results.plan.studies[s].name;
    if (name == "fig6_far_decay" || name == "random_search") embeddings();
    if (name != "fig5_umap") report.sections.push_back(study_section(results, s));
  }
  embeddings();
  report.sections.push_back(cohort_section(results));
  report.sections.push_back(age_section(results));
  report.sections.push_back(training_section(results, records));
  report.sections.push_back(saliency_section(results, folder));
  report.sections.push_back(cost_section(results, records));
  report.sections.push_back(methods_section(results, records));
  report.sections.push_back(setting_section(results, records));
  describe(report, results);
  return report;
}

void write_report(const StudyResults& results, const std::filesystem::path& folder) {
  const Report report = make_report(results, folder);
  const std::filesystem::path figures = folder / "figures";
  make_folder(figures);
  for (const Section& section : report.sections)
    for (const Block& block : section.blocks)
      if (const auto* figure = std::get_if<Figure>(&block)) write_figure(*figure, figures);
  write_atomically(folder / "results.tex", results_tex(report));
  write_atomically(folder / "report.html", report_page(report));
}

}  // namespace cg
