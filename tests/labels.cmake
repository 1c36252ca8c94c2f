# SPDX-License-Identifier: Apache-2.0
# Labels of the tests, for `./run_tests fast`, `slow`, or an op's or a loss's name (tools/select_tests.py).

# Slow: more than seven seconds on two busy cores, except the tests of a whole run (end_to_end) and of every op. All
# others are fast: together they take about 90 seconds. Add a test here when it becomes slow.
set(slow data.outliers data.phantom.statistics data.space.real_volumes every_op_parity every_op_parity.avx2
    experiments.prediction.predict experiments.prediction.real_scans experiments.prediction.saliency
    experiments.runner.interruption experiments.runner.keys
    experiments.runner.resume experiments.runner.wiring_faults experiments.run_experiment.study_run extending layers.resnet_golden
    tensor.backend.cpu.conv3d_widened tensor.backend.cuda.ops.convolution tensor.backend.cuda.ops.kernels
    tools.explain_loss_page tools.gpu_check tools.gpu_lease tools.gpu_stages tools.mutated_files tools.page_width
    tools.pytorch_weights tools.sweep_engines)
if(NOT CG_SANITIZE)
  list(APPEND slow documented_commands packaging.debian packaging.install tools.gpu_lease_rehearsal tools.gpu_rehearsal)
endif()
# Tests that go through every op of the registry, and through every loss: they are also found by the name of one.
set(ops every_op every_op_faults every_op_kinks every_op_not_finite every_op_parity every_op_parity.avx2 every_op_parity_cuda
    tensor.golden_ops tensor.backend.cuda.ops.kernels)
set(losses losses.cost losses.explanation losses.golden losses.gradient losses.hazards losses.planted_faults
    losses.properties)

get_property(tests DIRECTORY PROPERTY TESTS)
foreach(name ${slow} ${ops} ${losses})
  if(NOT name IN_LIST tests)
    message(FATAL_ERROR "tests/labels.cmake gives a label to ${name}, which is not a test. Correct its name.")
  endif()
endforeach()
foreach(test ${tests})
  set(labels fast)
  if(test IN_LIST slow)
    set(labels slow)
  endif()
  foreach(label ops losses)
    if(test IN_LIST ${label})
      list(APPEND labels ${label})
    endif()
  endforeach()
  set_tests_properties(${test} PROPERTIES LABELS "${labels}")
endforeach()
