"""Plans that are shown, cached for everyone: the same incident on the same map is planned once."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from planner import packs
from planner.area import Area
from planner.document import read_incident
from planner.model import Incident, Plan
from planner.plan import HeldScene, before_patients, hold_scene, make_plan
from planner.sources.hospital_tables import InstalledHospitals, installed_hospitals

_PLANS_KEPT = 64
_SCENES_KEPT, _SCENES_WITH_ROADS_KEPT = 16, 2


@st.cache_resource(max_entries=_PLANS_KEPT, show_spinner=False)
def _plan(
    said: str,
    name: str,
    digest: str,
    at_hand: str,
    _incident: Incident,
    _area: Area,
    _tables: InstalledHospitals,
) -> Plan:
    before = before_patients(_incident)
    hold = _held_with_roads if before.field_roads else _held
    held = hold(repr(before), name, digest, before, _area)
    return make_plan(_incident, _area, packs.shipped_doctrine(), *_tables, held)


@st.cache_resource(max_entries=_SCENES_KEPT, show_spinner=False)
def _held(said: str, name: str, digest: str, _incident: Incident, _area: Area) -> HeldScene:
    """Keep what does not hang on what hospitals say: each says it apart, and is planned with at once."""
    return hold_scene(_incident, _area, packs.shipped_doctrine())


@st.cache_resource(max_entries=_SCENES_WITH_ROADS_KEPT, show_spinner=False)
def _held_with_roads(said: str, name: str, digest: str, _incident: Incident, _area: Area) -> HeldScene:
    """Keep the same where field roads are drawn: few, for each has all streets of the area once more."""
    return hold_scene(_incident, _area, packs.shipped_doctrine())


def plan_of(document: str, area: Area) -> Plan | None:
    """Plan what an incident document says; None where it does not say where.

    Raises
    ------
    PlannerError
        If the document or the area does not allow a plan; an error is not kept.
    """
    said = read_incident(document)
    if not _says_where(said):
        return None
    tables = installed_hospitals(area, packs.shipped_doctrine())
    bare = said.unmarked()
    plan = _plan(repr(bare), area.name, area.digest, repr(tables), bare, area, tables)
    return plan if bare is said else replace(plan, incident=said)


def _says_where(said: Incident) -> bool:
    """Whether anything says where the incident is: a pin or a blocked street alone does not."""
    return said.location is not None or bool(said.zones) or bool(said.threats)
