"""The order in which a contraction hierarchy takes up streets: those that lie between halves of the map last.

A map is cut in two where the fewest streets cross in proportion to the smaller half, each half again, and so
on (nested dissection, George 1973); the streets that a cut crosses come after all that it parts. Cutting
streets rather than junctions is what turns ask for, for states are streets (Buchhold, Wagner, Zeitz and
Zündorf, *Customizable Contraction Hierarchies with Turn Costs*, 2020). Of the streets of one cut, all that
lead out of one half come first, then all that lead into it: while the former are contracted none of them has
a shortcut to another, which halves what is to be done. Cuts are found by *inertial flow* (Schild and Sommer,
*On Balanced Separators in Road Networks*, 2015): the quarter of the junctions that lies furthest to one side
is held against the opposite quarter, in four directions, and the best minimum cut wins.

Dead ends, and streets between junctions of two streets, are put in order beforehand; what is left to cut is
less than half of a city.
"""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.streets.grouping import grouped

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Floats = NDArray[np.float64]

Cell = tuple[int, int, int]
"""Nodes ``first:last`` of the nodes as they are arranged, and how many links rank below those among them."""

_DIRECTIONS = ((1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (-1.0, 1.0))
"""East, north: whole numbers, for sines differ in their last bit between machines, and the order with it."""
_HELD = 0.25
"""Share of the nodes on either side that are held against each other."""
_WHOLE = 4096
"""A cell of no more nodes is cut to the end at once, a larger one is a task for whichever thread is free."""


@dataclass(frozen=True, eq=False)
class _Links:
    """A graph without directions: link k lies between two nodes, and half of it begins at each of them.

    Parameters
    ----------
    start : (N + 1,) int32 array
        Halves that begin at node n are ``start[n]:start[n + 1]``.
    far, arc, other : (2K,) int32 arrays
        Of each half: the node at its end; k along link k and K + k against it; the half that leads back.
    """

    start: Ints32
    far: Ints32
    arc: Ints32
    other: Ints32


def rank_arcs(u: Ints, v: Ints, xy_m: Floats) -> Ints32:
    """Return the rank of each direction of each link for contraction, (2K,): 0 is taken up first.

    Those along all links from u to v come first, then those against them.

    Parameters
    ----------
    u, v : (K,) int array
        The nodes at its ends; links from a node to itself and parallel ones are allowed.
    xy_m : (N, 2) float array
        Where the nodes lie.
    """
    links, count = _link_up(u, v, len(xy_m)), len(u)
    rank = np.full(count, -1, dtype=np.int32)
    ranked, left = _rank_dead_ends(links.start, links.far, links.arc, rank)
    ranked, tails, heads, kept = _rank_chains(links.start, links.far, links.arc, left, rank, ranked)
    del links, left  # of a metro, fifty megabytes
    met = np.zeros(len(xy_m), dtype=bool)
    met[tails] = met[heads] = True
    number = np.cumsum(met) - 1
    core = _link_up(number[tails], number[heads], int(met.sum()))
    del number, tails, heads
    of_arcs = np.concatenate([2 * rank, 2 * rank + 1])
    of_arcs[np.concatenate([kept, (kept + count) % max(2 * count, 1)])] = 2 * ranked + _dissect(
        core, xy_m[met]
    )
    return of_arcs


def _link_up(u: Ints, v: Ints, count: int) -> _Links:
    start, order = (found.astype(np.int32) for found in grouped(np.concatenate([u, v]), count))
    place = np.empty_like(order)
    place[order] = np.arange(len(order), dtype=np.int32)
    other = np.roll(place, -len(u))[order]
    del place
    far = np.concatenate([v, u], dtype=np.int32)[order]
    return _Links(start, far, arc=order, other=other)


# --- what needs no cut ----------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _rank_dead_ends(
    start: Ints32, far: Ints32, arc: Ints32, rank: Ints32
) -> tuple[int, Ints32]:  # pragma: no cover - compiled
    """Rank dead ends, from their ends on; returns how many links, and how many are left at each node."""
    nodes = len(start) - 1
    left = start[1:] - start[:-1]
    queue = np.empty(nodes, dtype=np.int32)
    waiting = done = ranked = 0
    for node in range(nodes):
        if left[node] == 1:
            queue[waiting] = node
            waiting += 1
    while done < waiting:
        node = queue[done]
        done += 1
        for half in range(start[node], start[node + 1]):
            if rank[arc[half] % len(rank)] < 0:
                rank[arc[half] % len(rank)] = ranked
                ranked += 1
                left[node] -= 1
                left[far[half]] -= 1
                if left[far[half]] == 1:
                    queue[waiting] = far[half]
                    waiting += 1
    return ranked, left


