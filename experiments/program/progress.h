// SPDX-License-Identifier: Apache-2.0
// Shows the progress of a run and the remaining time: a bar on a terminal, otherwise one line every few seconds.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace cg {

/// The output for progress. Tests use their own clock.
struct ProgressOutput {
  std::function<void(std::string_view)> write;  ///< writes and flushes
  std::function<double()> now;                  ///< seconds, never backwards
  bool terminal = false;
  int columns = 80;
};

/// Standard error and the steady clock.
ProgressOutput standard_error();

class Progress {
 public:
  /// `total` of the whole plan, in any unit that takes the same time throughout: volumes, or expected seconds. Shown at
  /// most every `interval` seconds; 0: ten times a second on a terminal, every five seconds otherwise.
  Progress(double total, ProgressOutput output, double interval = 0);

  /// The progress of a part of a plan: what it does is that share of `share` of the whole, which shows it, with `name`
  /// before the notes. It shows no separate line. `whole` must outlive it.
  Progress(double total, Progress& whole, double share, std::string name);

  void skip(double work);                              ///< done by an earlier run; not used for the speed
  void advance(double work, const std::string& note);  ///< `note`: "seed 2 of 5, epoch 12 of 50, loss 3.21"
  void say(const std::string& line);                   ///< prints a separate line: a result, a warning
  void clear();                                        ///< takes the bar from the screen, before others print
  void finish();                                       ///< leaves the last state on the screen; of a part: nothing

  double done() const { return done_; }

 private:
  void show();
  bool complete() const;
  std::string time() const;

  Progress* whole_ = nullptr;  // of a part
  double share_ = 0;
  std::string name_;
  double total_, done_ = 0, skipped_ = 0;
  ProgressOutput output_;
  double interval_ = 0, started_ = 0, shown_ = 0;
  std::string note_;
  bool bar_on_screen_ = false;
};

/// 59 s, 12 min 5 s, 3 h 4 min.
std::string duration(double seconds);

}  // namespace cg
