// What becomes of a device's errors, on a machine without one: the calls are made up.
#include "tensor/backend/cuda/device_state.h"

#include <doctest/doctest.h>

#include "tensor/backend/cuda/cudnn_version.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("device state: after an error that stays nothing calls the device any more, and each use says why") {
  cuda::DeviceState state;
  int calls = 0;
  const auto good = [&] {
    ++calls;
    return std::string();
  };
  const auto bad = [&] {
    ++calls;
    return std::string("an illegal memory access was encountered");
  };
  state.use("computing", good);
  CHECK(state.usable());
  const std::vector<std::string> words = {"copying memory failed", "an illegal memory access was encountered"};
  check_fails([&] { state.use("copying memory", bad); }, ErrorKind::device, words);
  CHECK(calls == 2);
  CHECK_FALSE(state.usable());
  check_fails([&] { state.use("computing", good); }, ErrorKind::device, words);
  check_fails([&] { state.require(); }, ErrorKind::device, words);
  CHECK(calls == 2);
}

TEST_CASE("cuDNN: versions whose 3D convolutions are wrong are refused by name, later ones are taken") {
  for (const std::size_t version : {90100u, 90800u, 91002u, 91401u, 91501u})
    check_fails([&] { cuda::refuse_faulty_cudnn(version); }, ErrorKind::device,
                {"cuDNN " + cuda::cudnn_version_name(version), "9.16.0", "wrong results"});
  cuda::refuse_faulty_cudnn(91600);
  cuda::refuse_faulty_cudnn(91900);
  CHECK(cuda::cudnn_version_name(91902) == "9.19.2");
}
