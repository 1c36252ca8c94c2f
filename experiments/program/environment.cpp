// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/environment.h"

#include <H5public.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>
#include <openssl/crypto.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <Eigen/Core>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tensor/backend.h"
#include "tensor/job_limits.h"

namespace cg {
namespace {

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown";
}

/// Those that the processor has, of the ones that kernels may use.
std::vector<std::string> instruction_sets() {
  std::vector<std::string> out;
  const auto add = [&](const char* name, bool here) {
    if (here) out.push_back(name);
  };
  add("avx", __builtin_cpu_supports("avx"));
  add("avx2", __builtin_cpu_supports("avx2"));
  add("fma", __builtin_cpu_supports("fma"));
  add("avx512f", __builtin_cpu_supports("avx512f"));
  add("avx512bw", __builtin_cpu_supports("avx512bw"));
  add("avx512vnni", __builtin_cpu_supports("avx512vnni"));
  add("avx512bf16", __builtin_cpu_supports("avx512bf16"));
  add("amx-tile", __builtin_cpu_supports("amx-tile"));
  add("amx-bf16", __builtin_cpu_supports("amx-bf16"));
  return out;
}

nlohmann::ordered_json libraries() {
  const dnnl_version_t* dnnl = dnnl_version();
  unsigned hdf5[3] = {};
  H5get_libversion(&hdf5[0], &hdf5[1], &hdf5[2]);
  return {{"oneDNN", fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch)},
          {"HDF5", fmt::format("{}.{}.{}", hdf5[0], hdf5[1], hdf5[2])},
          {"Eigen", fmt::format("{}.{}.{}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
          {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)}};
}

}  // namespace

std::string version() { return CG_VERSION; }

std::string version_text(const BuildState& build) {
  return fmt::format("cortexgrad {}\nbuilt from commit {}, sources {}\ncompiled by {}, {}, for {}\nCUDA backend: {}",
                     version(), build.commit, build.sources, CG_COMPILER, CG_BUILD_TYPE, CG_ARCH, cuda_description());
}

std::filesystem::path cache_folder() {
  const auto variable = [](const char* name) { return std::string(std::getenv(name) ? std::getenv(name) : ""); };
  if (const std::filesystem::path xdg = variable("XDG_CACHE_HOME"); xdg.is_absolute()) return xdg / "cortexgrad";
  if (const std::string home = variable("HOME"); !home.empty())
    return std::filesystem::path(home) / ".cache" / "cortexgrad";
  return std::filesystem::temp_directory_path() / fmt::format("cortexgrad-{}", getuid());
}

Place place_of(const std::filesystem::path& program) {
  std::error_code none;
  const auto prefix = program.parent_path().parent_path();
  const auto installed = prefix / "share" / "cortexgrad", source = prefix.parent_path().parent_path();
  if (std::filesystem::is_directory(installed / "experiments", none)) return {installed, true};
  if (std::filesystem::is_directory(source / "experiments", none)) return {source, false};
  return {std::filesystem::current_path(), false};
}

Place place() {
  std::error_code none;
  return place_of(std::filesystem::read_symlink("/proc/self/exe", none));
}

std::filesystem::path source_root() { return place().root; }

std::string environment_json(const std::vector<std::string>& command, int threads, const std::string& more) {
  utsname system{};
  uname(&system);
  nlohmann::ordered_json out;
  out["version"] = version();
  out["compiler"] = std::string(CG_COMPILER) + ", " + CG_BUILD_TYPE;
  out["libraries"] = libraries();
  out["system"] = fmt::format("{} {}", system.sysname, system.release);
  out["processor"] = processor();
  out["cores"] = {{"machine", std::thread::hardware_concurrency()}, {"usable", usable_processors()}};
  out["instruction_sets"] = instruction_sets();
  out["threads"] = threads;
  out["command"] = command;
  out["started"] = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  out.update(nlohmann::ordered_json::parse(more));
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace cg
