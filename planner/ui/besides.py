"""What stands beside a plan on the board: what was said, what changed, what may be sent."""

from __future__ import annotations

import streamlit as st

from planner.briefing.changes import plan_changes
from planner.briefing.measures import plan_in_units
from planner.briefing.phrases import Edition
from planner.model import Plan, Site
from planner.terms import SiteSource
from planner.ui import state
from planner.ui.held import OpenIncident
from planner.ui.panel_texts import texts
from planner.ui.panels import Beside

_SUGGESTED_KEY = "suggested since"


def beside(incident: OpenIncident, plan: Plan | None, units: str) -> Beside:
    """Return what the board says beside a plan: what was said, what changed, what may be sent."""
    if plan is None:
        return Beside(units, incident.facts, incident.features)
    before = state.remember_plan(incident.id, plan)
    changes = plan_changes(before, plan) if before else ()
    edition = Edition(exercise=incident.facts.get("exercise") is True)
    sent = texts(plan_in_units(plan, units), edition, incident.facts.get("notice", {}))
    return Beside(units, incident.facts, incident.features, changes, sent, _suggested_since(incident, plan))


def _suggested_since(incident: OpenIncident, plan: Plan) -> dict[str, str]:
    """Return since when each first suggestion stands: as long as it is on the same ground."""
    owner, seen = st.session_state.get(_SUGGESTED_KEY, ("", {}))
    known: dict[str, tuple[Site, str]] = seen if owner == incident.id else {}
    saved = None if known else state.store().read_incident(incident.id)  # a reloaded page: since it was said
    begun = saved.saved_at if saved else state.now()
    stands = {}
    for site in plan.sites:
        if site.rank == 1 and site.source is SiteSource.SUGGESTED:
            before, moment = known.get(site.purpose.value, (None, ""))
            same = before is not None and before.shape == site.shape
            stands[site.purpose.value] = (site, moment if same else begun)
    st.session_state[_SUGGESTED_KEY] = (incident.id, stands)
    return {site.id: moment for site, moment in stands.values()}
