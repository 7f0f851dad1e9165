"""Numbers ticked off, a bit for each: told once and in order, without sorting, and without a map's length.

A scene names a few thousand junctions or streets of a million. A bit for each of those costs little; an array
of their places does not: eight megabytes, of which each page that is touched has to be fetched.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

_ONE = np.uint64(1)
_FEW = 16
"""With fewer bits set in a word they are taken one by one."""


def numbered(*parts: Ints) -> tuple[Ints, list[Ints]]:
    """Return what occurs in some arrays of numbers from 0 on, ascending, and where each stands in that.

    As ``np.unique`` and its inverse do, without sorting.
    """
    once, place = _numbered(np.concatenate([part.ravel() for part in parts]))
    places, done = [], 0
    for part in parts:
        places.append(place[done : done + part.size].reshape(part.shape))
        done += part.size
    return once, places


@njit(cache=True, nogil=True)
def each_once(numbers: Ints) -> Ints:  # pragma: no cover - compiled
    """Return numbers from 0 on, ascending and each once."""
    return ticked(*_tick(numbers))


@njit(cache=True, nogil=True)
def less(found: Ints, known: Ints) -> Ints:  # pragma: no cover - compiled
    """Return the numbers found that are not known, ascending and each once."""
    bits, base = _tick(found)
    for number in known:
        if 0 <= (number >> 6) - base < len(bits):
            bits[(number >> 6) - base] &= ~(_ONE << np.uint64(number & 63))
    return ticked(bits, base)


@njit(cache=True, nogil=True)
def ticked(bits: Words, base: int) -> Ints:  # pragma: no cover - compiled
    """Return which bits are set, counted from those of a word."""
    size = np.int64(0)
    for word in bits:
        size += _set_in(word)
    found, count = np.empty(size + 64, dtype=np.int64), np.int64(0)
    for k in range(len(bits)):
        word, first = bits[k], (base + k) << 6
        if not word:
            continue
        if _set_in(word) < _FEW:
            while word:
                found[count] = first + _set_in(~word & (word - _ONE))
                count += 1
                word &= word - _ONE
            continue
        for bit in range(64):
            found[count] = first + bit
            count += np.int64(word >> np.uint64(bit) & _ONE)
    return found[:count]


@njit(cache=True, nogil=True)
def _numbered(numbers: Ints) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    bits, base = _tick(numbers)
    before, count = np.empty(len(bits), dtype=np.int64), np.int64(0)
    for k in range(len(bits)):
        before[k] = count
        count += _set_in(bits[k])
    place = np.empty(len(numbers), dtype=np.int64)
    for k in range(len(numbers)):
        word = (numbers[k] >> 6) - base
        place[k] = before[word] + _set_in(bits[word] & ((_ONE << np.uint64(numbers[k] & 63)) - _ONE))
    return ticked(bits, base), place


@njit(cache=True, nogil=True)
def _tick(numbers: Ints) -> tuple[Words, int]:  # pragma: no cover - compiled
    """Set a bit for each of some numbers, and tell at which word of all they begin."""
    if not len(numbers):
        return np.empty(0, dtype=np.uint64), 0
    base = numbers.min() >> 6
    bits = np.zeros((numbers.max() >> 6) - base + 1, dtype=np.uint64)
    for number in numbers:
        bits[(number >> 6) - base] |= _ONE << np.uint64(number & 63)
    return bits, base


@njit(cache=True, nogil=True)
def _set_in(word: np.uint64) -> np.int64:  # pragma: no cover - compiled
    """Count the bits that are set in a word (Warren, *Hacker's Delight*, 2012, figure 5-2)."""
    word -= (word >> _ONE) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
