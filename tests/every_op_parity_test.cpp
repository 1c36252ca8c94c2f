// Every fast kernel against the reference: forward, backward, rebuild, what is overwritten. The cells come from the
// registry: a new kernel is tested by being there.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/application.h"
#include "tests/support/parity.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The backends that can run here, by device.
std::map<Device, std::unique_ptr<Backend>> fast_backends() {
  std::map<Device, std::unique_ptr<Backend>> all;
  all[Device::cpu] = make_cpu_backend();
  std::string why;
  if (auto cuda = make_cuda_backend(why)) all[Device::cuda] = std::move(cuda);
  return all;
}

}  // namespace

TEST_CASE("every fast kernel: forward, backward and rebuild are the reference's") {
  const Registry& registry = Registry::standard();
  const auto backends = fast_backends();
  int cells = 0;
  for (const auto& [type, row] : registry.rows())
    for (const auto& [key, kernel] : row.kernels) {
      const auto [device, dtype] = key;
      if (device == Device::reference) continue;
      const std::string name = fmt::format("{} on {} in {}", row.name, name_of(device), name_of(dtype));
      const auto backend = backends.find(device);
      if (backend == backends.end()) {
        MESSAGE(name << ": there is no such device here");
        continue;
      }
      check_cell({registry, *backend->second, dtype}, row.name, name);
      ++cells;
    }
  CHECK(cells >= 18);  // the CPU's
}

TEST_CASE("every fast kernel: the addition may write over its first input, as the tape asks") {
  for (const auto& [device, backend] : fast_backends())
    for (const DType dtype : {DType::f32, DType::bf16}) {
      Draw draw = Draw::seeded(3, dtype);
      const Example example = rounded(op_examples().at("add").draw(draw), dtype);
      Application apart(Registry::standard(), *backend, example, dtype);
      Application in_place = apart;
      apart.forward();
      in_place.set_input(0, example.inputs[0].numbers);
      in_place.call().out[0] = in_place.call().in[0];
      in_place.forward();
      CHECK(in_place.output(0) == apart.output(0));
    }
}
