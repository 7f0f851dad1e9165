"""A counting sort groups rows as a stable sort does."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.streets.grouping import grouped


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.integers(0, 9), max_size=40), st.integers(10, 13))
def test_rows_of_each_owner_lie_together_in_their_order(owners: list[int], count: int) -> None:
    owner = np.array(owners, dtype=np.int64)
    indptr, rows = grouped(owner, count)
    assert np.array_equal(rows, np.argsort(owner, kind="stable"))
    assert np.array_equal(np.diff(indptr), np.bincount(owner, minlength=count))
