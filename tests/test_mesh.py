"""A triangulation is Delaunay's, and so is one with points added."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import Delaunay
from shapely.geometry import MultiPoint

from planner.perimeters.mesh import adding, triangulate

FRAME = np.array([(-100.0, -100.0), (100.0, -101.0), (102.0, 100.0), (-99.0, 103.0)])
SEEDS = st.integers(0, 10_000)


def flat_area(triangles, xy):
    a, b, c = (xy[triangles[:, k]] for k in range(3))
    return ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2


@given(seed=SEEDS, old=st.integers(0, 30), new=st.integers(1, 12))
def test_points_added_give_the_triangles_of_all(seed, old, new):
    xy = np.vstack([FRAME, np.random.default_rng(seed).uniform(-90, 90, (old + new, 2))])

    triangles, neighbours = adding(triangulate(xy[:-new]), xy, new)

    assert {frozenset(t) for t in triangles.tolist()} == {
        frozenset(t) for t in Delaunay(xy).simplices.tolist()
    }
    assert (flat_area(triangles, xy) > 0).all()
    for t, k in np.argwhere(neighbours >= 0).tolist():
        beside = set(triangles[neighbours[t, k]].tolist())
        assert beside >= set(np.delete(triangles[t], k).tolist())
        assert t in neighbours[neighbours[t, k]]


@given(seed=SEEDS, new=st.integers(1, 8))
def test_points_in_the_middle_of_sides_leave_no_flat_triangle(seed, new):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(-60.0, 61, 20), np.arange(-60.0, 61, 20)), axis=-1).reshape(-1, 2)
    before = np.vstack([FRAME, grid])
    mesh = triangulate(before)
    inside = np.argwhere(mesh[1] >= 0)
    picked = inside[rng.choice(len(inside), new, replace=False)]
    ends = np.array([np.delete(mesh[0][t], k) for t, k in picked])
    middles = np.unique(before[ends].mean(axis=1), axis=0)

    triangles, _ = adding(mesh, np.vstack([before, middles]), len(middles))

    areas = flat_area(triangles, np.vstack([before, middles]))
    assert (areas > 1e-6).all()
    assert np.isclose(areas.sum(), flat_area(mesh[0], before).sum())


@given(seed=SEEDS, count=st.integers(4, 120), step=st.sampled_from([0.0, 1.0, 20.0]))
def test_no_circle_around_a_triangle_holds_a_point(seed, count, step):
    """In rows as streets are laid out, at one place twice, and at random."""
    rng = np.random.default_rng(seed)
    places = rng.integers(-4, 5, (count, 2)) * step if step else rng.uniform(-90, 90, (count, 2))
    xy = np.vstack([FRAME, places])

    triangles, neighbours = triangulate(xy)

    areas = flat_area(triangles, xy)
    assert (areas > 0).all()
    assert np.isclose(areas.sum(), flat_area(Delaunay(xy).simplices, xy).sum())
    held = {tuple(xy[k]) for k in np.unique(triangles)}
    assert held == {tuple(place) for place in xy}
    for t, k in np.argwhere(neighbours >= 0).tolist():
        beyond = np.setdiff1d(triangles[neighbours[t, k]], triangles[t])
        assert len(beyond) == 1
        middle, radius = circle(xy[triangles[t]])
        assert np.hypot(*(xy[beyond[0]] - middle)) > radius * (1 - 1e-9)


def circle(corners):
    (bx, by), (cx, cy) = corners[1:] - corners[0]
    twice = 2 * (bx * cy - by * cx)
    bb, cc = bx * bx + by * by, cx * cx + cy * cy
    off = np.array([cy * bb - by * cc, bx * cc - cx * bb]) / twice
    return corners[0] + off, np.hypot(*off)


def test_points_in_one_row_are_joined_to_those_beside_it():
    row = np.column_stack([np.linspace(-80, 80, 41), np.zeros(41)])
    xy = np.vstack([FRAME, row])

    triangles, _ = triangulate(xy)

    sides = {frozenset(pair) for t in triangles.tolist() for pair in zip(t, [*t[1:], t[0]], strict=True)}
    assert all(frozenset((k, k + 1)) in sides for k in range(4, len(xy) - 1))


def test_points_a_hair_off_one_row_end_in_a_triangulation_all_the_same():
    """Rounding lays triangles over each other here: followed on, their sides led out of the arrays."""
    xy = np.array(
        [
            (0.0, 609.12112),
            (1301.49815, 1494.13449),
            (1301.49708, 1494.13667),
            (1301.50857, 1494.11257),
            (1303.24553, 0.0),
            (1303.24553, 2080.80355),
            (1908.65556, 863.65388),
        ]
    )

    triangles, neighbours = triangulate(xy)

    assert np.isclose(np.abs(flat_area(triangles, xy)).sum(), MultiPoint(xy).convex_hull.area)
    for t, k in np.argwhere(neighbours >= 0).tolist():
        assert t in neighbours[neighbours[t, k]]
