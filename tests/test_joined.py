"""Which nodes hang together, against scipy's components."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.streets.joined import joined, looped
from planner.streets.street_arrays import Ints

_ENDS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30)


def _same_groups(one: Ints, other: NDArray[np.integer]) -> bool:
    return bool(((one[:, None] == one) == (other[:, None] == other)).all())


@settings(max_examples=150, deadline=None)
@given(_ENDS)
def test_nodes_hang_together_as_scipy_says(ends: list[tuple[int, int]]) -> None:
    u, v = np.array(ends, dtype=np.int64).reshape(-1, 2).T.copy()
    graph = coo_array((np.ones(len(u)), (u, v)), shape=(12, 12))
    assert _same_groups(joined(u, v, 12), connected_components(graph, directed=False)[1])
    strong = connected_components(graph, directed=True, connection="strong")[1]
    assert _same_groups(looped(u, v, 12), strong)
