// SPDX-License-Identifier: Apache-2.0
// The programs that create and show cohort files do what their options say.
#include <doctest/doctest.h>

#include <string>

#include "data/cohort_h5.h"
#include "data/formats/hdf5_file.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;

namespace {

struct Place {
  TestFolder folder;
  std::string make(const std::string& name, const std::string& options) const {
    const Finished done =
        run_program(folder.path(), "make_phantom_cohort", "--voxel 20 --subjects 4 --out " + name + " " + options);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    return folder.path() + "/" + name;
  }
};

}  // namespace

TEST_CASE("make_phantom_cohort: every option changes the cohort, and the file names the command") {
  const Place place;
  const CohortFile plain(place.make("plain.h5", "")), t1(place.make("t1.h5", "--modality t1 --sites 3"));
  const auto maps = [](const CohortFile& file) { return H5Reader(file.path()).numbers("maps"); };
  CHECK(plain.modality() == "mre");
  CHECK(t1.modality() == "t1");
  CHECK(plain.voxel_mm() == 20);
  CHECK(plain.size() == 4);
  CHECK(maps(CohortFile(place.make("seed.h5", "--seed 2"))) != maps(plain));
  CHECK(maps(CohortFile(place.make("signal.h5", "--signal hippocampus"))) != maps(plain));
  CHECK(maps(CohortFile(place.make("threads.h5", "--threads 1"))) == maps(plain));
  CHECK(maps(CohortFile(place.make("sites.h5", "--modality t1 --sites 1"))) != maps(t1));
  const std::string command = H5Reader(t1.path()).text_attribute("command");
  CHECK_MESSAGE(command.ends_with("--voxel 20 --subjects 4 --out t1.h5 --modality t1 --sites 3"), command);
}

TEST_CASE("show_cohort: --beside shows the second cohort's volumes on the page") {
  const Place place;
  place.make("maps.h5", "");
  place.make("t1.h5", "--modality t1");
  const auto page = [&](const std::string& options) {
    const Finished done = run_program(place.folder.path(), "show_cohort", "maps.h5 --overwrite " + options);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    return place.folder.read("cohort.html");
  };
  CHECK(page("").find("t1.h5") == std::string::npos);
  CHECK(page("--beside t1.h5").find("t1.h5") != std::string::npos);
}
