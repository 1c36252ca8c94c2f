// SPDX-License-Identifier: Apache-2.0
// What a backend says of its memory.
#include "tensor/backend.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cstring>

#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("HostBackend: memory that is allocated and touched counts as held") {
  HostBackend backend;
  constexpr Index block = 64 << 20;
  const Index before = backend.held_bytes();
  CHECK(before > 0);
  const auto memory = backend.allocate(block);
  std::memset(memory.get(), 1, block);
  CHECK(backend.held_bytes() - before > block * 9 / 10);  // a sanitizer's or the allocator's own pages come and go
}

TEST_CASE("HostBackend: free memory respects a limit of the address space") {
  HostBackend backend;
  const Index unlimited = backend.free_bytes();
  CHECK(unlimited > 0);
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  Index limited = -1;
  {
    const rlimit nothing_more = {4096, before.rlim_max};
    setrlimit(RLIMIT_AS, &nothing_more);
    limited = backend.free_bytes();
    setrlimit(RLIMIT_AS, &before);
  }
  CHECK(limited == 0);
}

TEST_CASE("CpuBackend: a refused allocation is an error with its size and the memory held and free") {
  const auto backend = make_cpu_backend();
  check_fails([&] { backend->allocate(Index{1} << 52); }, ErrorKind::memory,
              {"cpu memory: an allocation of 4503599627.4 MB was refused", "this process holds ", "MB seem free"});
}
