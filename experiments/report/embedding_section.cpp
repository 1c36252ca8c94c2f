// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/embedding_section.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "experiments/record/embeddings_file.h"
#include "experiments/report/age_section.h"
#include "experiments/report/numbers.h"
#include "experiments/report/principal_components.h"
#include "experiments/report/umap.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr std::size_t fewest_points = 4;

/// The epochs after which a training stored its features.
std::vector<Index> stored_epochs(const Config& config) {
  std::vector<Index> out;
  for (const Index epoch : config.evaluation.embeddings_at)
    if (epoch >= 1 && epoch <= config.train.epochs) out.push_back(epoch);
  out.push_back(config.train.epochs);
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

EmbeddedEpochs read(const StudyResults& results, const Cell& cell) {
  const Training& training = results.plan.trainings[cell.training];
  EmbeddedEpochs out{.label = fmt::format("{}, seed {}", results.plan.row(cell).label, cell.seed),
                     .epochs = stored_epochs(training.config)};
  for (const Index epoch : out.epochs) {
    const StoredFeatures stored = read_embeddings(training.folder / "embeddings.h5", cell.seed, epoch);
    out.ids = stored.ids;
    out.ages = stored.ages;
    out.width = static_cast<std::size_t>(stored.projected.width);
    out.points.insert(out.points.end(), stored.projected.values.begin(), stored.projected.values.end());
  }
  return out;
}

/// All epochs' places on one map, each from 0 to 1 on the common scale of both axes.
std::vector<std::vector<Point>> by_epoch(const std::vector<double>& places, std::size_t epochs) {
  double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
  for (std::size_t k = 0; k < places.size(); ++k) {
    low[k % 2] = std::min(low[k % 2], places[k]);
    high[k % 2] = std::max(high[k % 2], places[k]);
  }
  const double span = std::max({high[0] - low[0], high[1] - low[1], 1e-12});
  const std::size_t subjects = places.size() / 2 / epochs;
  std::vector<std::vector<Point>> out(epochs, std::vector<Point>(subjects));
  for (std::size_t e = 0; e < epochs; ++e)
    for (std::size_t i = 0; i < subjects; ++i)
      for (std::size_t axis = 0; axis < 2; ++axis)
        out[e][i][axis] = 0.5 + (places[2 * (e * subjects + i) + axis] - (low[axis] + high[axis]) / 2) / span;
  return out;
}

/// One panel for each epoch, three in a line.
Picture panels(const EmbeddedEpochs& of, const std::vector<std::vector<Point>>& places,
               const std::vector<Colour>& colours, const std::string& title) {
  constexpr double panel = 186, head = 24, margin = 8;
  Picture picture{.title = title};
  picture.height = (panel + head) * static_cast<double>((of.epochs.size() + 2) / 3);
  for (std::size_t e = 0; e < of.epochs.size(); ++e) {
    const double left = panel * static_cast<double>(e % 3), top = (panel + head) * static_cast<double>(e / 3) + head;
    picture.add(Label{
        {left + panel / 2, top - 8}, fmt::format("epoch {}", of.epochs[e]), Anchor::middle, 13, {Ink::ink}, true});
    picture.add(Path{.points = {{left + 2, top},
                                {left + panel - 2, top},
                                {left + panel - 2, top + panel - 4},
                                {left + 2, top + panel - 4}},
                     .stroke = Paint{Ink::rule},
                     .width = 1,
                     .closed = true});
    for (std::size_t i = 0; i < places[e].size(); ++i) {
      const double inside = panel - 4 - 2 * margin;
      picture.add(Disc{{left + 2 + margin + inside * places[e][i][0], top + margin + inside * (1 - places[e][i][1])},
                       2.6,
                       Paint{Ink::ink, colours[i], 0.85}});
    }
  }
  return picture;
}

struct MapText {
  std::string name, method, how;
};

void add_map(Section& out, const EmbeddedEpochs& of, const std::vector<double>& places, const MapText& text,
             const AgeScale& scale) {
  const std::vector<std::vector<Point>> all = by_epoch(places, of.epochs.size());
  MovingPoints moving{.epochs = of.epochs, .places = all, .title = text.method + " of the embeddings, " + of.label};
  for (std::size_t i = 0; i < of.ids.size(); ++i) {
    const double share = (of.ages[i] - scale.youngest) / std::max(scale.oldest - scale.youngest, 1e-12);
    moving.colours.push_back(viridis(share));
    moving.titles.push_back(fmt::format("{}: {:.1f} years", of.ids[i], of.ages[i]));
  }
  ReportTable numbers{.caption = "Difference of age to the nearest other point of the map, years, mean over subjects",
                      .head = {"epoch", text.method},
                      .words = 0,
                      .in_tex = false};
  for (std::size_t e = 0; e < all.size(); ++e)
    numbers.add({fmt::format("{}", of.epochs[e]), fixed(neighbour_age_difference(all[e], of.ages), 2)});
  Figure figure{text.name,
                panels(of, all, moving.colours, moving.title),
                {"Each dot is a subject, coloured by age; dots near each other have similar embeddings. " + text.how,
                 "The colours change evenly along a line or an arc, from young to old, more so from epoch to epoch.",
                 "Young and old dots are mixed in all epochs: the embedding contains little about age.",
                 "Move the slider. Compare with the learning curves: points that no longer move mean that training is "
                 "finished."},
                numbers};
  out.blocks.push_back(std::move(figure));
  out.blocks.push_back(std::move(moving));
  out.blocks.push_back(scale);
}

}  // namespace

