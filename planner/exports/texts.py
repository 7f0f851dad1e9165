"""Plans as plain text in UTF-8: dispatch, the public notice, the request for airspace, the towing list."""

from __future__ import annotations

from collections import Counter

from shapely.geometry import LineString

from planner.area import Area
from planner.briefing import dispatch
from planner.briefing.airspace import airspace_request, airspace_text
from planner.briefing.public_notice import notice_text, public_notice
from planner.exports.closed_streets import closed_streets
from planner.exports.exporter import Options
from planner.exports.page_facts import edition
from planner.model import Plan

_RULE = "\n" + "=" * 78 + "\n\n"


def export_text(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write what the radio says, then what the desk keeps."""
    when = edition(options)
    return _RULE.join([dispatch.radio_text(plan, when), dispatch.dispatch_text(plan, when)]).encode()


def export_notice(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the public notice as far as the plan knows it; what is blank or unconfirmed keeps it a draft."""
    assert area is not None
    said = {"sender": ", ".join(part for part in (options.sender, options.contact) if part)}
    return notice_text(public_notice(plan, edition(options), said, _longest_first(plan, area))).encode()


def _longest_first(plan: Plan, area: Area) -> list[str]:
    """Name the closed streets, those with most ground closed first."""
    closed: Counter[str] = Counter()
    for street in closed_streets(plan, area):
        closed[street.street] += round(LineString(area.frame.to_m(street.line)).length)
    return [name for name, _ in sorted(closed.items(), key=lambda one: (-one[1], one[0]))]


def export_airspace(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the request for airspace, with the helipads and airfields of plan and map."""
    return airspace_text(plan, airspace_request(plan, area), edition(options)).encode()


def export_towing(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the towing and no-parking list of the corridor."""
    return dispatch.keep_clear_text(plan, edition(options)).encode()
