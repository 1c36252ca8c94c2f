// SPDX-License-Identifier: Apache-2.0
// The unit of the ages in a table of participants: as the user says, or as BIDS's file beside the table says
// (participants.json: {"age": {"Units": "months"}}), otherwise years.
#pragma once

#include <filesystem>
#include <string>

namespace cg {

struct AgeUnit {
  std::string name = "years";  ///< years, months, weeks or days
  double per_year = 1;
  std::string from = {};  ///< the file that says so; empty: the option, or no file

  /// Years, rounded to the nearest number of six decimals: 66 months are 5.5 years.
  double years(double age) const;
};

/// The file beside a table that describes its columns: participants.json for participants.tsv. It need not exist.
std::filesystem::path description_of(const std::filesystem::path& table);

/// `option`: years, months, weeks or days; empty: by the file beside the table. Errors: usage, for another option;
/// data, if that file is not JSON or has another unit.
AgeUnit age_unit(const std::filesystem::path& table, const std::string& column, const std::string& option);

}  // namespace cg
