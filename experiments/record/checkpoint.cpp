// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "data/files/digest.h"
#include "data/files/storage.h"
#include "data/formats/hdf5_file.h"
#include "experiments/program/program.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_size = 512;  // the first position after 0 where HDF5 searches for the beginning of a file
constexpr std::string_view kind = "cortexgrad-checkpoint-", format = "cortexgrad-checkpoint-3\n";

/// The block before an HDF5 image with this digest. All its bytes are defined, so every change is noticed.
std::string block(const std::string& digest) {
  std::string text = fmt::format("{}sha256 {}\n", format, digest);
  text.resize(block_size, '\0');
  return text;
}

[[noreturn]] void damaged(const fs::path& path, const std::string& what) {
  fail(ErrorKind::corrupt, path.string(), what, "Restore a copy of the file, or start the run again with --overwrite");
}

/// Finds any damage before HDF5 reads the file.
void verify(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string found(block_size, '\0');
  in.read(found.data(), block_size);
  if (!in.eof() && !in.good()) fail(ErrorKind::storage, path.string(), "cannot be read", "Check its permissions");
  if (found.starts_with(kind) && !found.starts_with(format))
    fail(ErrorKind::corrupt, path.string(),
         fmt::format("not a checkpoint of this version: the file begins with \"{}\", expected \"{}\"",
                     printable(found.substr(0, std::min(found.find('\n'), format.size() + 8))),
                     format.substr(0, format.size() - 1)),
         "Finish the run with the version of the program that started it, or start again with --overwrite");
  if (!found.starts_with(format)) damaged(path, "not a checkpoint");
  if (found != block(sha256_of_file(path.string(), block_size)))
    damaged(path, "the file is damaged or incomplete: its SHA-256 differs");
}

/// Visits each single number of a checkpoint, with its name in the file.
template <class C, class Visit>
void each_number(C& c, const Visit& visit) {
  visit("seed", c.run.seed);
  visit("epoch", c.run.epoch);
  visit("step", c.run.step);
  visit("loss_sum", c.run.loss_sum);
  visit("neighbours", c.run.neighbours);
  visit("epoch_seconds", c.run.epoch_seconds);
  visit("seed_seconds", c.run.seed_seconds);
  visit("metrics_bytes", c.run.logs.metrics.bytes);
  visit("predictions_bytes", c.run.logs.predictions.bytes);
  visit("resumed", c.run.resumed);
  visit("batches_seen", c.batches_seen);
}

template <class C, class Visit>
void each_text(C& c, const Visit& visit) {
  visit("config_sha256", c.inputs.config);
  visit("cohort_sha256", c.inputs.cohort);
  visit("split_sha256", c.inputs.split);
  visit("weights_sha256", c.inputs.weights);
  visit("metrics_sha256", c.run.logs.metrics.sha256);
  visit("predictions_sha256", c.run.logs.predictions.sha256);
}

/// Visits each number of a seed's result, in the order of a row of `results`.
template <class R, class Visit>
void each_number_of_result(R& r, const Visit& visit) {
  visit(r.seed);
  visit(r.test.mae);
  visit(r.test.rmse);
  visit(r.test.r2);
  visit(r.test.r);
  visit(r.validation.mae);
  visit(r.validation.rmse);
  visit(r.validation.r2);
  visit(r.validation.r);
  visit(r.penalty);
  visit(r.loss);
  visit(r.seconds);
}

void write_results(H5Writer& file, const std::vector<SeedResult>& results) {
  if (results.empty()) return;
  std::vector<double> values;
  for (const SeedResult& r : results)
    each_number_of_result(r, [&](const auto& value) { values.push_back(static_cast<double>(value)); });
  const auto n = static_cast<Index>(results.size());
  file.numbers("results", {n, static_cast<Index>(values.size()) / n}, values);
}

std::vector<SeedResult> read_results(const H5Reader& file) {
  if (!file.has("results")) return {};
  const std::vector<double> values = file.numbers("results");
  std::vector<SeedResult> results(static_cast<std::size_t>(file.shape("results").at(0)));
  std::size_t at = 0;
  for (SeedResult& r : results)
    each_number_of_result(r, [&]<class T>(T& value) { value = static_cast<T>(values.at(at++)); });
  return results;
}

/// Visits each text of a stage, with the name of its table.
template <class S, class Visit>
void each_text_of_stage(S& s, const Visit& visit) {
  visit("from", s.from);
  visit("device", s.device);
  visit("precision", s.precision);
  visit("commit", s.build.commit);
  visit("sources", s.build.sources);
}

void write_stages(H5Writer& file, const std::vector<Stage>& stages) {
  std::map<std::string, std::vector<std::string>> tables;
  for (const Stage& stage : stages)
    each_text_of_stage(stage, [&](const char* name, const std::string& text) { tables[name].push_back(text); });
  for (const auto& [name, texts] : tables) file.strings("stages/" + name, texts);
}

