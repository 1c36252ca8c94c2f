// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>

#include "experiments/program/program.h"

namespace cg {
namespace {

constexpr int bar_width = 24;
constexpr const char* clear_line = "\r\x1b[K";

}  // namespace

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::lround(std::max(seconds, 0.0)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  const long minutes = std::lround(seconds / 60);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

ProgressOutput standard_error() {
  winsize size{};
  const bool sized = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return {
      .write =
          [](std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stderr);
            std::fflush(stderr);
          },
      .now = [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); },
      .terminal = isatty(STDERR_FILENO) == 1,
      .columns = sized ? size.ws_col : 80};
}

Progress::Progress(double total, ProgressOutput output, double interval)
    : total_(total),
      output_(std::move(output)),
      interval_(interval > 0 ? interval : (output_.terminal ? 0.1 : 5.0)),
      started_(output_.now()),
      shown_(started_) {}

Progress::Progress(double total, Progress& whole, double share, std::string name)
    : whole_(&whole), share_(share), name_(std::move(name)), total_(total) {}

void Progress::skip(double work) {
  if (whole_) whole_->skip(work / total_ * share_);
  done_ += work;
  skipped_ += work;
}

void Progress::advance(double work, const std::string& note) {
  done_ += work;
  if (whole_)
    return whole_->advance(work / total_ * share_, name_ + (name_.empty() || note.empty() ? "" : ", ") + note);
  note_ = printable(note);
  if (output_.now() - shown_ >= interval_) show();
}

void Progress::say(const std::string& line) {
  if (whole_) return whole_->say(name_.empty() ? line : name_ + ": " + line);
  output_.write((bar_on_screen_ ? clear_line : "") + printable(line) + "\n");
  bar_on_screen_ = false;
  if (output_.terminal && done_ > 0) show();
}

void Progress::clear() {
  if (bar_on_screen_) output_.write(clear_line);
  bar_on_screen_ = false;
}

void Progress::finish() {
  if (whole_) return;
  show();
  if (bar_on_screen_) output_.write("\n");
  bar_on_screen_ = false;
}

/// The sum of many parts may be a little less than the total.
bool Progress::complete() const { return done_ >= total_ * (1 - 1e-9); }

std::string Progress::time() const {
  const double measured = done_ - skipped_;
  if (measured <= 0) return "";
  const double elapsed = output_.now() - started_;
  if (complete()) return "took " + duration(elapsed);
  return duration(elapsed * (total_ - done_) / measured) + " left";
}

void Progress::show() {
  shown_ = output_.now();
  const double share = complete() ? 1 : std::clamp(done_ / total_, 0.0, 1.0);
  std::string text = fmt::format("{:3.0f} %", std::floor(share * 100));
  for (const std::string& part : {time(), note_})
    if (!part.empty()) text += "  " + part;
  if (!output_.terminal) return output_.write(text + "\n");
  const auto filled = static_cast<std::size_t>(share * bar_width);
  std::string bar = "[" + std::string(filled, '=') + std::string(bar_width - filled, ' ') + "] " + text;
  bar.resize(std::min(bar.size(), static_cast<std::size_t>(std::max(output_.columns - 1, 1))));
  output_.write(clear_line + bar);
  bar_on_screen_ = true;
}

}  // namespace cg
