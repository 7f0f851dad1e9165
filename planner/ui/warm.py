"""Areas that stay open for everyone, and one plan on each, made before anyone asks for one.

What was compiled at set-up is only loaded, much is worked out once for an area, and the first use of each
part of the page costs its own: all of it is spent behind the scenes, from the start of the server on, so
that the first tap is as quick as the second.
"""

from __future__ import annotations

import gc
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import streamlit as st

from planner import packs, settings
from planner.area import Area
from planner.briefing.measures import plan_in_units
from planner.briefing.phrases import Edition
from planner.memory import collect_seldom, give_back
from planner.model import Plan
from planner.sources.hospital_tables import installed_hospitals
from planner.store import Store
from planner.streets.hierarchy import LEAST_STREETS
from planner.ui.layers import map_layers
from planner.ui.map import packed
from planner.ui.panel_texts import texts
from planner.ui.panels import Beside, plan_panel
from planner.ui.ready import first_plan
from planner.words import METRES

AREAS_KEPT = 3


@st.cache_resource(max_entries=AREAS_KEPT, show_spinner=False)
def kept_area(name: str, digest: str) -> Area:
    """Open an area, and keep it open."""
    return packs.open_area(name)


def area_of(listing: packs.Listing, progress: packs.Progress) -> Area:
    """Open a listed area, importing a shipped one that has never been opened.

    Raises
    ------
    PlannerError
        If its pack is broken or cannot be written.
    """
    if listing.manifest is None:
        return packs.open_area(listing.name, progress=progress)
    area = kept_area(listing.name, listing.manifest["digest"])
    _warmed(area.name, area.digest, area)
    return area


def warming_of(area: Area) -> Future[None] | None:
    """Return what is got ready for the first plan on a city's map, None where all is there.

    On a small map it is there before anyone could read that it is not.
    """
    warming = _warmed(area.name, area.digest, area)
    return None if warming.done() or area.network.edge_count < LEAST_STREETS else warming


@st.cache_resource(show_spinner=False)
def _warming_room() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="warm-up")


@st.cache_resource(show_spinner=False)
def warm_up() -> Future[None]:
    """Make a plan of each area to expect behind the scenes, once, when the server or the app starts."""
    return _told(_warming_room().submit(_warm_default))


def _told(warming: Future[None]) -> Future[None]:
    """Nobody waits for it, so that what stops it would not be heard of."""
    warming.add_done_callback(_tell_trouble)
    return warming


def _tell_trouble(warming: Future[None]) -> None:
    if error := warming.exception():
        logging.getLogger(__name__).error("not warmed up: the first plan takes longer", exc_info=error)


def _warm_default() -> None:
    collect_seldom()
    for name in areas_to_expect():
        if not any(one.name == name and one.manifest for one in packs.list_areas()):
            packs.open_area(name)  # imports it
        digest = packs.read_manifest(name)["digest"]
        _rehearsed(name, digest, kept_area(name, digest))
        gc.freeze()  # what is loaded by now stays: no plan shall wait while it is looked through for garbage


def areas_to_expect() -> list[str]:
    """Return the areas that a tap is likely on: what a new page opens, and where the last incident was."""
    kept = Store(settings.read_settings().incidents)
    last = kept.list_incidents(1)
    here = {listing.name for listing in packs.list_areas() if not listing.problem}
    return list(dict.fromkeys([area_to_open(kept), *(one.area for one in last if one.area in here)]))


def area_to_open(kept: Store) -> str:
    """Return the area that a new page opens: that of the last incident, else the last one imported.

    An area imported since outranks an incident on one of the maps that come with the program: those are old,
    and there to look at it. With no incident and no area of one's own it is the default one.
    """
    listings = {one.name: one for one in packs.list_areas() if not one.problem}
    own = {name: packs.installed_at(name) for name, one in listings.items() if not one.shipped}
    moment, newest = max(((at, name) for name, at in own.items() if at), default=(None, ""))
    for last in kept.list_incidents(1):
        shipped = last.area in listings and listings[last.area].shipped
        outranked = shipped and moment is not None and moment > datetime.fromisoformat(last.saved_at)
        if last.area in listings and not outranked:
            return last.area
    return newest or packs.DEFAULT_AREA


@st.cache_resource(max_entries=AREAS_KEPT, show_spinner=False)
def _warmed(name: str, digest: str, _area: Area) -> Future[None]:
    return _told(_warming_room().submit(_rehearsed, name, digest, _area))


@st.cache_resource(max_entries=AREAS_KEPT, show_spinner=False)
def _rehearsed(name: str, digest: str, _area: Area) -> None:
    """Plan somewhere on an area and make ready what is shown of it: all is there for the first tap then."""
    installed_hospitals(_area, packs.shipped_doctrine())
    show(first_plan(_area), _area)
    give_back()  # what working all of it out has left


def show(plan: Plan, area: Area) -> None:
    """Make of a plan what the page shows, for no other end than to have made it once."""
    packed(map_layers(plan, METRES, area))
    plan_panel(plan, Beside(METRES, {}, (), (), texts(plan_in_units(plan, METRES), Edition(), {})))
