// SPDX-License-Identifier: Apache-2.0
// The real executables on machines with an unusable driver: a fake one (fake_driver.cpp).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/cuda.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Plans for this machine's device. `answer`: the result of the driver's start.
Finished plan(const std::string& device, int version, int answer) {
  const TestFolder folder;
  return run_program(folder.path(), "profile_memory", "quickstart --size 20 24 20 --batch 2 --device " + device,
                     fmt::format("LC_ALL=C ASAN_OPTIONS=detect_leaks=0 LD_LIBRARY_PATH='{}' MADE_UP_DRIVER_VERSION={} "
                                 "MADE_UP_DRIVER_ANSWER={}",
                                 CG_TEST_DRIVER, version, answer));
}

}  // namespace

TEST_CASE(
    "a driver that is too old, or without a device, is reported (exit code 7); by default the program uses the CPU") {
  if (!module_or_skip()) return;
  struct Case {
    int version, answer;
    const char* words;
  };
  const Case cases[] = {{11040, 0, "the NVIDIA driver is too old: it serves CUDA 11.4, this program needs "},
                        {13000, 100, "no NVIDIA device is visible"},
                        {13000, 803, "driver / cuda driver combination"}};
  for (const auto& [version, answer, words] : cases) {
    const Finished asked = plan("cuda", version, answer);
    CAPTURE(asked.text);
    CHECK(asked.code == 7);
    CHECK(asked.says(words));
    const Finished chosen = plan("auto", version, answer);
    CAPTURE(chosen.text);
    CHECK(chosen.code == 0);
    CHECK(chosen.says("cpu: "));
  }
}

TEST_CASE(
    "a device that exists but fails is an error, also with device auto: the program does not continue on the CPU") {
  if (!module_or_skip()) return;
  for (const char* device : {"cuda", "auto"})
    for (const int answer : {46, 999}) {  // busy or broken; unknown
      const Finished result = plan(device, 13000, answer);
      CAPTURE(result.text);
      CHECK(result.code == 7);
      CHECK(result.says("error: cuda: the GPU does not respond: "));
    }
}
