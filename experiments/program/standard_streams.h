// SPDX-License-Identifier: Apache-2.0
// Standard input, output and error as every program has them, whatever its caller gave: closed ones (cron, `>&-`), a
// full disk behind standard output, a reader that has gone.
#pragma once

namespace cg {

/// Opens closed descriptors 0, 1 and 2 with /dev/null, so that no file that the program opens takes their place. From
/// here on, printing never fails; the first error of stdout is kept for require_printed(). Called first
/// in every program.
void prepare_standard_streams();

/// For programs whose results are in files: text that is lost, or whose reader has gone, does not end the program.
void results_are_in_files();

/// Errors: storage, if printed text was lost, except after results_are_in_files().
void require_printed();

}  // namespace cg
