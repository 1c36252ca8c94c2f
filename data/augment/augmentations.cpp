// SPDX-License-Identifier: Apache-2.0
#include "data/augment/augmentations.h"

#include <fmt/format.h>

#include <utility>

#include "tensor/error.h"

namespace cg {
namespace {

struct Entry {
  std::string name;
  Augment (*make)(const AugmentOptions&, const VoxelGrid&);
  Fields<AugmentOptions> fields;
  double (*probability)(const AugmentOptions&);
};

template <class A, A AugmentOptions::*member>
Entry entry() {
  const auto make = [](const AugmentOptions& options, const VoxelGrid& grid) -> Augment {
    return [augmentation = options.*member, grid](const Key& key, std::span<float> volume) {
      augment(augmentation, grid, key, volume);
    };
  };
  const auto probability = [](const AugmentOptions& options) { return (options.*member).probability; };
  return {A::name, make, section(A::name, member, A::fields()), probability};
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all{
      entry<Cutout, &AugmentOptions::cutout>(), entry<Noise, &AugmentOptions::noise>(),
      entry<Flip, &AugmentOptions::flip>(),     entry<Rotation, &AugmentOptions::rotation>(),
      entry<Crop, &AugmentOptions::crop>(),
  };
  return all;
}

const Entry& find(const std::string& name) {
  std::string names;
  for (const Entry& e : entries()) {
    if (e.name == name) return e;
    names += (names.empty() ? "" : ", ") + e.name;
  }
  fail(ErrorKind::usage, "data.augment.apply", "there is no augmentation \"" + name + "\"", "Choose from " + names);
}

}  // namespace

std::vector<std::string> augmentation_names() {
  std::vector<std::string> names;
  for (const Entry& e : entries()) names.push_back(e.name);
  return names;
}

std::string to_string(const AugmentOptions& options) {
  std::string out;
  for (const std::string& name : options.apply) {
    const double probability = find(name).probability(options);
    out += (out.empty() ? "" : ", ") + name;
    if (probability < 1) out += fmt::format(" (in {:g} of the volumes)", probability);
  }
  return out;
}

Fields<AugmentOptions> augment_fields() {
  Fields<AugmentOptions> out{field("apply", &AugmentOptions::apply, one_of(augmentation_names()),
                                   "The augmentations of training volumes, in this order; the two views of a subject "
                                   "then differ. Empty: no augmentation.")};
  for (const Entry& e : entries()) out.insert(out.end(), e.fields.begin(), e.fields.end());
  return out;
}

Augment make_augment(const AugmentOptions& options, const VoxelGrid& grid) {
  std::vector<Augment> steps;
  for (const std::string& name : options.apply) steps.push_back(find(name).make(options, grid));
  if (steps.empty()) return {};
  return [steps = std::move(steps)](const Key& key, std::span<float> volume) {
    for (const Augment& step : steps) step(key, volume);
  };
}

}  // namespace cg
