#include "tensor/backend.h"

namespace cg {

std::unique_ptr<Backend> make_cpu_backend() { return std::make_unique<HostBackend>(Device::cpu); }

}  // namespace cg
