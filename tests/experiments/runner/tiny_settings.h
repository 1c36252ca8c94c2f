// SPDX-License-Identifier: Apache-2.0
// Settings of tiny runs, as a user writes them and as a Config; the real program run with them, and the same run
// written out. Read next: written_run.h.
#pragma once

#include "losses/registry.h"
#include "tests/experiments/runner/written_run.h"
#include "tests/support/shell.h"

namespace cg::test {

/// A setting as a user writes it, and what it means.
struct Change {
  std::string words;  ///< "key=value", separated by spaces
  std::function<void(Config&)> means;
};

/// A program in a folder of its own, so that what it creates beside itself does not go into the source tree.
inline std::string installed() {
  static const std::string program = [] {
    const std::filesystem::path root = workplace().folder + "/installed", folder = root / "build/release/bin";
    std::filesystem::create_directories(folder);
    std::filesystem::create_directories(root / "experiments");
    std::filesystem::copy_file(binaries() + "/run_experiment", folder / "run_experiment");
    return (folder / "run_experiment").string();
  }();
  return program;
}

/// The subjects of a phantom file in another file: the rows in another order, and a column `part`.
inline std::string mixed(const std::string& phantom, const std::string& name) {
  const std::string path = workplace().folder + "/" + name;
  const CohortFile from(phantom);
  const Shape v = from.volume_shape();
  const Index n = from.size();
  std::vector<float> maps;
  std::vector<double> ages;
  std::vector<std::string> ids, studies, parts;
  for (Index k = 0; k < n; ++k) {
    const Index i = (7 * k + 3) % n;  // 7 divides neither 20 nor 24
    const std::vector<float> map = from.volume(i).values;
    maps.insert(maps.end(), map.begin(), map.end());
    ages.push_back(from.subject(i).age);
    ids.push_back(from.subject(i).id);
    studies.push_back(from.subject(i).study);
    parts.push_back(i % 5 == 0 ? "test" : i % 5 == 1 ? "val" : "train");
  }
  H5Writer file(path);
  file.floats("maps", {n, 1, v[0], v[1], v[2]}, maps);
  file.numbers("age", {n}, ages);
  file.strings("participant_id", ids);
  file.strings("study", studies);
  file.strings("part", parts);
  file.attribute("voxel_mm", from.voxel_mm());
  file.attribute("synthetic", 1.0);
  file.commit();
  return path;
}

inline const std::string& base_cohort() {
  static const std::string path = mixed(workplace().cohort, "mixed.h5");
  return path;
}

constexpr const char* cohort_key = "data.cohort=";

/// The setting that all rows change: three epochs, batches of 8, 8 and 3, a network of width 2.
inline std::vector<Change> base() {
  return {
      {cohort_key + base_cohort(), [](Config& c) { c.data.cohort = base_cohort(); }},
      {"threads=1", [](Config& c) { c.threads = 1; }},
      {"train.epochs=3", [](Config& c) { c.train.epochs = 3; }},
      {"train.batch_size=8", [](Config& c) { c.train.batch_size = 8; }},
      {"train.learning_rate=1e-3", [](Config& c) { c.train.learning_rate = 1e-3; }},
      {"train.decay_every=1", [](Config& c) { c.train.decay_every = 1; }},
      {"loss.final_neighbours=4", [](Config& c) { c.loss.own.of<DynLocRep>().final_neighbours = 4; }},
      {"model.width=2", [](Config& c) { c.model.width = 2; }},
      {"model.embedding=6", [](Config& c) { c.model.embedding = 6; }},
  };
}

struct TinySetting {
  Config config;
  std::map<std::string, std::string> words;  ///< value by key

  void add(const Change& change) {
    std::istringstream in(change.words);
    for (std::string word; in >> word;) words[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    change.means(config);
  }
};

inline Change loss_named(const std::string& name) {
  return {"loss.name=" + name, [name](Config& c) {
            c.loss.name = name;
            c.loss.shared.temperature = name == "rank_n_contrast" ? 2 : 0.1;  // as published
          }};
}

inline const Change validation{"data.validation=0.2", [](Config& c) { c.data.validation = 0.2; }};

inline Change augmented(const std::string& name) {
  return {"data.augment.apply=" + name, [name](Config& c) { c.data.augment.apply = {name}; }};
}

inline Change predicted_by(const std::string& name) {
  return {"evaluation.predictor=" + name, [name](Config& c) { c.evaluation.predictor.name = name; }};
}

/// The phantom that a configuration names, written by this test.
inline std::string phantom_of(const PhantomOptions& o) {
  const std::string path = fmt::format("{}/expected-{}-{}-{}-{}.h5", workplace().folder, static_cast<int>(o.modality),
                                       o.voxel_mm, o.subjects, o.seed);
  if (std::filesystem::exists(path)) return path;
  phantom::CohortOptions options;
  options.subjects = o.subjects;
  options.voxel_mm = o.voxel_mm;
  options.t1 = o.modality == PhantomModality::t1;
  options.seed = static_cast<std::uint32_t>(o.seed);
  options.threads = 1;
  phantom::write_cohort(options, path);
  return path;
}

/// Runs the program with a setting's words; nothing but the setting is named.
inline Result run_setting(const TinySetting& setting, const std::string& out) {
  static const std::string nothing = [] {
    const std::string path = workplace().folder + "/defaults.toml";
    std::ofstream(path) << "# every default\n";
    return path;
  }();
  std::string command =
      fmt::format("cd {} && {} {} --device reference --out {}", workplace().folder, installed(), nothing, out);
  for (const auto& [key, word] : setting.words) command += fmt::format(" '{}={}'", key, word);
  const Finished finished = shell(command + " 2>&1");
  return {finished.code, finished.text};
}

inline WrittenRun expected(const TinySetting& setting, const RunParts& parts = {}) {
  const DataOptions& d = setting.config.data;
  return write_out(setting.config, d.cohort.empty() ? phantom_of(d.phantom) : d.cohort, parts);
}

inline std::string list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out.empty() ? "nothing" : out;
}

}  // namespace cg::test