@njit(cache=True, nogil=True)
def _rank_chains(
    start: Ints32, far: Ints32, arc: Ints32, left: Ints32, rank: Ints32, ranked: int
) -> tuple[int, Ints32, Ints32, Ints32]:  # pragma: no cover - compiled
    """Rank all but one link of each chain of nodes at which two links are left, and rings wholly.

    Returns how many links are ranked, and of each chain the nodes at its ends and the link that stands for
    it, in the direction from the first of them.
    """
    seen = rank >= 0
    tails = np.empty(len(rank), dtype=np.int32)
    heads, kept, chain = np.empty_like(tails), np.empty_like(tails), np.empty_like(tails)
    chains = 0
    for rings in (False, True):  # first what begins at a junction, then rings without one
        for node in range(len(left)):
            if left[node] == 0 or (left[node] == 2) != rings:
                continue
            for first in range(start[node], start[node + 1]):
                if seen[arc[first] % len(rank)]:
                    continue
                length, half = 0, first
                while half >= 0:
                    chain[length] = arc[half] % len(rank)
                    seen[chain[length]] = True
                    length += 1
                    at, half = far[half], -1
                    if left[at] == 2:
                        for after in range(start[at], start[at + 1]):
                            if not seen[arc[after] % len(rank)]:
                                half = after
                spared = 0 if at == node else 1
                if spared:
                    tails[chains], heads[chains], kept[chains] = node, at, arc[first]
                    chains += 1
                ranked = _rank_as_on_ruler(chain[spared:length], rank, ranked)
    return ranked, tails[:chains], heads[:chains], kept[:chains]


@njit(cache=True, nogil=True)
def _rank_as_on_ruler(chain: Ints32, rank: Ints32, ranked: int) -> int:  # pragma: no cover - compiled
    """Rank links in a row like the marks of a ruler, the finest first: no long way up for any of them."""
    step = 1
    while step <= len(chain):
        for mark in range(step, len(chain) + 1, 2 * step):
            rank[chain[mark - 1]] = ranked
            ranked += 1
        step *= 2
    return ranked


# --- cutting --------------------------------------------------------------------------------------


def _dissect(links: _Links, xy_m: Floats) -> Ints32:
    """Return the rank of each direction; whichever thread cuts what, it is the same."""
    nodes, halves = len(links.start) - 1, len(links.far)
    rank = np.full(halves, -1, dtype=np.int32)
    # Where each node stands now, and which node stands where: a thread touches only those of its own cell.
    at = np.arange(nodes, dtype=np.int32)
    standing = np.arange(nodes, dtype=np.int32)
    local = np.empty(halves, dtype=np.int32)

    def cut(cell: Cell) -> list[Cell]:
        graph = links.start, links.far, links.arc, links.other, xy_m
        return _cut(cell, _WHOLE, *graph, at, standing, local, rank)

    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="dissection") as pool:
        asked: set[Future[list[Cell]]] = {pool.submit(cut, (0, nodes, 0))}
        while asked:
            done, asked = wait(asked, return_when=FIRST_COMPLETED)
            asked |= {pool.submit(cut, cell) for future in done for cell in future.result()}
    return rank


