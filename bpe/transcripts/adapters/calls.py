"""Which tool a result belongs to: results carry only the id of their call."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Calls"]

# Calls that are remembered; results follow their calls closely.
_KEPT = 4096
# Longer ids and names are no ids and names.
_LONGEST = 256


class Calls:
    """The names of the latest calls by id."""

    def __init__(self) -> None:
        self._names: OrderedDict[bytes, str] = OrderedDict()

    def add(self, call: bytes, name: str) -> None:
        if call and len(call) <= _LONGEST and len(name) <= _LONGEST:
            self._names[call] = name
            self._names.move_to_end(call)
            if len(self._names) > _KEPT:
                self._names.popitem(last=False)

    def name(self, call: bytes) -> str:
        """The name of the tool that was called; empty if the call is not known."""
        return self._names.get(call, "")
