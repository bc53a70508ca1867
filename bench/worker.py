"""The process that measures one cell: a JSON description in, one JSON line out.

It is started afresh for each cell and round, pinned to its cores before anything is imported.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.argv[1])
    if spec["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, spec["cores"])
    import tasks  # after pinning: a library that counts its cores shall see these

    tasks.set_clock(spec.get("clock", "wall"))
    for result in tasks.TASKS[spec["task"]](spec):
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
