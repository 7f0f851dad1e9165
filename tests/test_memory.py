"""What is remembered changes no plan, and is bounded."""

from __future__ import annotations

import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from threading import Barrier, Lock
from time import sleep

import pytest

from planner.area import Area
from planner.doctrine import Doctrine, read_doctrine
from planner.document import write_plan
from planner.geo import LonLat
from planner.hospitals.known import KnownHospital
from planner.memory import Memory, give_back, one_at_a_time
from planner.model import Casualties, Closure, Incident, Plan, PostEdit, Shape
from planner.plan import make_plan
from planner.routes.alternatives import middle_points
from planner.settings import shipped
from planner.terms import PostEditKind, PostMode, RouteKind, ThreatName
from tests.town import town


@lru_cache(maxsize=1)
def area() -> Area:
    return town()


@lru_cache(maxsize=1)
def doctrine() -> Doctrine:
    return read_doctrine(shipped("data", "doctrine.toml"))


def asker(most: int) -> tuple[Memory, list[str], Callable[[str], str]]:
    """Return a memory, what had to be found, and how to ask for a letter in capitals."""
    memory, found = Memory(most), list[str]()

    def find(letter: str) -> str:
        found.append(letter)
        return letter.upper()

    return memory, found, lambda letter: memory.once(lambda: find(letter), "capital", letter)


def test_what_is_asked_for_again_is_found_once() -> None:
    _, found, capital = asker(2)
    assert [capital(letter) for letter in "aab"] == ["A", "A", "B"]
    assert found == ["a", "b"]


def test_what_was_not_asked_for_longest_is_forgotten() -> None:
    memory, found, capital = asker(2)
    for letter in "abacab":  # c pushes b out, which was asked for before a
        capital(letter)
    assert found == ["a", "b", "c", "b"]
    memory.forget()
    capital("a")
    assert found[-1] == "a"


def test_what_fails_is_tried_again() -> None:
    memory = Memory(2)
    with pytest.raises(ZeroDivisionError):
        memory.once(lambda: 1 // 0, "a")
    assert memory.once(lambda: 1, "a") == 1


def edited(incident: Incident, plan: Plan) -> list[Incident]:
    """One incident after the other, as somebody works on it: each differs from the first by one edit."""
    posts = [post for post in plan.posts if post.mode is PostMode.VEHICLE]
    first, last = (Shape(points=(post.location,)) for post in (posts[0], posts[-1]))
    way = next(route for route in plan.routes if route.route is RouteKind.EGRESS)
    far = Shape(points=middle_points(way, way.streets[-1], area())[:1])
    return [
        replace(incident, closures=(Closure(far),)),
        replace(incident, post_edits=(PostEdit(first, PostEditKind.REMOVE, posts[0].perimeter),)),
        replace(incident, post_edits=(PostEdit(last, PostEditKind.OPEN),)),
        replace(incident, closures=(Closure(last),)),
        replace(incident, casualties=Casualties(1, 2, 3)),
        replace(incident, threat=ThreatName.RIFLE),
    ]


def test_an_edited_plan_is_the_same_as_one_made_from_nothing() -> None:
    incident = Incident(location=area().frame.place(0.0, 0.0), threat=ThreatName.HANDGUN)
    every = edited(incident, make_plan(incident, area(), doctrine()))
    remembered = [write_plan(make_plan(said, area(), doctrine())) for said in every]
    assert len(set(remembered)) == len(every)
    for said, plan in zip(every, remembered, strict=True):
        area().memory.forget()
        assert plan == write_plan(make_plan(said, area(), doctrine()))


def test_two_threads_never_plan_at_once_for_prepared_shapes_are_not_made_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy, met = Lock(), list[bool]()

    def watched(*_: object) -> None:
        met.append(busy.acquire(blocking=False))
        sleep(0.02)
        if met[-1]:
            busy.release()
        raise KeyError

    @one_at_a_time
    def other(area: Area) -> None:
        with pytest.raises(KeyError):
            watched(area)

    def planned() -> None:
        with pytest.raises(KeyError):
            make_plan(Incident(), area(), doctrine())

    monkeypatch.setattr("planner.plan.with_field_roads", watched)
    area()
    with ThreadPoolExecutor(6) as threads:
        for running in [threads.submit(work) for work in (planned, lambda: other(area())) * 3]:
            running.result()
    assert met == [True] * 6


def test_nobody_waits_for_work_on_another_area() -> None:
    both = Barrier(2, timeout=20)

    @one_at_a_time
    def meet(area: Area) -> None:
        both.wait()

    with ThreadPoolExecutor(2) as threads:
        for running in [threads.submit(meet, one) for one in (area(), replace(area(), name="elsewhere"))]:
            running.result()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_memory_that_nobody_uses_any_more_is_given_back() -> None:
    used = [bytes(1000) for _ in range(100_000)]
    last = used.pop()  # what lies below it stays with C's library
    del used
    held = resident_bytes()
    give_back()
    assert resident_bytes() < held - 50_000_000
    assert len(last) == 1000


def test_numbers_that_work_is_kept_under_are_told_apart_by_each_of_them_though_few_are_hashed() -> None:
    hospital = KnownHospital("General", LonLat(1.0, 2.0), 3.0, 4.0)
    for key in (doctrine().siting, doctrine().travelling, hospital):
        again = replace(key)
        assert (again, hash(again)) == (key, hash(key))
        numbers = [field.name for field in fields(key) if type(getattr(key, field.name)) in (int, float)]
        others = {replace(key, **{name: getattr(key, name) + 1}) for name in numbers}
        assert len(others | {key}) == len(numbers) + 1
