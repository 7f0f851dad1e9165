"""What was worked out lately, under all that it hangs on: an edit works out anew only what it changes."""

from __future__ import annotations

import ctypes
import gc
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from inspect import signature
from threading import Lock, RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

_T = TypeVar("_T")
_P = ParamSpec("_P")
_Owner = TypeVar("_Owner")
_TURNS: dict[str, RLock] = {}
_TURNS_LOCK = Lock()


def give_back() -> None:
    """Give memory that nobody uses any more back to the system, where C's library can be told to.

    That of GNU keeps what lies between things still in use: after a metro is read, 150 megabytes.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


COLLECT_EVERY = 100_000


def collect_seldom() -> None:
    """Look for garbage every 100,000 new objects in place of 700.

    What a plan needs is half a million objects that stay; a tenth of a command's time went into looking
    through them again and again, and a twenty-fifth of each plan on the page, which leaves little garbage.
    """
    gc.set_threshold(COLLECT_EVERY, *gc.get_threshold()[1:])


def one_at_a_time(work: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let only one thread of the process do work on an area that is marked so; others wait for their turn.

    Plans share what was worked out for their area, prepared geometries among it, and those are not made for
    two threads: GEOS ends the whole process (https://github.com/libgeos/geos/issues/825). Two who tap at the
    same moment wait for each other, and are answered no later in all: the work is the processor's. Nobody
    waits for what is done on another area. The work's argument ``area`` says which it is.
    """
    names = signature(work)

    @wraps(work)
    def alone(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        area = names.bind(*args, **kwargs).arguments["area"].name
        with _TURNS_LOCK:
            turn = _TURNS.setdefault(area, RLock())
        with turn:
            return work(*args, **kwargs)

    return alone


class Kept(dict[tuple[Hashable, ...], Any]):
    """What was found for one area or its streets; another process finds it again."""

    def __reduce__(self) -> tuple[type[Kept], tuple[()]]:
        return Kept, ()


def kept_with(find: Callable[Concatenate[_Owner, _P], _T]) -> Callable[Concatenate[_Owner, _P], _T]:
    """Find something once for an area, or for its streets, and keep it with that, the first argument.

    It goes when the area goes: a cache of the function's own would hold on to areas long replaced, and to
    those of each field road that was drawn; a metro's streets are more than a gigabyte.
    """
    return _kept(find, "_kept")


def kept_with_tables(
    find: Callable[Concatenate[_Owner, _P], _T],
) -> Callable[Concatenate[_Owner, _P], _T]:
    """Find once what hangs on an area's tables and not on its streets: other streets take it over.

    See :meth:`planner.area.Area.with_streets`.
    """
    return _kept(find, KEPT_WITH_TABLES)


KEPT_WITH_TABLES = "_kept_with_tables"


def _kept(find: Callable[Concatenate[_Owner, _P], _T], where: str) -> Callable[Concatenate[_Owner, _P], _T]:
    @wraps(find)
    def kept(owner: _Owner, /, *words: _P.args, **more: _P.kwargs) -> _T:
        known: Kept = owner.__dict__.setdefault(where, Kept())
        key = (find, *words, *more.items())
        if key not in known:
            known.setdefault(key, find(owner, *words, **more))
        found: _T = known[key]
        return found

    return kept


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
