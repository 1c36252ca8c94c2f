// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/embeddings_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "data/files/storage.h"
#include "data/formats/hdf5_file.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr const char* damaged_fix = "Restore a copy of the file, or start the run again with --overwrite";

void write_subjects(H5Writer& file, const Cohort& cohort) {
  const auto n = static_cast<std::size_t>(cohort.file->size());
  std::vector<std::string> ids, sexes, studies, parts(n, "train");
  std::vector<double> ages;
  for (Index i = 0; i < cohort.file->size(); ++i) {
    const Subject& subject = cohort.file->subject(i);
    ids.push_back(subject.id);
    ages.push_back(subject.age);
    sexes.push_back(subject.sex);
    studies.push_back(subject.study);
  }
  for (const Index i : cohort.split.validation) parts[static_cast<std::size_t>(i)] = "validation";
  for (const Index i : cohort.split.test) parts[static_cast<std::size_t>(i)] = "test";
  file.strings("participant_id", ids);
  file.numbers("age", {cohort.file->size()}, ages);
  file.attribute("unit", std::string("years"), "age");
  file.strings("part", parts);
  const auto column = [&](const std::string& name, const std::vector<std::string>& values) {
    if (std::ranges::any_of(values, [](const std::string& value) { return !value.empty(); }))
      file.strings(name, values);
  };
  column("sex", sexes);
  column("study", studies);
}

void write_origin(H5Writer& file, const Provenance& from) {
  file.attribute("title",
                 std::string(from.cohort.synthetic ? "features of a synthetic phantom cohort; not data of any person"
                                                   : "features of a cohort's subjects"));
  if (from.cohort.synthetic) file.attribute("synthetic", 1);
  file.attribute("experiment", from.experiment);
  file.attribute("loss", from.loss);
  file.attribute("cohort", from.cohort.name);
  file.attribute("cohort_sha256", from.cohort.digest);
}

}  // namespace

void write_embeddings(const std::filesystem::path& path, const Cohort& cohort, const Provenance& from,
                      std::span<const KeptFeatures> kept) {
  H5Writer file;
  const Index n = cohort.file->size();
  write_subjects(file, cohort);
  write_origin(file, from);
  for (const KeptFeatures& k : kept) {
    const std::string group = fmt::format("seed{}/epoch{}/", k.seed, k.epoch);
    const auto features = [&](const std::string& name, const SubjectFeatures& all, const char* meaning) {
      file.numbers(group + name, {n, all.width}, all.values);
      file.attribute("meaning", std::string(meaning), group + name);
    };
    features("projected", k.projected, "after the projection head, of length 1; the loss compares these");
    features("encoder", k.encoder, "of the encoder, before the projection head");
  }
  write_atomically(path, file.image());
}

std::vector<Index> StoredFeatures::part(const std::string& name) const {
  std::vector<Index> out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (parts[i] == name) out.push_back(static_cast<Index>(i));
  return out;
}

StoredFeatures read_embeddings(const std::filesystem::path& path, Index seed, Index epoch) {
  const H5Reader file(path.string());
  StoredFeatures out{.ids = file.strings("participant_id"),
                     .parts = file.strings("part"),
                     .sexes = {},
                     .studies = {},
                     .ages = file.numbers("age"),
                     .cohort = file.text_attribute("cohort_sha256"),
                     .synthetic = file.has_attribute("synthetic"),
                     .projected = {},
                     .encoder = {}};
  const std::size_t n = out.ids.size();
  const auto column = [&](const std::string& name) {
    const std::vector<std::string> values = file.has(name) ? file.strings(name) : std::vector<std::string>(n);
    if (values.size() != n)
      fail(ErrorKind::corrupt, path.string(), name + " does not have one value per subject", damaged_fix);
    return values;
  };
  out.sexes = column("sex");
  out.studies = column("study");
  std::vector<Index> all(n);
  std::iota(all.begin(), all.end(), Index{0});
  const auto features = [&](const std::string& name) {
    const std::string dataset = fmt::format("seed{}/epoch{}/{}", seed, epoch, name);
    const Shape shape = file.shape(dataset);
    if (shape.size() != 2 || shape[0] != static_cast<Index>(n) || out.ages.size() != n || out.parts.size() != n)
      fail(ErrorKind::corrupt, path.string(), dataset + " does not have one row per subject", damaged_fix);
    return SubjectFeatures{all, file.numbers(dataset), shape[1]};
  };
  out.projected = features("projected");
  out.encoder = features("encoder");
  return out;
}

}  // namespace cg
