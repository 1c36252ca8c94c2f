// SPDX-License-Identifier: Apache-2.0
// How the CUDA kernels cut up their work: every part of it is done once, and nothing outside is touched.
#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <set>

#include "tensor/backend/cuda/ops/pool_cells.h"
#include "tensor/random.h"
#include "tests/support/property.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::cuda;
using namespace cg::test;

namespace {

/// A window of up to `most` voxels over an axis, somewhere between touching and far apart.
AxisWindows drawn_axis() {
  const auto size = [](int a, int b) { return *rc::gen::inRange(a, b + 1); };
  const int in = size(1, 12), kernel = size(1, 5), stride = size(1, 7), padding = size(0, kernel / 2);
  RC_PRE(in + 2 * padding >= kernel);
  return {in, (in + 2 * padding - kernel) / stride + 1, kernel, stride, padding};
}

}  // namespace

TEST_CASE("a divider divides as the processor does") {
  std::vector<int> divisors = {1, 2, 3, 5, 7, 46, 55, 91, 109, 641, 65535, 65536, 65537, 1 << 30, (1 << 30) + 1};
  for (int d = 8; d < 300; ++d) divisors.push_back(d);
  divisors.push_back(std::numeric_limits<int>::max());
  Random random({.seed = 3});
  for (const int d : divisors) {
    const Divider divider(d);
    std::vector<int> numbers = {0, 1, d - 1, d, std::numeric_limits<int>::max(), std::numeric_limits<int>::max() - 1};
    for (int k = 0; k < 200; ++k) numbers.push_back(static_cast<int>(random.below(std::numeric_limits<int>::max())));
    for (int k = 0; k < 50; ++k) {  // multiples and their neighbours below
      const Index multiple = random.below(std::numeric_limits<int>::max() / d) * d + d;
      numbers.push_back(static_cast<int>(multiple));
      numbers.push_back(static_cast<int>(multiple - 1));
    }
    for (const int n : numbers) {
      CHECK(divider.divide(n) == n / d);
      int quotient = n;
      CHECK(divider.split(quotient) == n % d);
      CHECK(quotient == n / d);
    }
  }
}

TEST_CASE("row tiles: every row of every channel belongs to one thread of one block") {
  property("each element once", [] {
    const int width = *rc::gen::element(1, 4, 8), rounds = *rc::gen::inRange(1, 9);
    const Index groups = *rc::gen::element<Index>(1, 2, 3, 8, 23, 31, 32, 33, 64, 70, 300);
    const Index rows = *rc::gen::inRange<Index>(1, 3000), channels = groups * width;
    const Index most_blocks = *rc::gen::element<Index>(1, 2, 7, 1024);
    const RowTiles tiles(rows, channels, width, rounds, most_blocks);
    RC_ASSERT(tiles.row_blocks() <= most_blocks);
    RC_ASSERT(tiles.groups * tiles.lanes <= RowTiles::threads);
    RC_ASSERT(tiles.groups <= RowTiles::most_groups);
    std::vector<int> visits(static_cast<std::size_t>(rows * groups), 0);
    for (int b = 0; b < static_cast<int>(tiles.blocks()); ++b)
      for (int thread = 0; thread < RowTiles::threads; ++thread) {
        const Place place = tiles.place(b, thread, width);
        if (!place.active) continue;
        RC_ASSERT(place.channel % width == 0);
        const auto load = [&](int row) {
          RC_ASSERT(row >= 0 && row < rows);
          return row;
        };
        for_each_row<3>(place, load, [&](int row, int loaded) {
          RC_ASSERT(row == loaded);
          ++visits.at(static_cast<std::size_t>(row * groups + place.channel / width));
        });
      }
    for (const int n : visits) RC_ASSERT(n == 1);
  });
}

TEST_CASE("row tiles: a batch of more voxels than the kernels number is refused") {
  check_fails([] { RowTiles((Index{1} << 30) + 1, 8, 8, 1, 1024); }, ErrorKind::usage, {"1073741825 voxels"});
}

