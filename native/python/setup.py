"""Builds libgradmimic with CMake and puts it into the wheel; GRADMIMIC_LIBRARY names one that is built already."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from wheel.bdist_wheel import bdist_wheel

NATIVE = Path(__file__).resolve().parent.parent


def build_library(folder):
    """The path of a libgradmimic.so that is built in `folder`."""
    subprocess.run(["cmake", "-S", NATIVE, "-B", folder, "-DCMAKE_BUILD_TYPE=Release"], check=True)
    subprocess.run(["cmake", "--build", folder, "--parallel", str(os.cpu_count() or 1)], check=True)
    return Path(folder) / "libgradmimic.so"


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        target = Path(self.build_lib) / "gradmimic" / "libgradmimic.so"
        target.parent.mkdir(parents=True, exist_ok=True)
        built = os.environ.get("GRADMIMIC_LIBRARY")
        if built:
            shutil.copyfile(built, target)
            return
        with tempfile.TemporaryDirectory() as folder:
            shutil.copyfile(build_library(folder), target)


class WheelOfThisPlatform(bdist_wheel):
    """The library is the platform's; the Python code is any Python 3's."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": WheelOfThisPlatform})
