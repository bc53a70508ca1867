"""The one extension module and how it is compiled; everything else is in pyproject.toml.

Switches, all environment variables:

    BPE_REQUIRE_COMPILED=1   a failed compile is an error (CI and released wheels set it)
    BPE_PURE=1               build the pure Python wheel on purpose
    BPE_DEBUG=1              Cython's checks of Python objects, debug information
    BPE_PLAIN_C=1            no vector instructions, to test the C that stands for them
    BPE_SANITIZE=address,undefined   build with these sanitizers (gcc, clang)
"""

import os
from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError


def is_set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


DEBUG = is_set("BPE_DEBUG")
SANITIZE = os.environ.get("BPE_SANITIZE", "").strip()

# Here and not in a header comment, because a comment in the .pyx does not reach the inline
# functions of its .pxd files, and would win over BPE_DEBUG.
DIRECTIVES = {
    "language_level": "3",
    "boundscheck": DEBUG,
    "initializedcheck": DEBUG,
    "nonecheck": DEBUG,
    "wraparound": False,
    "cdivision": True,
    "freethreading_compatible": True,
}


class BuildExt(build_ext):
    """Flags by the kind of compiler; without a working compiler, a pure wheel."""

    def finalize_options(self) -> None:
        super().finalize_options()
        # Timestamps know nothing of the switches above: never reuse a former build.
        self.force = True
        self.cython_c_in_temp = True

    def run(self) -> None:
        try:
            super().run()
        except (CCompilerError, ExecError, PlatformError, OSError) as error:
            if is_set("BPE_REQUIRE_COMPILED"):
                raise
            self.become_pure(error)

    def become_pure(self, error: Exception) -> None:
        """Turn the wheel that is being built into py3-none-any."""
        self.warn(f"the compiled core was not built, bpe will run in pure Python: {error}")
        for extension in self.extensions:
            Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        # Not `optional=True`: that would leave a wheel tagged for this platform but without the
        # extension, which pip caches and installs again when there is a compiler.
        self.extensions = self.distribution.ext_modules = []
        self.get_finalized_command("bdist_wheel").root_is_pure = True

    def build_extension(self, ext: Extension) -> None:
        msvc = self.compiler.compiler_type == "msvc"
        if msvc:
            ext.extra_compile_args += ["/O2", "/Zi"] if DEBUG else ["/O2"]
        else:
            ext.extra_compile_args += ["-O1", "-g", "-UNDEBUG"] if DEBUG else ["-O2"]
        if SANITIZE:
            if msvc:
                raise SystemExit("BPE_SANITIZE needs gcc or clang")
            sanitize = [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-g"]
            ext.extra_compile_args += sanitize
            ext.extra_link_args += sanitize
        super().build_extension(ext)


core = Extension(
    "bpe._core.compiled",
    ["bpe/_core/compiled.pyx"],
    include_dirs=["bpe/_core"],
    # What is not listed here is missing from the sdist, and does not trigger a rebuild.
    depends=sorted(glob("bpe/_core/*.px[di]") + glob("bpe/_core/*.h")),
    define_macros=[("BPE_PLAIN_C", "1")] if is_set("BPE_PLAIN_C") else [],
)
core.cython_directives = DIRECTIVES

setup(
    ext_modules=[] if is_set("BPE_PURE") else [core],
    cmdclass={"build_ext": BuildExt},
)
