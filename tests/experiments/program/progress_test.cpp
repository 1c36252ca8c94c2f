// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/progress.h"

#include <doctest/doctest.h>

using namespace cg;

namespace {

/// Keeps the output; its clock stops until a test moves it.
struct Screen {
  std::string text;
  double time = 100;
  ProgressOutput output(bool terminal, int columns = 80) {
    return {.write = [this](std::string_view s) { text += s; },
            .now = [this] { return time; },
            .terminal = terminal,
            .columns = columns};
  }
};

}  // namespace

TEST_CASE("Progress: without a terminal there is one line every five seconds, and one at the end") {
  Screen screen;
  Progress progress(10, screen.output(false));
  for (int i = 0; i < 10; ++i) {
    screen.time += 2;
    progress.advance(1, "epoch " + std::to_string(i + 1));
  }
  progress.finish();
  CHECK(screen.text ==
        " 30 %  14 s left  epoch 3\n"
        " 60 %  8 s left  epoch 6\n"
        " 90 %  2 s left  epoch 9\n"
        "100 %  took 20 s  epoch 10\n");
}

TEST_CASE("Progress: steps of an earlier run do not count for the speed") {
  Screen screen;
  Progress progress(100, screen.output(false));
  progress.skip(50);
  screen.time += 10;
  progress.advance(10, "");
  CHECK(screen.text == " 60 %  40 s left\n");
  CHECK(progress.done() == 60);
}

TEST_CASE("Progress: parts of unequal length add up to the end, in spite of rounding") {
  Screen screen;
  Progress progress(3 * 0.1, screen.output(false));
  for (int i = 0; i < 3; ++i) {
    screen.time += 21;
    progress.advance(0.1, "");
  }
  screen.text.clear();
  progress.finish();
  CHECK(screen.text == "100 %  took 1 min 3 s\n");
  Progress(0, screen.output(false)).finish();
  CHECK(screen.text.ends_with("\n100 %\n"));
}

TEST_CASE(
    "Progress: on a terminal there is a bar in one line, not wider than the window, with a line break at the end") {
  Screen screen;
  Progress progress(4, screen.output(true, 60));
  screen.time += 1;
  progress.advance(1, "seed 1 of 1, epoch 1 of 4, a long note that does not fit");
  CHECK(screen.text.starts_with("\r\x1b[K[======                  ]  25 %  3 s left  seed 1 of"));
  CHECK(screen.text.size() == 4 + 59);
  screen.text.clear();
  screen.time += 0.01;
  progress.advance(1, "");
  CHECK(screen.text.empty());  // too soon
  progress.say("a result");
  CHECK(screen.text.starts_with("\r\x1b[Ka result\n\r\x1b[K[============"));
  screen.text.clear();
  progress.finish();
  CHECK(screen.text.ends_with("\n"));
}

TEST_CASE("Progress: control bytes of a note do not reach the terminal") {
  Screen screen;
  Progress progress(1, screen.output(false));
  screen.time += 10;
  progress.advance(1, "id \x1b[2J\n");
  CHECK(screen.text == "100 %  took 10 s  id ?[2J?\n");
}

TEST_CASE("Progress: durations are written in seconds, minutes and hours") {
  CHECK(duration(0.4) == "0 s");
  CHECK(duration(59.4) == "59 s");
  CHECK(duration(59.6) == "1 min 0 s");
  CHECK(duration(725) == "12 min 5 s");
  CHECK(duration(3599.6) == "1 h 0 min");
  CHECK(duration(11045) == "3 h 4 min");
}

TEST_CASE("Progress: a part moves the whole by its share, with its name before notes and lines, and has no line") {
  Screen screen;
  Progress whole(30, screen.output(false));
  whole.skip(10);
  Progress part(4, whole, 10, "2/3 Threshold");
  part.skip(1);  // of an earlier process
  screen.time += 10;
  part.advance(1, "epoch 2 of 4");
  CHECK(screen.text == " 50 %  1 min 0 s left  2/3 Threshold, epoch 2 of 4\n");  // 2.5 of 30 in 10 s, 15 left
  CHECK(whole.done() == 15);
  screen.text.clear();
  part.say("a result");
  part.advance(2, "");
  part.finish();
  CHECK(screen.text == "2/3 Threshold: a result\n");
  CHECK(whole.done() == 20);
}

TEST_CASE("Progress: a bar is taken from the screen before something else is printed") {
  Screen screen;
  Progress progress(2, screen.output(true));
  progress.clear();
  CHECK(screen.text.empty());
  screen.time += 1;
  progress.advance(1, "");
  screen.text.clear();
  progress.clear();
  CHECK(screen.text == "\r\x1b[K");
  progress.say("a line");
  CHECK(screen.text.starts_with("\r\x1b[Ka line\n"));
}
