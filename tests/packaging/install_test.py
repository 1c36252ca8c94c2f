# SPDX-License-Identifier: Apache-2.0
"""`cmake --install`: the tree works after it was moved, without write permission, for another user; programs that embed
the engine build against it with find_package and with pkg-config.

    install_test.py BUILD
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from support import ROOT, User, make_read_only, run, snapshot, temporary_folder, use_programs

BUILD = pathlib.Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 else None

PAGE = (ROOT / "docs/install.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "tools/engine_example.cpp").read_text(encoding="utf-8")
STUDY_PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(sample LANGUAGES C CXX)
find_package(cortexgrad REQUIRED)  # all but experiments
find_package(cortexgrad REQUIRED COMPONENTS experiments)
add_executable(study study.cpp)
target_link_libraries(study PRIVATE cortexgrad::experiments cortexgrad::losses cortexgrad::data)
"""
STUDY = """
#include <cstdio>
#include "data/cohort_h5.h"
#include "experiments/program/environment.h"
#include "losses/registry.h"
int main(int argc, char** argv) {
  for (int k = 1; k < argc; ++k) std::printf("%d subjects\\n", static_cast<int>(cg::CohortFile(argv[k]).size()));
  std::printf("cortexgrad %s, %d losses\\n", cg::version().c_str(), static_cast<int>(cg::loss_names().size()));
}
"""
DATA = """
#include <cstdio>
#include "data/cohort_h5.h"
#include "data/formats/nifti.h"
#include "data/phantom/cohort.h"
int main() {
  cg::write_nifti("map.nii.gz", {{{2, 2, 2}, std::vector<float>(8, 1)}, cg::Affine::scale({1, 1, 1}, {0, 0, 0})});
  if (cg::read_nifti("map.nii.gz").spatial.volume.values.size() != 8) return 1;
  cg::phantom::write_cohort({.subjects = 2, .voxel_mm = 20, .threads = 1}, "two.h5");
  std::printf("%d subjects\\n", static_cast<int>(cg::CohortFile("two.h5").size()));
}
"""


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = temporary_folder(cls)
        umask = os.umask(0o022)
        try:
            run(["cmake", "--install", BUILD, "--prefix", folder / "first"])
        finally:
            os.umask(umask)
        cls.tree = folder / "moved-here"
        shutil.move(folder / "first", cls.tree)
        make_read_only(cls.tree)
        cls.user = User(folder / "user")
        cls.before = snapshot(cls.tree)

    def tearDown(self):
        self.assertEqual(snapshot(self.tree), self.before, "A program wrote into the installed tree.")

    def write(self, name, text):
        path = self.user.work / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.chown(path.parent, self.user.work.stat().st_uid, self.user.work.stat().st_gid)
        return path

    def test_programs_find_their_files_and_write_only_where_the_user_may(self):
        use_programs(self, self.tree / "bin", self.user)

    def test_nothing_of_the_tree_leads_back_to_the_build(self):
        private = self.tree / "lib/cortexgrad/private/libdnnl.so.3"
        for program in sorted((self.tree / "bin").iterdir()):
            if program.read_bytes()[:4] != b"\x7fELF":
                continue
            read = run(["readelf", "-d", program])
            folders = re.findall(r"R(?:UN)?PATH.*\[(.*)\]", read)
            self.assertEqual(folders, ["$ORIGIN/../lib/cortexgrad/private"], program)
            if private.exists():
                found = f"{program.parent}/../lib/cortexgrad/private/libdnnl.so.3"
                self.assertIn(f"libdnnl.so.3 => {found}", run(["ldd", program]))
        for path in [*self.tree.glob("lib/cmake/**/*"), *self.tree.glob("lib/pkgconfig/*")]:
            if path.is_file():
                self.assertNotIn(str(ROOT), path.read_text(encoding="utf-8"), path)

    def test_headers_include_only_what_is_installed(self):
        include = self.tree / "include/cortexgrad"
        headers = list(include.rglob("*.h"))
        self.assertGreater(len(headers), 150)
        for header in headers:
            for name in re.findall(r'^#include "([^"]+)"', header.read_text(encoding="utf-8"), re.MULTILINE):
                if name.startswith("tensor/backend/cuda/"):
                    continue  # of a header that says so
                self.assertTrue((include / name).is_file(), f"{header.relative_to(include)}: {name}")

    def build(self, folder, *files):
        for name, text in files:
            self.write(f"{folder}/{name}", text)
        self.user.run(["cmake", "-G", "Ninja", "-S", folder, "-B", f"{folder}/build", "-DCMAKE_BUILD_TYPE=Release",
                       f"-DCMAKE_PREFIX_PATH={self.tree}"])
        self.user.run(["ninja", "-C", f"{folder}/build"])

    def test_find_package_builds_the_program_of_the_page(self):
        [project] = re.findall(r"^```cmake\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        self.build("page", ("CMakeLists.txt", project), ("engine_example.cpp", EXAMPLE))
        self.learns(["page/build/my_program"])

    def test_find_package_builds_a_program_with_the_study(self):
        self.build("study", ("CMakeLists.txt", STUDY_PROJECT), ("study.cpp", STUDY))
        self.assertRegex(self.user.run(["study/build/study"]), r"cortexgrad \S+, 8 losses")

    def test_find_package_says_what_is_wrong(self):
        for name, languages, asked, message in [
                ("unknown", "CXX", "COMPONENTS kernels", "no component kernels"),
                ("older", "CXX", "0.0 COMPONENTS tensor", "compatible with requested version"),
                ("without-c", "CXX", "COMPONENTS data", r"project\(NAME LANGUAGES C CXX\)")]:
            self.write(f"{name}/CMakeLists.txt", f"cmake_minimum_required(VERSION 3.25)\nproject(sample {languages})\n"
                       f"find_package(cortexgrad {asked} REQUIRED)\n")
            said = subprocess.run(["cmake", "-G", "Ninja", "-S", name, "-B", f"{name}/build",
                                   f"-DCMAKE_PREFIX_PATH={self.tree}"], cwd=self.user.work, capture_output=True,
                                  text=True)
            self.assertNotEqual(said.returncode, 0)
            self.assertRegex(" ".join(said.stderr.split()), message)

    def test_pkg_config_builds_the_program_of_the_page_and_one_with_cohorts(self):
        path = {"PKG_CONFIG_PATH": str(self.tree / "lib/pkgconfig")}
        flags = self.user.run(["pkg-config", "--cflags", "cortexgrad"], **path).split()
        for flag in ["-fopenmp", "-DEIGEN_DONT_PARALLELIZE"]:  # as the libraries were compiled
            self.assertIn(flag, flags)
        [command] = re.findall(r"^    (g\+\+ .*)$", PAGE, re.MULTILINE)
        self.write("pc/engine_example.cpp", EXAMPLE)
        self.write("pc/data.cpp", DATA)
        self.user.run(["bash", "-c", f"cd pc && {command}"], **path)
        self.learns(["pc/my_program"])
        command = command.replace("cortexgrad)", "cortexgrad-data)").replace("engine_example", "data")
        self.user.run(["bash", "-c", f"cd pc && {command}"], **path)
        self.assertEqual(self.user.run(["pc/my_program"]), "2 subjects\n")

    def learns(self, command):
        losses = [float(loss) for loss in re.findall(r"loss (\S+)", self.user.run(command))]
        self.assertEqual(len(losses), 5)
        self.assertLess(losses[-1], 0.01 * losses[0])


if __name__ == "__main__":
    unittest.main()
