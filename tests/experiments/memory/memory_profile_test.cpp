// SPDX-License-Identifier: Apache-2.0
// The reports on a step's memory agree with its plan: sums by layer, the peak, all rows of the CSV, the page.
#include "experiments/memory/memory_profile.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "experiments/memory/memory_page.h"
#include "experiments/memory/memory_text.h"
#include "tests/support/well_formed.h"

using namespace cg;

namespace {

/// A step of a small network on the CPU, whose kernels need workspace.
struct Fixture {
  std::unique_ptr<Backend> backend = make_cpu_backend();
  StepMemory memory;
  MemoryProfile seen;
  StepDescription step{.config = "quickstart", .volume = {20, 24, 18}, .device = "cpu: a test", .free = 0};

  explicit Fixture(DType activations = DType::f32) {
    LearnerOptions options;
    options.model = {.channels = 1, .width = 8, .embedding = 16};
    options.volume = step.volume;
    options.activations = step.activations = activations;
    memory = StepPlanner(options, *backend).memory(4);
    seen = profile(memory);
  }
  const MemoryPlan& plan() const { return memory.plan; }
  int loss_time() const { return static_cast<int>(plan().ops().size()); }
};

template <class Value>
Index sum(const std::vector<LayerMemory>& layers, const Value& value) {
  Index total = 0;
  for (const LayerMemory& layer : layers) total += value(layer);
  return total;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t characters(const std::string& utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

TEST_CASE("by layer: the sums are the totals of the plan") {
  for (DType type : {DType::f32, DType::bf16}) {
    const Fixture f(type);
    CHECK(sum(f.seen.layers, [](const auto& l) { return l.at_peak; }) == f.plan().live_bytes());
    CHECK(sum(f.seen.layers, [](const auto& l) { return l.fixed.total(); }) == f.memory.fixed_sum().total());
    CHECK(sum(f.seen.layers, [](const auto& l) { return l.kept; }) == f.seen.total.kept);
    CHECK(f.seen.total.at_peak == f.plan().live_bytes());
    // backward reads what is alive during the loss, except the gradient of the embeddings, which is not planned
    Index with_loss = 0;
    for (const Buffer& b : f.plan().buffers())
      if (b.first <= f.loss_time() && b.last > f.loss_time()) with_loss += b.bytes;
    CHECK(f.seen.total.kept == with_loss);
    CHECK(f.seen.live[static_cast<std::size_t>(f.loss_time())] >= with_loss);
  }
}

TEST_CASE("by layer: the names are those of the network, each once, and scratch is the need at one time") {
  const Fixture f;
  std::set<std::string> names;
  for (const LayerMemory& layer : f.seen.layers) {
    CAPTURE(layer.name);
    CHECK(names.insert(layer.name).second);
    Index most = 0;
    for (int t = 0; t <= 2 * f.loss_time(); ++t) {
      Index now = 0;
      for (const Buffer& b : f.plan().buffers())
        if (b.scope == layer.name && b.first <= t && t <= b.last && !is_kept(f.plan(), b)) now += b.bytes;
      most = std::max(most, now);
    }
    CHECK(layer.scratch == most);
  }
  for (const char* name : {"encoder.conv1", "encoder.layer4.1.bn2", "encoder.avgpool", "head.normalise"})
    CHECK(names.contains(name));
  CHECK(names.size() == f.seen.layers.size());
}

TEST_CASE("the peak is that of the plan: its time, its bytes, its live buffers, the largest first") {
  const Fixture f;
  const int peak = f.plan().time_of_peak();
  CHECK(f.seen.live[static_cast<std::size_t>(peak)] == f.plan().live_bytes());
  CHECK(*std::max_element(f.seen.live.begin(), f.seen.live.end()) == f.plan().live_bytes());
  Index held = 0;
  for (std::size_t k = 0; k < f.seen.holders.size(); ++k) {
    const Buffer& b = *f.seen.holders[k];
    held += b.bytes;
    CHECK((b.first <= peak && peak <= b.last));
    if (k > 0) CHECK(b.bytes <= f.seen.holders[k - 1]->bytes);
  }
  CHECK(held == f.plan().live_bytes());
  const std::string text = memory_text(f.memory, f.step, {});
  CHECK(text.find(fmt::format("Peak: {} MB alive at time {} of {},\nin the {}\n", megabytes(held), peak,
                              2 * f.loss_time(), moment(f.plan(), peak).text())) != std::string::npos);
}

TEST_CASE("a time has the name of its computation") {
  const Fixture f;
  const int n = f.loss_time();
  CHECK(moment(f.plan(), 0).text() == "forward of encoder.conv1 (conv3d)");
  CHECK(moment(f.plan(), n).text() == "the loss");
  CHECK(moment(f.plan(), n + 1).text() == "backward of head.normalise (l2_normalise)");
  CHECK(moment(f.plan(), 2 * n).text() == "backward of encoder.conv1 (conv3d)");
}

TEST_CASE("the rows of the CSV are the buffers of the plan, in order of time") {
  const Fixture f;
  std::vector<std::string> lines = lines_of(memory_csv(f.plan())), planned;
  REQUIRE(lines.size() == f.plan().buffers().size() + 1);
  CHECK(lines[0] == "scope,op,role,bytes,first,last,offset");
  CHECK(lines[1].starts_with("encoder.conv1,conv3d,"));
  CHECK(lines.back().starts_with("encoder.conv1,conv3d,"));
  lines.erase(lines.begin());
  for (const Buffer& b : f.plan().buffers())
    planned.push_back(
        fmt::format("{},{},{},{},{},{},{}", b.scope, b.op, name_of(b.role), b.bytes, b.first, b.last, b.offset));
  std::sort(lines.begin(), lines.end());
  std::sort(planned.begin(), planned.end());
  CHECK(lines == planned);
}

TEST_CASE("the text fits its columns, and is ASCII if required") {
  Fixture f;
  f.step.free = f.memory.total();
  for (const int columns : {80, 100, 120})
    for (const bool unicode : {true, false}) {
      const std::string text = memory_text(f.memory, f.step, {.unicode = unicode, .columns = columns});
      for (const std::string& line : lines_of(text)) {
        CAPTURE(line);
        CHECK(static_cast<int>(characters(line)) <= columns);
        CHECK((line.empty() || line.back() != ' '));
        if (!unicode) CHECK(characters(line) == line.size());
        if (!unicode) CHECK(std::none_of(line.begin(), line.end(), [](char c) { return c < 0; }));
      }
      CHECK(count(text, unicode ? "\u2588" : "#") > 1);
    }
}

TEST_CASE("the text reports whether the step fits, and hides control bytes") {
  Fixture f;
  f.step.config = "a\x1b[2J\n.toml";
  f.step.free = f.memory.total();
  const std::string fits = memory_text(f.memory, f.step, {});
  CHECK(fits.find("a?[2J?.toml") != std::string::npos);
  CHECK(fits.find("100.0 % of it is needed") != std::string::npos);
  f.step.free -= 1;
  CHECK(memory_text(f.memory, f.step, {}).find("the step does not fit") != std::string::npos);
}

TEST_CASE("the page is well-formed, draws all buffers, and loads nothing") {
  for (DType type : {DType::f32, DType::bf16}) {
    const Fixture f(type);
    const std::string page = memory_page(f.memory, f.step);
    CHECK(test::malformed(page) == "");
    CHECK(count(page, "<g class=\"buffer\"") == f.plan().buffers().size());
    CHECK(count(page, "<tr data-layer=") >= f.seen.layers.size());
    CHECK(page.find("peak " + megabytes(f.plan().live_bytes()) + " MB: ") != std::string::npos);
    for (const char* reference : {"http:", "https:", "//", "src=", "<link", "@import", "@font-face"}) {
      CAPTURE(reference);
      CHECK(count(page, reference) == (std::string(reference) == "//" ? count(page, "\n// ") : 0));
    }
  }
}

TEST_CASE("text from a file or the command line stays text in the page") {
  Fixture f;
  f.step.config = "</title><script>alert(1)</script>\" onload='x' & \xff.toml";
  f.step.device = "<img src=x onerror=alert(2)>";
  const std::string page = memory_page(f.memory, f.step);
  CHECK(test::malformed(page) == "");
  CHECK(count(page, "<script") == 1);  // the page's script
  CHECK(count(page, "<img") == 0);
  CHECK(count(page, "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp; \uFFFD.toml") ==
        2);
}
