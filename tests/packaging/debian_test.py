# SPDX-License-Identifier: Apache-2.0
"""The .deb: what it contains and depends on; it is installed by dpkg into a folder with a copy of this system's list of
packages, used by another user, and removed without a trace.

    debian_test.py BUILD
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from support import TINY, User, is_root, make_read_only, run, snapshot, temporary_folder, use_programs, version

BUILD = pathlib.Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 else None


def reason_to_skip():
    if not is_root():
        return "dpkg installs only for root"
    missing = [name for name in ("cpack", "dpkg", "dpkg-deb", "dpkg-shlibdeps") if not shutil.which(name)]
    return f"{', '.join(missing)} not found; tools/install_dependencies.sh --tests" if missing else ""


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary_folder(cls)
        # Without network: the namespace has none. Where it cannot be made, the package is built with what is there.
        alone = ["unshare", "--net"]
        if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
            alone = []
        run([*alone, "cpack", "-B", cls.folder / "cpack", "--config", BUILD / "CPackConfig.cmake"], cwd=cls.folder)
        [cls.package] = (cls.folder / "cpack").glob("*.deb")
        cls.files = [line.split()[5] for line in run(["dpkg-deb", "--contents", cls.package]).splitlines()]

    def field(self, name):
        return run(["dpkg-deb", "--field", self.package, name]).strip()

    def test_its_fields(self):
        self.assertEqual(self.field("Package"), "cortexgrad")
        self.assertEqual(self.field("Version"), version())
        self.assertIn("Compiled for: ", self.field("Description"))
        depends = self.field("Depends")
        for library in ["libc6", "libstdc++6", "libgomp1", "libcairo2", "python3"]:
            self.assertRegex(depends, rf"\b{re.escape(library)}\b")
        self.assertRegex(depends, r"\blibhdf5-\d+")
        self.assertNotRegex(depends, "-dev")
        self.assertEqual(self.field("Conflicts"), "predict")  # it has a program of this name
        self.assertGreater(int(self.field("Installed-Size")), 50000)  # kB; oneDNN has 54 MB

    def test_all_its_files_are_below_usr_and_of_the_programs(self):
        files = [name for name in self.files if not name.endswith("/")]
        self.assertTrue(all(name.startswith("./usr/") for name in files), files)
        for name in ["bin/run_experiment", "bin/predict", "share/cortexgrad/experiments/quickstart.toml",
                     "share/doc/cortexgrad/copyright", "share/doc/cortexgrad/changelog.gz",
                     "share/doc/cortexgrad/docs/predict.md"]:
            self.assertIn(f"./usr/{name}", files)
        if "./usr/lib/cortexgrad/private/libdnnl.so.3" in files:  # the copyright file names the other one
            self.assertIn("./usr/share/doc/cortexgrad/onednn/THIRD-PARTY-PROGRAMS", files)
        for part in ["include/", "cmake", "libcortexgrad_cuda", "bin/benchmark", "engine_example"]:
            self.assertFalse([name for name in files if part in name], part)
        self.assertNotRegex(run(["dpkg-deb", "--info", self.package]), "postinst|postrm|preinst|prerm")

    def test_install_use_remove(self):
        root, lists = self.folder / "root", self.folder / "lists"
        root.mkdir()
        for name in ["info", "updates", "triggers"]:
            (lists / name).mkdir(parents=True)
        # What is installed here of what it depends on, so that dpkg checks that.
        names = re.findall(r"(?:^|, )([^ ,]+)", self.field("Depends"))
        here = pathlib.Path("/var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n")
        (lists / "status").write_text("".join(f"{part}\n\n" for part in here
                                              if part.partition("\n")[0].removeprefix("Package: ") in names))
        (lists / "available").touch()
        dpkg = ["dpkg", f"--admindir={lists}", f"--instdir={root}", f"--log={self.folder / 'log'}"]
        path = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
        run([*dpkg, "--install", self.package], env=path)
        said = run([*dpkg, "--status", "cortexgrad"], env=path)
        self.assertIn("Status: install ok installed", said)
        make_read_only(root / "usr")
        before = snapshot(root)
        use_programs(self, root / "usr/bin", User(self.folder / "user"))
        self.assertEqual(snapshot(root), before)
        # By root, who could write there.
        run([root / "usr/bin/convert_pth", "--help"])
        cache = self.folder / "cache"
        run([root / "usr/bin/run_experiment", "quickstart", *TINY, "--device", "cpu", "--out", self.folder / "run"],
            env={**path, "XDG_CACHE_HOME": str(cache)})
        self.assertEqual(len(list((cache / "cortexgrad/phantoms").iterdir())), 1)
        self.assertEqual(snapshot(root), before)
        run([*dpkg, "--purge", "cortexgrad"], env=path)
        self.assertEqual([name for name in snapshot(root) if not (root / name).is_dir()], [])
        self.assertEqual([path.name for path in (lists / "info").glob("cortexgrad*")], [])


if __name__ == "__main__":
    if reason := reason_to_skip():
        print(f"[skipped: {reason}]")
        sys.exit(0)
    unittest.main()