std::optional<EmbeddedEpochs> embedded_epochs(const StudyResults& results) {
  const auto has_several = [&](const Cell& cell) {
    return stored_epochs(results.plan.trainings[cell.training].config).size() > 1;
  };
  const std::optional<MainRow> main = main_row(results);
  const auto of_figure5 = [&](const Cell& c) { return results.plan.studies[c.study].name == "fig5_umap"; };
  const auto of_main = [&](const Cell& c) { return main && c.study == main->study && c.row == main->row; };
  const auto any = [](const Cell&) { return true; };
  const auto find = [&](auto wanted) -> const CellResult* {
    const auto found =
        std::ranges::find_if(results.cells, [&](const CellResult& c) { return wanted(c.cell) && has_several(c.cell); });
    return found == results.cells.end() ? nullptr : &*found;
  };
  const CellResult* chosen = find(of_figure5);
  if (!chosen) chosen = find(of_main);
  if (!chosen) chosen = find(any);
  if (!chosen) return std::nullopt;
  return read(results, chosen->cell);
}

double neighbour_age_difference(const std::vector<Point>& places, const std::vector<double>& ages) {
  double sum = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    double nearest = INFINITY, difference = 0;
    for (std::size_t k = 0; k < places.size(); ++k) {
      const double x = places[k][0] - places[i][0], y = places[k][1] - places[i][1], distance = x * x + y * y;
      if (k == i || distance >= nearest) continue;
      nearest = distance;
      difference = std::abs(ages[k] - ages[i]);
    }
    sum += difference;
  }
  return sum / static_cast<double>(places.size());
}

Section embedding_section(const StudyResults& results) {
  Section out{.id = "embeddings", .title = "Figure 5: Embeddings over the epochs"};
  std::optional<EmbeddedEpochs> of;
  try {
    of = embedded_epochs(results);
  } catch (const Error& error) {
    out.blocks.push_back(Missing{error.what()});
    return out;
  }
  if (!of) {
    out.blocks.push_back(
        Missing{"No finished training stored its embeddings after several epochs. Name the epochs: "
                "evaluation.embeddings_at=[1,6,21,30,40,50]"});
    return out;
  }
  if (of->ids.size() < fewest_points) {
    out.blocks.push_back(Missing{fmt::format("The cohort has {} subjects: too few for a map.", of->ids.size())});
    return out;
  }
  const auto [youngest, oldest] = std::ranges::minmax(of->ages);
  const AgeScale scale{youngest, oldest};
  out.blocks.push_back(Paragraph{fmt::format("Features after the projection head of {}: {} subjects, {} epochs.",
                                             of->label, of->ids.size(), of->epochs.size())});
  const std::string common = "The map is fitted on all epochs together.";
  if (has_umap())
    add_map(out, *of, umap(of->points, of->width, {}), {"embeddings-umap", "UMAP", common}, scale);
  else
    out.blocks.push_back(Missing{"UMAP: this program was built without it (docs/install.md). PCA is below."});
  const PrincipalComponents pca = principal_components(of->points, of->width);
  add_map(out, *of, pca.places,
          {"embeddings-pca", "PCA",
           fmt::format("{} The axes have {:.0f} % and {:.0f} % of the variance.", common, 100 * pca.shares[0],
                       100 * pca.shares[1])},
          scale);
  out.title += has_umap() ? " (UMAP and PCA)" : " (PCA)";
  return out;
}

}  // namespace cg
