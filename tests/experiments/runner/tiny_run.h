// SPDX-License-Identifier: Apache-2.0
// Runs on a tiny synthetic cohort, seconds at most: the setting, the real executable as a process, and what a run
// folder holds.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "data/phantom/cohort.h"
#include "tests/support/binaries.h"

namespace cg::test {

constexpr Index tiny_subjects = 24;

/// A folder of this program's own with the cohort that all runs share; removed at the end.
struct Workplace {
  std::string folder = (std::filesystem::temp_directory_path() / fmt::format("cg-tiny-runs-{}", getpid())).string();
  std::string cohort = folder + "/synthetic-phantom.h5";
  Workplace() {
    std::filesystem::create_directories(folder);
    phantom::CohortOptions options;
    options.subjects = tiny_subjects;
    options.voxel_mm = 14;
    options.threads = 1;
    phantom::write_cohort(options, cohort);
  }
  ~Workplace() { std::filesystem::remove_all(folder); }
};

inline const Workplace& workplace() {
  static const Workplace place;
  return place;
}

/// The tiny setting, to be laid over experiments/dynlocrep.toml; batches of 8, 8 and 3. `more`: words, none of which
/// may set the same option again.
inline std::vector<std::string> tiny_options(const std::string& more, const std::string& cohort = workplace().cohort) {
  std::vector<std::string> words = {"data.cohort=" + cohort, "train.batch_size=8", "loss.final_neighbours=4",
                                    "model.width=4",         "model.embedding=8",  "threads=1"};
  std::istringstream in(more);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in.good(), path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Result {
  int code = -1;     ///< 128 + n: killed by signal n
  std::string text;  ///< of both standard streams
};

/// The executable at work on the tiny setting, from the workplace, with the run folder `out` there.
class Process {
 public:
  Process(const std::string& out, const std::string& more, const std::string& cohort = workplace().cohort) {
    static int number = 0;
    log_ = fmt::format("{}/output-{}", workplace().folder, number++);
    std::vector<std::string> words = {binaries() + "/run_experiment", "dynlocrep", "--out",
                                      workplace().folder + "/" + out};
    for (const std::string& word : tiny_options(more, cohort)) words.push_back(word);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    // Opened here: a child that is killed immediately has a log too.
    const int file = open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(file >= 0);
    id_ = fork();
    if (id_ != 0) close(file);
    REQUIRE(id_ >= 0);
    if (id_ != 0) return;
    if (dup2(file, 1) < 0 || dup2(file, 2) < 0 || chdir(workplace().folder.c_str()) != 0) _exit(126);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  ~Process() {
    if (id_ <= 0) return;
    send(SIGKILL);
    wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const { kill(id_, signal); }
  bool over() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
  }

  Result wait() {
    int status = 0;
    REQUIRE(waitpid(std::exchange(id_, -1), &status, 0) > 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(log_)};
  }

 private:
  pid_t id_ = -1;
  std::string log_;
};

inline Result run_tiny(const std::string& out, const std::string& more,
                       const std::string& cohort = workplace().cohort) {
  return Process(out, more, cohort).wait();
}

/// Waits until a run has so many lines in metrics.csv, or is over.
inline void wait_for_lines(const Process& process, const std::string& out, std::ptrdiff_t lines) {
  const std::filesystem::path table = workplace().folder + "/" + out + "/metrics.csv";
  const auto seen = [&] {
    if (!std::filesystem::exists(table)) return std::ptrdiff_t{0};
    const std::string text = contents(table);
    return std::count(text.begin(), text.end(), '\n');
  };
  while (seen() < lines && !process.over())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // leaves the processor to the run
}

inline void check_fails(const Result& result, int code, const std::vector<std::string>& words) {
  CAPTURE(result.text);
  CHECK(result.code == code);
  for (const std::string& word : words) {
    CAPTURE(word);
    CHECK(result.text.find(word) != std::string::npos);
  }
}

/// A file of the workplace.
inline std::string bytes(const std::string& file) { return contents(workplace().folder + "/" + file); }

using Rows = std::vector<std::map<std::string, std::string>>;

inline Rows table(const std::string& file) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> out(1);
    bool quoted = false;
    for (const char c : line)
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        out.emplace_back();
      else
        out.back() += c;
    return out;
  };
  std::istringstream in(bytes(file));
  std::string line;
  std::getline(in, line);
  const auto header = cells(line);
  Rows rows;
  while (std::getline(in, line)) {
    const auto values = cells(line);
    REQUIRE(values.size() == header.size());
    rows.emplace_back();
    for (std::size_t k = 0; k < header.size(); ++k) rows.back()[header[k]] = values[k];
  }
  return rows;
}

/// metrics.csv but for the clock's column.
inline Rows metrics(const std::string& run) {
  Rows rows = table(run + "/metrics.csv");
  for (auto& row : rows) row.erase("seconds");
  return rows;
}

inline nlohmann::json summary(const std::string& run) { return nlohmann::json::parse(bytes(run + "/summary.json")); }

}  // namespace cg::test