@njit(cache=True, nogil=True)
def _cut(
    cell: Cell,
    whole: int,
    start: Ints32,
    far: Ints32,
    arc: Ints32,
    other: Ints32,
    xy_m: Floats,
    at: Ints32,
    standing: Ints32,
    local: Ints32,
    rank: Ints32,
) -> list[Cell]:  # pragma: no cover - compiled
    """Cut a cell in two, and on to the end if it is no larger than ``whole``; returns what is left to cut."""
    todo, large = [cell], [cell]
    large.clear()
    while len(todo):
        first, last, lowest = todo.pop()
        count = last - first
        if count < 2:
            continue
        begin, near, through, back = _cell(first, last, start, far, arc, other, at, standing, local)
        side = _halves(begin, near, back, xy_m, standing[first:last])
        inner = _rank_cut(begin, near, through, side, rank, lowest)
        half = _arrange(side, at, standing, first)
        for part in ((first, first + half, lowest), (first + half, last, lowest + inner)):
            if count > whole:
                large.append(part)
            else:
                todo.append(part)
    return large


@njit(cache=True, nogil=True)
def _cell(
    first: int,
    last: int,
    start: Ints32,
    far: Ints32,
    arc: Ints32,
    other: Ints32,
    at: Ints32,
    standing: Ints32,
    local: Ints32,
) -> tuple[Ints32, Ints32, Ints32, Ints32]:  # pragma: no cover - compiled
    """Return the links among the nodes of a cell as :class:`_Links` does, nodes counted from its first."""
    count = 0
    for k in range(first, last):
        count += start[standing[k] + 1] - start[standing[k]]
    begin = np.empty(last - first + 1, dtype=np.int32)
    near, back = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    halves = 0
    for k in range(first, last):
        begin[k - first] = halves
        for half in range(start[standing[k]], start[standing[k] + 1]):
            if first <= at[far[half]] < last:
                near[halves], back[halves] = at[far[half]] - first, half
                local[half] = halves
                halves += 1
    begin[last - first] = halves
    through = np.empty(halves, dtype=np.int32)
    for k in range(halves):
        through[k] = arc[back[k]]
        back[k] = local[other[back[k]]]
    return begin, near[:halves], through, back[:halves]


