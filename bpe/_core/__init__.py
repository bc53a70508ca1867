"""Which core runs: the compiled one, or the pure Python one that gives the same ids.

- `BPE_CORE=compiled` or `BPE_CORE=python` is strict: that core, or CoreUnavailableError.
- `BPE_DISABLE_NATIVE=1` (or true, yes, on; any case) means python.
- Otherwise the compiled one if it was built; if not, the Python one and one SlowCoreWarning.

The choice is made at the first use, not at import, and stays for the life of the process.
"""

from __future__ import annotations

import os
import sys

from ..errors import CoreUnavailableError, SlowCoreWarning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .interface import Core

    CoreName = Literal["compiled", "python"]

# pip would take the pure wheel from its cache again, and hide why the build failed.
_PIP = "BPE_REQUIRE_COMPILED=1 pip install --force-reinstall --no-deps --no-cache-dir"
REBUILD = f"{_PIP} --no-binary cybpe cybpe (or, in a checkout: {_PIP} .)"

_chosen: tuple[CoreName, type[Core]] | None = None


def core_name() -> CoreName:
    """The core that runs in this process: "compiled" or "python"."""
    return (_chosen or _choose())[0]


def core_class() -> type[Core]:
    """The class of the core that runs in this process."""
    return (_chosen or _choose())[1]


def _choose() -> tuple[CoreName, type[Core]]:
    asked = os.environ.get("BPE_CORE", "").strip().lower()
    if asked not in ("", "compiled", "python"):
        raise CoreUnavailableError(f"BPE_CORE is {asked!r}: it must be 'compiled' or 'python'")
    if not asked and _is_true(os.environ.get("BPE_DISABLE_NATIVE", "")):
        asked = "python"
    if asked == "python":
        return _choice("python", _python())
    try:
        return _choice("compiled", _compiled())
    except ModuleNotFoundError as error:
        # Only its own absence means "not built"; a broken build must be seen, not slept over.
        if error.name != f"{__name__}.compiled":
            raise
        if asked:
            raise CoreUnavailableError(
                f"BPE_CORE is 'compiled', but the compiled core is missing: {_cure()}"
            ) from None
        choice = _choice("python", _python())
        _warn()
        return choice


def _choice(name: CoreName, core: type[Core]) -> tuple[CoreName, type[Core]]:
    global _chosen
    _chosen = (name, core)
    return _chosen


def _is_true(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on")


def _compiled() -> type[Core]:
    from .compiled import CompiledCore  # type: ignore[import-not-found, unused-ignore]

    # Cython enters a module under the name of its build too.  From a vendored copy (app.bpe._core)
    # that would stay as the compiled core of an installed bpe, whose errors are other classes.
    built, here = "bpe._core.compiled", f"{__name__}.compiled"
    if here != built and sys.modules.get(built) is sys.modules[here]:
        del sys.modules[built]
    core: type[Core] = CompiledCore
    return core


def _python() -> type[Core]:
    from .python import PythonCore

    return PythonCore


def _cure() -> str:
    # A checkout's own folder hides an installed copy, and has an extension only if it was built
    # in place: to build the installed one again would change nothing.
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if os.path.exists(os.path.join(root, "setup.py")):
        return (
            f"Python found the sources in {root}, without the built extension: build it there "
            "(pip install -e .), or start Python in another folder (or with -P) to get the "
            "installed copy"
        )
    return f"To build it (needs a C compiler): {REBUILD}"


def _warn() -> None:
    import warnings

    warnings.warn(
        "bpe runs its pure Python core, which gives the same ids but is much slower: the compiled "
        f"core is missing. {_cure()}. To silence this: BPE_CORE=python",
        SlowCoreWarning,
        stacklevel=2,
    )