std::vector<Stage> read_stages(const H5Reader& file) {
  if (!file.has("stages")) return {};
  std::vector<Stage> stages(static_cast<std::size_t>(file.shape("stages/from").at(0)));
  for (std::size_t k = 0; k < stages.size(); ++k)
    each_text_of_stage(stages[k], [&](const char* name, std::string& text) {
      text = file.strings(std::string("stages/") + name).at(k);
    });
  return stages;
}

void write_features(H5Writer& file, const std::string& name, const SubjectFeatures& features) {
  file.numbers(name, {static_cast<Index>(features.subjects.size()), features.width}, features.values);
}

SubjectFeatures read_features(const H5Reader& file, const std::string& name) {
  const Shape shape = file.shape(name);
  SubjectFeatures features{{}, file.numbers(name), shape.at(1)};
  for (Index i = 0; i < shape[0]; ++i) features.subjects.push_back(i);
  return features;
}

void write_kept(H5Writer& file, const std::vector<KeptFeatures>& kept) {
  std::size_t at = 0;
  for (const KeptFeatures& k : kept) {
    const std::string group = fmt::format("kept/{}/", at++);
    file.numbers(group + "seed_epoch", {2},
                 std::vector<double>{static_cast<double>(k.seed), static_cast<double>(k.epoch)});
    write_features(file, group + "projected", k.projected);
    write_features(file, group + "encoder", k.encoder);
  }
}

std::vector<KeptFeatures> read_kept(const H5Reader& file) {
  std::vector<KeptFeatures> kept;
  for (std::string group = "kept/0/"; file.has(group + "seed_epoch"); group = fmt::format("kept/{}/", kept.size())) {
    const std::vector<double> when = file.numbers(group + "seed_epoch");
    kept.push_back({static_cast<Index>(when.at(0)), static_cast<Index>(when.at(1)),
                    read_features(file, group + "projected"), read_features(file, group + "encoder")});
  }
  return kept;
}

/// Copies one tensor at a time to the host.
void write_learner(H5Writer& file, const std::vector<NamedTensor>& tensors, Backend& backend) {
  HostBackend memory;
  for (const auto& [name, tensor] : tensors) {
    Tensor host = memory.tensor(tensor.spec());
    backend.to_host(tensor, host);
    file.floats("learner/" + name, host.shape(), host.data<float>());
  }
}

std::vector<NamedTensor> read_learner(const H5Reader& file) {
  std::vector<NamedTensor> tensors;
  if (!file.has("learner")) return tensors;
  HostBackend memory;
  for (const std::string& name : file.members("learner")) {
    constexpr Index most_rows = Index{1} << 24;  // of one answer: a wide network's tensor is larger than its limit
    const Shape shape = file.shape("learner/" + name);
    tensors.push_back({name, memory.tensor({shape, DType::f32})});
    auto to = tensors.back().tensor.data<float>().begin();
    for (Index first = 0; first < shape.at(0); first += most_rows)
      to = std::ranges::copy(file.rows("learner/" + name, first, std::min(most_rows, shape[0] - first)), to).out;
  }
  return tensors;
}

}  // namespace

void RunState::begin(bool next_seed, const Logs& now) {
  if (next_seed) {
    ++seed;
    epoch = 1;
    seed_seconds = 0;
  } else {
    ++epoch;
  }
  step = neighbours = 0;
  loss_sum = epoch_seconds = 0;
  logs = now;
}

void write_checkpoint(const fs::path& path, const Checkpoint& checkpoint, Backend& backend) {
  H5Writer file(false);  // one digest protects all of it
  each_text(checkpoint, [&](const char* name, const std::string& text) { file.attribute(name, text); });
  each_number(checkpoint, [&](const char* name, auto value) { file.attribute(name, static_cast<double>(value)); });
  write_results(file, checkpoint.run.results);
  write_kept(file, checkpoint.run.kept);
  write_stages(file, checkpoint.run.stages);
  write_learner(file, checkpoint.learner, backend);
  std::string bytes = file.image(block_size);
  std::ranges::copy(block(sha256(std::string_view(bytes).substr(block_size))), bytes.begin());
  write_atomically(path, bytes);
}

Checkpoint read_checkpoint(const fs::path& path) {
  verify(path);
  try {
    const H5Reader file(path.string());
    Checkpoint out;
    each_text(out, [&](const char* name, std::string& text) { text = file.text_attribute(name); });
    each_number(out, [&]<class T>(const char* name, T& value) { value = static_cast<T>(file.number_attribute(name)); });
    out.run.results = read_results(file);
    out.run.kept = read_kept(file);
    out.run.stages = read_stages(file);
    out.learner = read_learner(file);
    return out;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data && error.kind() != ErrorKind::corrupt) throw;
    damaged(path, error.found());  // the digest is right: another version or another program wrote the file
  } catch (const std::out_of_range&) {
    damaged(path, "a table in the checkpoint has too few numbers");
  }
}

}  // namespace cg
