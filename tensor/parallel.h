// SPDX-License-Identifier: Apache-2.0
// Exceptions in OpenMP regions. One that leaves a region ends the program immediately, without its message. So what
// can fail in a region is called through a guard, which keeps the first exception for the code behind the region:
//
//   RegionErrors errors;
//   #pragma omp parallel for
//   for (Index i = 0; i < n; ++i) errors.guard([&] { … });
//   errors.rethrow();
//
// A thread's own scratch is a ThreadRow. A test searches all regions for calls that can fail without a guard.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <new>

#include "tensor/index.h"

namespace cg {

class RegionErrors {
 public:
  /// Calls body(), on any thread. Does nothing once a body has failed.
  template <class Body>
  void guard(const Body& body) noexcept {
    if (any()) return;
    try {
      body();
    } catch (...) {
      if (!taken_.exchange(true)) {
        first_ = std::current_exception();
        failed_.store(true, std::memory_order_relaxed);  // the end of the region orders both
      }
    }
  }

  /// Whether a body has failed.
  bool any() const { return failed_.load(std::memory_order_relaxed); }

  /// Throws the first exception, if there is one. To be called behind the region.
  void rethrow() const {
    if (any()) std::rethrow_exception(first_);
  }

 private:
  std::atomic<bool> taken_ = false, failed_ = false;
  std::exception_ptr first_;
};

/// Scratch of one thread, made inside the region: `size` numbers, uninitialised. Where there is no memory for them it
/// is null, and `errors` throw std::bad_alloc behind the region; the thread must then skip its loops. Memory that the
/// compiler knows to be new is not the memory of other pointers, so loops over it are vectorised.
template <class T>
class ThreadRow {
 public:
  ThreadRow(Index size, RegionErrors& errors) : row_(new (std::nothrow) T[static_cast<std::size_t>(size)]) {
    if (!row_) errors.guard([] { throw std::bad_alloc(); });
  }
  T* data() const { return row_.get(); }

 private:
  std::unique_ptr<T[]> row_;
};

}  // namespace cg
