"""Print "3.13t /path/to/python" if this is a CPython of 3.11 or later; otherwise fail."""

import sys
import sysconfig

if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
    raise SystemExit(1)
threading = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
print(f"{sys.version_info.major}.{sys.version_info.minor}{threading}", sys.executable)