TEST_CASE("windows: a window's taps and a voxel's windows are those of the definition") {
  property("in three axes", [] {
    const AxisWindows d = drawn_axis(), h = drawn_axis(), w = drawn_axis();
    const Index n = *rc::gen::inRange<Index>(1, 3), channels = 2;
    const VolumeShape in({n, d.in, h.in, w.in, channels}), out({n, d.out, h.out, w.out, channels});
    const Window window{
        {d.kernel, h.kernel, w.kernel}, {d.stride, h.stride, w.stride}, {d.padding, h.padding, w.padding}};
    const PoolWindows windows(in, out, window);
    std::map<int, std::set<std::pair<int, int>>> seen_by;  // voxel's row → windows' rows and taps
    for (int row = 0; row < out.voxels(); ++row) {
      const Voxel p = windows.window(row);
      RC_ASSERT(windows.out_row(p.n, p.d, p.h, p.w) == row);
      std::set<std::pair<int, int>> want, got;  // voxel's row and tap
      for_each_tap(in, window, p.d, p.h, p.w, [&](Index a, Index b, Index c, Index tap) {
        want.emplace(static_cast<int>(in.at(p.n, a, b, c) / channels), static_cast<int>(tap));
      });
      const Range as = windows.d.taps(p.d), bs = windows.h.taps(p.h), cs = windows.w.taps(p.w);
      for (int a = as.first; a < as.end; ++a)
        for (int b = bs.first; b < bs.end; ++b)
          for (int c = cs.first; c < cs.end; ++c) {
            const int tap = windows.tap(a, b, c);
            got.emplace(windows.row_under(tap, windows.origin_row(p)), tap);
          }
      RC_ASSERT(got == want);
      for (const auto& [voxel, tap] : want) seen_by[voxel].emplace(row, tap);
    }
    for (int row = 0; row < in.voxels(); ++row) {
      const Voxel q = windows.voxel(row);
      RC_ASSERT(windows.in_row(q.n, q.d, q.h, q.w) == row);
      std::set<std::pair<int, int>> got;
      const Range ds = windows.d.windows(q.d), hs = windows.h.windows(q.h), ws = windows.w.windows(q.w);
      for (int a = ds.first; a < ds.end; ++a)
        for (int b = hs.first; b < hs.end; ++b)
          for (int c = ws.first; c < ws.end; ++c)
            got.emplace(windows.out_row(q.n, a, b, c),
                        windows.tap(q.d - windows.d.origin(a), q.h - windows.h.origin(b), q.w - windows.w.origin(c)));
      RC_ASSERT(got == seen_by[row]);
    }
  });
}

TEST_CASE("cells: every voxel of a batch lies in one cell") {
  property("each once", [] {
    std::vector<AxisWindows> axes;
    for (int a = 0; a < 3; ++a) {
      const int padding = *rc::gen::inRange(0, 2), in = *rc::gen::inRange(3 - 2 * padding, 9);
      axes.push_back({in, (in + 2 * padding - 3) / 2 + 1, 3, 2, padding});
    }
    const Index n = *rc::gen::inRange<Index>(1, 3);
    const VolumeShape in({n, axes[0].in, axes[1].in, axes[2].in, 1}),
        out({n, axes[0].out, axes[1].out, axes[2].out, 1});
    const Window window{{3, 3, 3}, {2, 2, 2}, {axes[0].padding, axes[1].padding, axes[2].padding}};
    RC_ASSERT(PoolCells::fit(window));
    const PoolCells cells(PoolWindows(in, out, window));
    std::vector<int> visits(static_cast<std::size_t>(in.voxels()), 0);
    for (int row = 0; row < cells.rows(n); ++row)
      for (int layer = 0; layer < 2; ++layer)
        for (int v = 0; v < 4; ++v) {
          const CellVoxel voxel = cells.voxel(cells.cell(row), layer, v);
          visits.at(static_cast<std::size_t>(voxel.row)) += voxel.inside;
        }
    for (const int count : visits) RC_ASSERT(count == 1);
  });
}
