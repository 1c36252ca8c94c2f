// SPDX-License-Identifier: Apache-2.0
// Whether a device still works. Shared by the backend and all of its memory. After a permanent error (an illegal
// address, a device that left the bus) nothing may call it, neither kernels nor destructors.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "tensor/error.h"
#include "tensor/index.h"

namespace cg::cuda {

/// Any thread may call it.
class DeviceState {
 public:
  /// Makes a call of the device, which returns its error as text, or nothing. Throws (kind device) if it failed. Later
  /// calls then throw immediately and do not reach the device.
  template <class DeviceCall>
  void use(const std::string& where, const DeviceCall& call) {
    require();
    const std::string error = call();
    if (error.empty()) return;
    give_up(where + " failed: " + error,
            "Look for the driver's message in the system's log (dmesg), then resume the run.");
    require();
  }

  /// No call is made from now on; `why` is the reason. The first reason is kept.
  void give_up(std::string why, std::string fix) {
    const std::lock_guard lock(mutex_);
    if (lost_) return;
    why_ = std::move(why);
    fix_ = std::move(fix);
    lost_ = true;
  }
  bool usable() const { return !lost_; }
  /// Throws (kind device) if the device is lost.
  void require() const {
    if (!usable()) fail(ErrorKind::device, "cuda", why_, fix_);
  }

  std::atomic<Index> held = 0;  ///< bytes of memory in use

 private:
  std::mutex mutex_;
  std::string why_, fix_;           // never changed once it is lost
  std::atomic<bool> lost_ = false;  // set last
};

}  // namespace cg::cuda
