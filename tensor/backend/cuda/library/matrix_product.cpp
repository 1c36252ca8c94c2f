// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/library/matrix_product.h"

#include <memory>

#include "tensor/backend/cuda/device/cuda_status.h"

namespace cg::cuda {
namespace {

/// A description that cuBLASLt makes and destroys.
template <class T, auto destroy>
class Owned {
 public:
  Owned() = default;
  ~Owned() {
    if (raw_) destroy(raw_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  T* address() { return &raw_; }
  operator T() const { return raw_; }

 private:
  T raw_ = nullptr;
};
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Operation = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

}  // namespace

static_assert(static_cast<int>(CublasAnswer::no_memory) == CUBLAS_STATUS_ALLOC_FAILED);

bool lacks_memory(cublasStatus_t status) { return lacks_memory(static_cast<CublasAnswer>(status)); }

std::string in_words(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "" : cublasLtGetStatusString(status);
}

/// cuBLASLt counts by columns: to it our a, b, c are aᵀ, bᵀ, cᵀ, and cᵀ = bᵀ aᵀ.
struct MatrixProduct::Problem {
  Layout a, b, c;
  Operation operation;
  cublasStatus_t status = CUBLAS_STATUS_SUCCESS;

  Problem(const Matrix& left, const Matrix& right) {
    const Index rows = left.transposed ? left.columns : left.rows;
    const Index columns = right.transposed ? right.rows : right.columns;
    describe(a, left.columns, left.rows);
    describe(b, right.columns, right.rows);
    describe(c, columns, rows);
    note(cublasLtMatmulDescCreate(operation.address(), CUBLAS_COMPUTE_32F, CUDA_R_32F));
    set(CUBLASLT_MATMUL_DESC_TRANSA, right.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, left.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  }

  cublasStatus_t choose(cublasLtHandle_t handle, cublasLtMatmulAlgo_t& algorithm) {
    Preference preference;
    note(cublasLtMatmulPreferenceCreate(preference.address()));
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t name, const auto& value) {
      note(cublasLtMatmulPreferenceSetAttribute(preference, name, &value, sizeof value));
    };
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{0});
    for (const auto name : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                            CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(name, std::uint32_t{16});  // a parameter's place in the store is aligned to no more than 64
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    cublasLtMatmulHeuristicResult_t result{};
    int found = 0;
    note(cublasLtMatmulAlgoGetHeuristic(handle, operation, b, a, c, c, preference, 1, &result, &found));
    algorithm = result.algo;
    return status == CUBLAS_STATUS_SUCCESS && found == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : status;
  }

 private:
  void note(cublasStatus_t next) {
    if (status == CUBLAS_STATUS_SUCCESS) status = next;
  }
  void describe(Layout& layout, Index rows, Index columns) {
    note(cublasLtMatrixLayoutCreate(layout.address(), CUDA_R_32F, static_cast<std::uint64_t>(rows),
                                    static_cast<std::uint64_t>(columns), rows));
  }
  template <class T>
  void set(cublasLtMatmulDescAttributes_t name, const T& value) {
    note(cublasLtMatmulDescSetAttribute(operation, name, &value, sizeof value));
  }
};

cublasStatus_t MatrixProduct::multiply(const Matrix& a, const Matrix& b, float* c) {
  Problem problem(a, b);
  const Key key{a.rows, a.columns, a.transposed, b.rows, b.columns, b.transposed};
  auto found = algorithms_.find(key);
  if (found == algorithms_.end()) {
    cublasLtMatmulAlgo_t algorithm{};
    if (const auto status = problem.choose(handle_, algorithm); status != CUBLAS_STATUS_SUCCESS) return status;
    found = algorithms_.emplace(key, algorithm).first;
  }
  constexpr float one = 1, zero = 0;
  return cublasLtMatmul(handle_, problem.operation, &one, b.data, problem.b, a.data, problem.a, &zero, c, problem.c, c,
                        problem.c, &found->second, nullptr, 0, stream_);
}

}  // namespace cg::cuda