@njit(cache=True, nogil=True)
def _rank_cut(
    begin: Ints32, near: Ints32, through: Ints32, side: Bools, rank: Ints32, lowest: int
) -> int:  # pragma: no cover - compiled
    """Give the highest ranks of a cell to the links that are cut: first out of the true side, then into it.

    Returns how many links lie on the true side.
    """
    cut = inner = 0
    for k in range(len(side)):
        for half in range(begin[k], begin[k + 1]):
            inner += side[k] and side[near[half]]
            cut += side[k] and not side[near[half]]
    out = 2 * lowest + len(near) - 2 * cut
    for k in range(len(side)):
        for half in range(begin[k], begin[k + 1]):
            if side[k] and not side[near[half]]:
                arc = through[half]
                rank[arc] = out
                rank[(arc + len(rank) // 2) % len(rank)] = out + cut
                out += 1
    return inner // 2


@njit(cache=True, nogil=True)
def _arrange(side: Bools, at: Ints32, standing: Ints32, first: int) -> int:  # pragma: no cover - compiled
    """Let the nodes on the true side stand before the others; returns how many they are."""
    before = standing[first : first + len(side)].copy()
    place = first
    for chosen in (True, False):
        for k in range(len(side)):
            if side[k] == chosen:
                standing[place], at[before[k]] = before[k], place
                place += 1
    return int(side.sum())


@njit(cache=True, nogil=True)
def _halves(
    begin: Ints32, near: Ints32, back: Ints32, xy_m: Floats, nodes: Ints32
) -> Bools:  # pragma: no cover - compiled
    """Return which nodes of a cell lie on one side of the best cut."""
    count = len(nodes)
    held = max(1, int(count * _HELD))
    flow = np.empty(len(near), dtype=np.int8)
    end = np.empty(count, dtype=np.int8)
    mark, level = np.empty(count, dtype=np.int8), np.empty(count, dtype=np.int32)
    current, queue = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    side = np.zeros(count, dtype=np.bool_)
    along = np.empty(count, dtype=np.float64)
    best_cut, best_half = len(near), 0
    for east, north in _DIRECTIONS:
        for k in range(count):
            along[k] = xy_m[nodes[k], 0] * east + xy_m[nodes[k], 1] * north
        order = np.argsort(along)
        end[:] = 0
        end[order[:held]], end[order[count - held :]] = 1, 2
        # No cut of more can win: the smaller half is half of the cell at the most.
        most = int(len(near) if best_half == 0 else best_cut * (count // 2) // best_half)
        cut = _flow(begin, near, back, end, most, flow, level, current, queue)
        if cut > most:
            continue
        for from_end in (1, 2):
            size = _reached(begin, near, back, end, flow, from_end, mark, queue)
            half = min(size, count - size)
            # fewer cut for each node of the smaller half; of equals the more even
            mine, best = cut * best_half, best_cut * half
            if best_half == 0 or mine < best or (mine == best and half > best_half):
                best_cut, best_half = cut, half
                side[:] = mark == 1
    return side


@njit(cache=True, nogil=True)
def _flow(  # noqa: C901 - two loops that belong together, and calls cost
    begin: Ints32,
    near: Ints32,
    back: Ints32,
    end: NDArray[np.int8],
    most: int,
    flow: NDArray[np.int8],
    level: Ints32,
    current: Ints32,
    path: Ints32,
) -> int:  # pragma: no cover - compiled
    """Send as much as possible from nodes whose ``end`` is 1 to those where it is 2, one unit over each link.

    By shortest paths, all of one length at a time (Dinitz 1970). Gives up, with ``most`` + 1, when more than
    ``most`` can be sent.
    """
    count, sent = len(end), 0
    flow[:] = 0
    while True:
        waiting, done, furthest = 0, 0, count + 1
        for k in range(count):
            level[k] = -1
            current[k] = begin[k]
            if end[k] == 1:
                level[k] = 0
                path[waiting] = k
                waiting += 1
        while done < waiting and level[path[done]] < furthest:
            k = path[done]
            done += 1
            for half in range(begin[k], begin[k + 1]):
                node = near[half]
                if level[node] < 0 and flow[half] < 1:
                    level[node] = level[k] + 1
                    if end[node] == 2:
                        furthest = level[node]
                    else:
                        path[waiting] = node
                        waiting += 1
        if furthest > count:
            return sent
        for source in range(count):
            if end[source] != 1:
                continue
            node, depth = source, 0
            while True:
                if end[node] == 2:
                    for step in range(depth):
                        flow[path[step]] += 1
                        flow[back[path[step]]] -= 1
                    sent += 1
                    if sent > most:
                        return sent
                    node, depth = source, 0
                while current[node] < begin[node + 1]:
                    half = current[node]
                    if flow[half] < 1 and level[near[half]] == level[node] + 1 and depth < furthest:
                        break
                    current[node] += 1
                if current[node] < begin[node + 1]:
                    path[depth] = current[node]
                    node = near[current[node]]
                    depth += 1
                elif depth == 0:
                    break
                else:
                    depth -= 1
                    node = near[back[path[depth]]]
                    current[node] += 1


@njit(cache=True, nogil=True)
def _reached(
    begin: Ints32,
    near: Ints32,
    back: Ints32,
    end: NDArray[np.int8],
    flow: NDArray[np.int8],
    from_end: int,
    mark: NDArray[np.int8],
    queue: Ints32,
) -> int:  # pragma: no cover - compiled
    """Mark with 1 what more could be sent to from one end, or from where more could be sent to the other.

    Returns how many that are.
    """
    waiting = done = 0
    for k in range(len(end)):
        mark[k] = 0
        if end[k] == from_end:
            mark[k] = 1
            queue[waiting] = k
            waiting += 1
    while done < waiting:
        k = queue[done]
        done += 1
        for half in range(begin[k], begin[k + 1]):
            node = near[half]
            free = flow[half] < 1 if from_end == 1 else flow[back[half]] < 1
            if mark[node] == 0 and free:
                mark[node] = 1
                queue[waiting] = node
                waiting += 1
    return waiting
