// SPDX-License-Identifier: Apache-2.0
// What becomes of a device's errors, on a machine without one: the calls are made up.
#include "tensor/backend/cuda/device/device_state.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "tensor/backend/cuda/device/architectures.h"
#include "tensor/backend/cuda/device/cuda_status.h"
#include "tensor/backend/cuda/device/cudnn_version.h"
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

TEST_CASE("device state: of two threads that lose the device one gives the reason, and both say it") {
  for (int round = 0; round < 50; ++round) {
    cuda::DeviceState state;
    std::vector<std::string> said(2);
    std::vector<std::thread> threads;
    for (std::size_t k = 0; k < 2; ++k)
      threads.emplace_back([&, k] {
        try {
          state.use("call " + std::to_string(k), [] { return std::string("lost"); });
        } catch (const Error& error) {
          said[k] = error.found();
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(said[0] == said[1]);
    CHECK((said[0] == "call 0 failed: lost" || said[0] == "call 1 failed: lost"));
  }
}

TEST_CASE("CUDA's status codes: why no device can be used, in words") {
  using cuda::Status;
  const auto why = [](Status status, int driver) {
    return cuda::why_no_device(status, "unknown error (cudaErrorUnknown)", {.driver = driver, .runtime = 13000});
  };
  CHECK(why(Status::driver_too_old, 12040) ==
        "the NVIDIA driver is too old: it serves CUDA 12.4, this program needs 13.0");
  CHECK(why(Status::driver_too_old, 0) == "no NVIDIA driver responds");
  CHECK(why(Status::no_device, 13000) == "no NVIDIA device is visible");
  CHECK(why(Status::success, 13000) == "no NVIDIA device is visible");
  CHECK(why(Status::stub_driver, 0) == "the NVIDIA driver that was found is a stub for building, not a driver");
  CHECK(why(static_cast<Status>(999), 13000) == "unknown error (cudaErrorUnknown)");
}

TEST_CASE("CUDA's status codes: a machine without a usable device is distinguished from a device that fails") {
  using cuda::Status;
  for (const Status none : {Status::no_device, Status::driver_too_old, Status::stub_driver, Status::driver_mismatch,
                            Status::driver_not_for_device})
    CHECK(cuda::has_no_device(none));
  for (const int fails : {2, 3, 46, 214, 719, 802, 999}) CHECK_FALSE(cuda::has_no_device(static_cast<Status>(fails)));
}

TEST_CASE("CUDA's status codes: what lacks memory passes, in CUDA, cuDNN and cuBLAS") {
  CHECK(cuda::lacks_memory(cuda::Status::out_of_memory));
  CHECK(cuda::lacks_memory(cuda::CudnnAnswer::no_device_memory));
  CHECK(cuda::lacks_memory(cuda::CudnnAnswer::no_host_memory));
  CHECK(cuda::lacks_memory(cuda::CublasAnswer::no_memory));
  CHECK_FALSE(cuda::lacks_memory(cuda::Status::success));
  CHECK_FALSE(cuda::lacks_memory(static_cast<cuda::Status>(719)));        // a launch failed
  CHECK_FALSE(cuda::lacks_memory(static_cast<cuda::CudnnAnswer>(5000)));  // an execution failed
  CHECK_FALSE(cuda::lacks_memory(static_cast<cuda::CudnnAnswer>(0)));
  CHECK_FALSE(cuda::lacks_memory(static_cast<cuda::CublasAnswer>(13)));  // an execution failed
  CHECK_FALSE(cuda::lacks_memory(static_cast<cuda::CublasAnswer>(0)));
}

TEST_CASE("architectures: machine code serves its generation, PTX every later device, one with a letter only its own") {
  const std::string usual = "80-real 90-real 90-virtual";
  for (const int served : {80, 86, 89, 90, 100, 120}) CHECK(cuda::runs_on(served, usual));
  for (const int other : {60, 70, 75}) CHECK_FALSE(cuda::runs_on(other, usual));
  CHECK_FALSE(cuda::runs_on(100, "80-real 90-real"));
  CHECK_FALSE(cuda::runs_on(80, "86-real"));
  CHECK(cuda::runs_on(86, "75-real 80"));
  CHECK(cuda::runs_on(100, "75"));
  CHECK(cuda::runs_on(90, "90a-real"));
  CHECK_FALSE(cuda::runs_on(100, "90a-virtual"));
  CHECK_FALSE(cuda::runs_on(90, ""));
}

TEST_CASE("CUDA's status codes: refused memory says what was asked for, held and free") {
  CHECK(cuda::refusal("asked for 1.20 GB", {.held = 3'000'000'000, .free = 500'000'000, .total = 4'000'000'000}) ==
        "asked for 1.20 GB; this process holds 3.00 GB, and 0.50 GB are free of 4.00 GB");
}

TEST_CASE("cuDNN: versions whose 3D convolutions are wrong are refused by name, later ones are taken") {
  for (const std::size_t version : {90100u, 90800u, 91002u, 91401u, 91501u})
    check_fails([&] { cuda::refuse_faulty_cudnn(version); }, ErrorKind::device,
                {"cuDNN " + cuda::cudnn_version_name(version), "9.16.0", "wrong results"});
  cuda::refuse_faulty_cudnn(91600);
  cuda::refuse_faulty_cudnn(91900);
  CHECK(cuda::cudnn_version_name(91902) == "9.19.2");
}
