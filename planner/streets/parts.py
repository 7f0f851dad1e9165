"""Which streets hang together: within a part one can drive from anywhere to anywhere, signs obeyed.

By junctions alone a street would count that only a forbidden turn leads into, and one would not that ends at
a bollard, though one drives in and turns back.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from planner.streets.search import BARRED
from planner.streets.street_arrays import Bools, Ints, StreetArrays
from planner.streets.timing import Timing


def find_parts(streets: StreetArrays, timing: Timing, closed: Bools) -> Ints:
    """Return which part each street that is not closed lies in, (E,).

    Parts are numbered by their length, the longest 0. -1: a street that lies in none, as it leads only into
    a part or out of it, or is barred.

    Parameters
    ----------
    streets : StreetArrays
    timing : Timing
        Who drives, and which turns that takes.
    closed : (E,) bool array
    """
    turns = timing.turns
    street = turns.state_arc % streets.edge_count
    usable = np.isfinite(timing.arc_s[turns.state_arc]) & ~closed[street]
    made = (timing.lost_ms < BARRED) & usable[turns.origin] & usable[turns.to]
    before, after = turns.origin[made], turns.to[made]
    size = turns.state_count
    begins = np.zeros(size + 1, dtype=np.int32)
    np.cumsum(np.bincount(before, minlength=size), out=begins[1:])  # turns lie in the order of their origins
    # Floats, for the search of scipy's would make them so.
    graph = csr_array((np.ones(len(after)), after.astype(np.int32), begins), shape=(size, size))
    label = connected_components(graph, directed=True, connection="strong")[1].astype(np.int64)
    # A part has a turn within it: to be driving one way and never come back is none.
    within = np.zeros(int(label.max(initial=-1)) + 1, dtype=bool)
    within[label[before[label[before] == label[after]]]] = True
    rank = _by_length(streets, label, within)
    of_state = np.where(within[label], rank[label], -1)
    count = len(within)
    part = np.full(streets.edge_count, count, dtype=np.int64)
    inside = np.flatnonzero(of_state >= 0)
    np.minimum.at(part, street[inside], of_state[inside])
    part[part == count] = -1
    return _with_stops(part, of_state, street, (before, after))


def _by_length(streets: StreetArrays, label: Ints, within: Bools) -> Ints:
    """Return the number of each part by the length of its streets, each counted once, the longest 0."""
    ahead, back = label[: 2 * streets.edge_count].reshape(2, -1)
    length_m = np.bincount(ahead, weights=streets.length_m, minlength=len(within))
    other = ahead != back
    length_m += np.bincount(back[other], weights=streets.length_m[other], minlength=len(within))
    rank = np.empty(len(within), dtype=np.int64)
    rank[np.lexsort((np.arange(len(within)), -length_m, ~within))] = np.arange(len(within))
    return rank


def _with_stops(part: Ints, of_state: Ints, street: Ints, made: tuple[Ints, Ints]) -> Ints:
    """Add the streets where who stops may come by one direction and leave by the other.

    To drive on is another matter: no state there need lie in the part.
    """
    before, after = made
    count = int(of_state.max(initial=-1)) + 1
    if not count:
        return part
    came = (part[street[after]] < 0) & (of_state[before] >= 0)
    left = (part[street[before]] < 0) & (of_state[after] >= 0)
    both = np.intersect1d(
        street[after[came]] * count + of_state[before[came]],
        street[before[left]] * count + of_state[after[left]],
    )
    added, first = np.unique(both // count, return_index=True)
    part[added] = both[first] % count
    return part
