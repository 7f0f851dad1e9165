"""Numbers ticked off: as numpy sorts them."""

from __future__ import annotations

import numpy as np
import pytest

from planner.streets.ticking import each_once, less, numbered


@pytest.mark.parametrize("below", [1, 63, 64, 65, 1000, 1_000_000])
@pytest.mark.parametrize("count", [0, 1, 70, 3000])
def test_what_is_ticked_off_is_told_once_and_in_order(below: int, count: int) -> None:
    dice = np.random.default_rng(below + count)
    one, other = dice.integers(0, below, count), dice.integers(0, below, (2, count))
    once, (place, places) = numbered(one, other)
    np.testing.assert_array_equal(once, np.unique(np.concatenate([one, other.ravel()])))
    np.testing.assert_array_equal(once[place], one)
    np.testing.assert_array_equal(once[places], other)
    np.testing.assert_array_equal(each_once(one), np.unique(one))


@pytest.mark.parametrize("low", [0, 640, 999_000])
def test_numbers_less_others(low: int) -> None:
    dice = np.random.default_rng(low)
    found, known = dice.integers(500, 1500, 300), dice.integers(low, low + 1200, 400)
    np.testing.assert_array_equal(less(found, known), np.setdiff1d(found, known))
    np.testing.assert_array_equal(less(found, known[:0]), np.unique(found))
    assert not len(less(found, found))
