#include "data/augment/augmentations.h"

#include <utility>

#include "tensor/error.h"

namespace cg {
namespace {

struct Entry {
  std::string name;
  Augment (*make)(const AugmentOptions&, const VoxelGrid&);
  Fields<AugmentOptions> fields;
};

template <class A, A AugmentOptions::*member>
Entry entry() {
  const auto make = [](const AugmentOptions& options, const VoxelGrid& grid) -> Augment {
    return [augmentation = options.*member, grid](const Key& key, std::span<float> volume) {
      augment(augmentation, grid, key, volume);
    };
  };
  return {A::name, make, section(A::name, member, A::fields())};
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all{
      entry<Cutout, &AugmentOptions::cutout>(), entry<Noise, &AugmentOptions::noise>(),
      entry<Flip, &AugmentOptions::flip>(),     entry<Rotation, &AugmentOptions::rotation>(),
      entry<Crop, &AugmentOptions::crop>(),
  };
  return all;
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

std::vector<std::string> augmentation_names() {
  std::vector<std::string> names;
  for (const Entry& e : entries()) names.push_back(e.name);
  return names;
}

Fields<AugmentOptions> augment_fields() {
  Fields<AugmentOptions> out{field("apply", &AugmentOptions::apply, one_of(augmentation_names()),
                                   "What changes a training volume, in this order; the two views of a subject then "
                                   "differ. Empty: volumes as they are.")};
  for (const Entry& e : entries()) out.insert(out.end(), e.fields.begin(), e.fields.end());
  return out;
}

Augment make_augment(const AugmentOptions& options, const VoxelGrid& grid) {
  std::vector<Augment> steps;
  for (const std::string& name : options.apply) {
    const auto found = std::find_if(entries().begin(), entries().end(), [&](const Entry& e) { return e.name == name; });
    if (found == entries().end())
      fail(ErrorKind::usage, "data.augment.apply", "there is no augmentation \"" + name + "\"",
           "Choose from " + listed(augmentation_names()));
    steps.push_back(found->make(options, grid));
  }
  if (steps.empty()) return {};
  return [steps = std::move(steps)](const Key& key, std::span<float> volume) {
    for (const Augment& step : steps) step(key, volume);
  };
}

}  // namespace cg
