// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cpu/cpu_backend.h"

#include <fmt/format.h>
#include <omp.h>
#include <sys/mman.h>
#include <xmmintrin.h>

#include <cstdint>

namespace cg {
namespace cpu {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Subnormal numbers cost a hundred times a normal one and mean nothing here: zero, on every thread of the pool.
void flush_subnormals() {
  constexpr unsigned flush_to_zero = 0x8000, subnormals_are_zero = 0x0040;
#pragma omp parallel
  _mm_setcsr(_mm_getcsr() | flush_to_zero | subnormals_are_zero);
}

/// Whether oneDNN may use an instruction set at least as able as `isa`.
bool has(dnnl::cpu_isa isa) {
  const auto mask = static_cast<unsigned>(isa), effective = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return (effective & mask) == mask;
}

/// Instruction set, threads, version of oneDNN.
std::string description() {
  const char* isa = has(dnnl::cpu_isa::avx512_core_amx)    ? "AMX"
                    : has(dnnl::cpu_isa::avx512_core_bf16) ? "AVX-512 with bfloat16"
                    : has(dnnl::cpu_isa::avx512_core)      ? "AVX-512"
                    : has(dnnl::cpu_isa::avx2)             ? "AVX2"
                                                           : "SSE4.1";
  const dnnl_version_t* version = dnnl::version();
  return fmt::format("{}, {} threads, oneDNN {}.{}.{}", isa, omp_get_max_threads(), version->major, version->minor,
                     version->patch);
}

}  // namespace

bool has_bfloat16_convolutions() { return has(dnnl::cpu_isa::avx512_core); }

CpuBackend::CpuBackend()
    : HostBackend(DeviceTraits{.device = Device::cpu,
                               .description = cpu::description(),
                               .prefers_bfloat16 = has(dnnl::cpu_isa::avx512_core_bf16)}),
      engine_(dnnl::engine::kind::cpu, 0),
      stream_(engine_) {
  flush_subnormals();
}

std::shared_ptr<std::byte> CpuBackend::allocate(Index bytes) {
  const auto size = static_cast<std::size_t>(bytes);
  if (size < 2 * huge_page) return HostBackend::allocate(bytes);
  const std::size_t mapped = (size + huge_page - 1) / huge_page * huge_page + huge_page;  // room to align
  void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) refuse(bytes);
  const auto address = reinterpret_cast<std::uintptr_t>(base);
  auto* start = reinterpret_cast<std::byte*>((address + huge_page - 1) / huge_page * huge_page);
  madvise(start, mapped - huge_page, MADV_HUGEPAGE);
#pragma omp parallel for schedule(static)
  for (std::size_t at = 0; at < size; at += 4096) start[at] = std::byte{0};
  return {start, [base, mapped](std::byte*) { munmap(base, mapped); }};
}

}  // namespace cpu

std::unique_ptr<Backend> make_cpu_backend() { return std::make_unique<cpu::CpuBackend>(); }

}  // namespace cg
