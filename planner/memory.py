"""What was worked out lately, under all that it hangs on: an edit works out anew only what it changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

_T = TypeVar("_T")


class Memory:
    """Results under their keys, so many at most: what was not asked for longest is forgotten.

    A key must say all that a result hangs on, so that a plan is the same with a memory as without. Results
    are shared by all who ask: nobody may change one.
    """

    def __init__(self, most: int) -> None:
        """Remember so many results at most."""
        self._most = most
        self._kept: OrderedDict[tuple[Hashable, ...], Any] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[Memory], tuple[int]]:
        """Go to another process empty: what is remembered can be found again."""
        return Memory, (self._most,)

    def once(self, find: Callable[[], _T], *key: Hashable) -> _T:
        """Return what was found before under a key, or find it. What fails is not remembered.

        Two who ask at the same time may both find it: the same, as the key says all.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                known: _T = self._kept[key]
                return known
        found = find()
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found

    def forget(self) -> None:
        """Forget everything: who measures how long a step takes wants it done each time."""
        with self._lock:
            self._kept.clear()
