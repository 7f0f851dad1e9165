"""What is not known of the hospitals, assumed or wrong, and what the coordinator must hear of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.area import Area
from planner.doctrine import Transport as Rules
from planner.hospitals.drives import Drive, level_text, time_text
from planner.hospitals.known import KnownHospital
from planner.hospitals.patients import HIGH_LEVELS, Shares, others_rate, red_rate
from planner.model import Casualties, HospitalStatus, Incident, Notice
from planner.routes.driving import BY_MARK, BY_ZONE
from planner.terms import NoticeLevel
from planner.words import count as counted
from planner.words import joined

_ABOUT = "hospitals"
CALL_FIRST = "possible second scene and walk-in surge: call before sending"
_MOST_NAMES = 6
NONE_TOLD = "no source says that they have an emergency department"


def map_notices(drives: Sequence[Drive], area: Area, rules: Rules) -> list[Notice]:
    """Say what the map and the tables lack."""
    remedy = "load a hospital table (planner hospitals import)"
    if not drives:
        text = f"No hospital is known for {area.name}: {remedy}"
        return [Notice(NoticeLevel.DANGER, text, _ABOUT)]
    notices = [Notice(NoticeLevel.INFO, "Travel times know no traffic data", _ABOUT)]
    found = [d.hospital for d in drives]
    here = [h for h in found if not h.off_map and area.covers(h.location)] or found
    if not any(h.has_level for h in here):  # whatever is known of others far off: the nearest may be a centre
        where = "here" if len(here) == len(found) else f"on the map of {area.name}"
        text = f"No trauma level is known for any hospital {where}, and none is guessed: {remedy}"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    elif unknown := sum(not h.has_level for h in found):
        text = f"No trauma level is known for {unknown} of {len(found)} hospitals"
        notices.append(Notice(NoticeLevel.INFO, text, _ABOUT))
    doubtful = sum(not h.emergencies for h in found)
    if doubtful:
        text = f"For {doubtful} of {len(found)} hospitals {NONE_TOLD}: "
        text += (
            "others come first, call before sending"
            if any(d.unsure for d in drives)
            else "call before sending"
        )
        notices.append(Notice(NoticeLevel.INFO, text, _ABOUT))
    timed = [d for d in drives if d.time_s is not None]
    if timed and all(d.beyond_m for d in timed):
        text = f"The map of {area.name} shows no hospital that can be reached: times beyond it are estimates"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    if astray := [d.hospital.name for d in timed if d.leads_away]:
        text = (
            f"The way leaves the map away from {_several(astray)}: ask dispatch for the way. "
            "None that leads towards there is open from the scene; times are reckoned round the map"
        )
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    notices += _all_far(timed, rules)
    by_danger = [d.hospital.name for d in drives if d.second_scene]
    if by_danger:
        text = (
            f"By the danger, inside the outer perimeter or close to hot ground: {_several(by_danger)}; "
            f"{CALL_FIRST}. Staff and walk-in patients need a gate"
        )
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    return notices + _unreached(drives)


def not_listed_notices(count: int, rules: Rules) -> list[Notice]:
    """Say how many hospitals of the map lie further off than those that are listed."""
    if not count:
        return []
    text = (
        f"Not listed: {counted(count, 'more hospital')} of the map, of no known trauma level and further off "
        f"in a straight line than the nearest {rules.listed_hospitals} that can be reached"
    )
    return [Notice(NoticeLevel.INFO, text, _ABOUT)]


def _all_far(timed: Sequence[Drive], rules: Rules) -> list[Notice]:
    """Say that no hospital for adults is known within hours, and which is the nearest that is."""
    adults = [d for d in timed if not d.hospital.for_children]
    nearest = min(adults, key=lambda d: d.time_s or 0.0, default=None)
    if nearest is None or (nearest.time_s or 0.0) <= 60 * rules.reds_further_min:
        return []
    text = (
        f"No hospital for adults is known within {rules.reds_further_min:.0f} min: the nearest known is "
        f"{nearest.hospital.name}, {level_text(nearest.hospital)}, {time_text(nearest)}. Ask who is nearer"
    )
    return [Notice(NoticeLevel.CAUTION, text, _ABOUT)]


def _unreached(drives: Sequence[Drive]) -> list[Notice]:
    """Say once for each reason to which hospitals there is no way.

    A danger where none is reached, or where one is lost that is told to treat trauma; else a caution.
    """
    why: dict[str, list[KnownHospital]] = {}
    for drive in drives:
        if drive.time_s is None:
            why.setdefault(drive.why_not, []).append(drive.hospital)
    none = all(drive.time_s is None for drive in drives)
    notices = []
    for reason, lost in why.items():
        grave = none or any(hospital.has_level for hospital in lost)
        told = reason if len(lost) == 1 else _of_several(reason)
        text = f"No way to drive to {_several([hospital.name for hospital in lost])}: {told}"
        if BY_ZONE in reason and BY_MARK not in reason:
            text += (
                "; who loads beyond it gets there: consider a second ambulance exchange point on that side"
            )
        notices.append(Notice(NoticeLevel.DANGER if grave else NoticeLevel.CAUTION, text, _ABOUT))
    return notices


def _of_several(reason: str) -> str:
    """Write a reason that was found for one hospital as one for several."""
    for one, many in (("it lies ", "they lie "), ("it is ", "they are ")):
        if reason.startswith(one):
            return many + reason.removeprefix(one)
    return reason


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def patient_notices(
    incident: Incident, drives: Sequence[Drive], shares: Shares, rules: Rules
) -> list[Notice]:
    """Say who finds no place, who goes far, and what was assumed."""
    notices: list[Notice] = []
    if not drives:
        return notices
    if incident.casualties is None:
        return [Notice(NoticeLevel.INFO, "Casualties not said: no patients are allocated", _ABOUT)]
    if incident.casualties == Casualties():
        return notices
    children = [d.hospital.name for d in drives if d.hospital.for_children and d.time_s is not None]
    if incident.children is None and children:
        text = f"Ages are not known, so nobody is planned for {', '.join(children)}: consider it for children"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    notices += _child_notices(incident, drives, shares) + _sent_notices(incident, drives)
    notices += _assumed_notices(shares)
    left = [f"{n} {colour}" for colour, n in vars(shares.left).items() if n]
    if left:
        who = "patient finds" if sum(vars(shares.left).values()) == 1 else "patients find"
        text = (
            f"{', '.join(left)} {who} no place within the first hour at hospitals in reach, of known "
            "level and capacity: ask each hospital what it takes, and write that in"
            + _reckoned_with(drives, shares, rules)
        )
        notices.append(Notice(NoticeLevel.DANGER, text, _ABOUT))
    if any(
        d.hospital.beds is None for d, a in zip(drives, shares.assigned, strict=True) if a.yellow + a.green
    ):
        text = (
            f"Beds are unknown for some hospitals: {rules.assumed_beds} assumed for yellow and green patients"
        )
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    late = [d for d, a in zip(drives, shares.assigned, strict=True) if a.red and _is_late(d, rules)]
    if late:
        where = _several([f"{d.hospital.name} ({time_text(d)})" for d in late])
        text = (
            f"Some reds go further than {rules.golden_hour_min:.0f} min, to {where}: "
            "no nearer trauma centre of known level has places for them"
        )
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    return [*notices, *_others_late(drives, shares, rules)]


def _reckoned_with(drives: Sequence[Drive], shares: Shares, rules: Rules) -> str:
    """Say on what it rests that patients find no place: what is not known, and what is kept for walk-ins."""
    reached = _in_reach(drives, rules)
    asked, kept = [drives[k] for k in reached], [shares.walk_ins[k] for k in reached]
    parts = []
    if shares.left.red:
        rates = [
            red_rate(d.status.red_per_h if d.status else None, d.hospital.adult_level, rules) for d in asked
        ]
        unknown, held = rates.count(None), sum(one.red for one in kept)
        parts += [f"no reds where no level is known, at {counted(unknown, 'hospital')}"] if unknown else []
        parts += [f"{held} red kept for walk-ins"] if held else []
    if shares.left.yellow or shares.left.green:
        said = [d.status.others_per_h if d.status else None for d in asked]
        bare = sum(d.hospital.beds is None and n is None for d, n in zip(asked, said, strict=True))
        an_hour, held = math.floor(others_rate(None, None, rules)), sum(one.others for one in kept)
        assumed = f"{rules.assumed_beds} beds assumed, so {an_hour} yellow or green an hour"
        parts += [f"{assumed}, at each of {counted(bare, 'hospital')} of unknown beds"] if bare else []
        parts += [f"{held} yellow or green kept for walk-ins"] if held else []
    return f". Reckoned with: {'; '.join(parts)}" if parts else ""


def _in_reach(drives: Sequence[Drive], rules: Rules) -> list[int]:
    """Return which are for adults, take ambulances and are not hours further than the nearest."""
    times_s = {k: d.time_s for k, d in enumerate(drives) if d.time_s is not None and not d.shut}
    most_s = min(times_s.values(), default=0.0) + 60 * rules.others_further_min
    return [k for k, time_s in times_s.items() if time_s <= most_s and not drives[k].hospital.for_children]


def _others_late(drives: Sequence[Drive], shares: Shares, rules: Rules) -> list[Notice]:
    """Say how many yellows and greens are driven beyond the hour: a nearer hospital may take them."""
    late = [(d, a) for d, a in zip(drives, shares.assigned, strict=True) if _is_late(d, rules)]
    counts = sum(a.yellow for _, a in late), sum(a.green for _, a in late)
    told = [f"{n} {colour}" for n, colour in zip(counts, ("yellow", "green"), strict=True) if n]
    if not told:
        return []
    far = [d for d, a in late if a.yellow or a.green]
    where = _several([f"{d.hospital.name} ({time_text(d)})" for d in far])
    nearest_s = min(d.time_s for d in far if d.time_s is not None)
    nearer = any(d.time_s is not None and d.time_s < nearest_s for d in drives)
    text = (
        f"Planned for hospitals further than {rules.golden_hour_min:.0f} min away: {' and '.join(told)}, "
        f"at {where}"
        + (
            ". Nearer hospitals are closed, or full by what is stated or assumed: ask what they take"
            if nearer
            else ": no hospital known is nearer"
        )
    )
    return [Notice(NoticeLevel.CAUTION, text, _ABOUT)]


def _is_late(drive: Drive, rules: Rules) -> bool:
    return drive.time_s is not None and drive.time_s > rules.golden_hour_min * 60


def _child_notices(incident: Incident, drives: Sequence[Drive], shares: Shares) -> list[Notice]:
    patients, children = incident.casualties or Casualties(), incident.children or Casualties()
    notices = []
    if any(n > of for n, of in zip(vars(children).values(), vars(patients).values(), strict=True)):
        text = "More children than casualties are said: so many casualties are planned for"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    with_adults = [
        d.hospital.name
        for d, n, cap in zip(drives, shares.children, shares.caps, strict=True)
        if n.red > cap.child_red
    ]
    if with_adults:
        centre = childrens_centre(drives)
        text = f"Some red children are planned for centres of adults, {_several(with_adults)}: "
        text += (
            "no paediatric capacity is known for them"
            if centre is None
            else f"paediatric places are full or further. {transfer_text(centre)}"
        )
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    return notices


def childrens_centre(drives: Sequence[Drive]) -> Drive | None:
    """Return the soonest reached paediatric centre of Level I or II that takes ambulances."""
    centres = [
        d for d in drives if d.time_s is not None and not d.shut and d.hospital.pediatric_level in HIGH_LEVELS
    ]
    return min(centres, key=lambda d: (bool(d.second_scene), d.time_s or 0.0), default=None)


def transfer_text(centre: Drive) -> str:
    """Say what follows for a red child at a centre of adults."""
    level = f"Level {centre.hospital.pediatric_level} paediatric"
    return f"Stabilise, then transfer: {centre.hospital.name}, {level}, {time_text(centre)}"


def _sent_notices(incident: Incident, drives: Sequence[Drive]) -> list[Notice]:
    said = vars(incident.casualties or Casualties())
    sent = [vars(drive.status.sent) for drive in drives if drive.status]
    over = [colour for colour, n in said.items() if sum(one[colour] for one in sent) > n]
    if not over:
        return []
    text = f"More {' and '.join(over)} patients are said to be sent than there are casualties: count again"
    return [Notice(NoticeLevel.CAUTION, text, _ABOUT)]


def _assumed_notices(shares: Shares) -> list[Notice]:
    """Say that those who are sent to hospitals for all ages are taken for adults, where children remain."""
    here = ", ".join(f"{n} {colour}" for colour, n in vars(shares.assumed_children).items() if n)
    if not here:
        return []
    text = (
        f"Whoever is sent to a hospital that takes adults and children is taken for an adult: {here} of the "
        "children are planned for as still here. Where a child was sent there, say one child less"
    )
    return [Notice(NoticeLevel.CAUTION, text, _ABOUT)]


def status_notices(drives: Sequence[Drive], unknown: Sequence[HospitalStatus]) -> list[Notice]:
    """Repeat what the coordinator said, and say of which hospitals nothing is known here."""
    notices = []
    for word in ("closed", "on diversion"):
        shut = [drive.hospital.name for drive in drives if drive.shut == word]
        if shut:
            text = f"Said by the coordinator to be {word}, no ambulance is planned there: {_several(shut)}"
            notices.append(Notice(NoticeLevel.INFO, text, _ABOUT))
    if unknown:
        names = _several([status.name for status in unknown])
        text = f"The coordinator speaks of hospitals that neither the map nor a table has here: {names}"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    return notices


def is_closed(hospital: KnownHospital, area: Area) -> bool:
    """Whether a hospital of the map is dropped: a table says that it is closed, and the map is no newer."""
    return bool(hospital.told_closed) and not _is_newer(area.data_date, hospital.closed_as_of)


def is_left_out(hospital: KnownHospital, area: Area) -> bool:
    """Whether nobody is sent to a hospital of the map or asks there: it is closed, or takes no wounded."""
    return bool(hospital.no_wounded) or is_closed(hospital, area)


def left_out_notices(hospitals: Sequence[KnownHospital], area: Area) -> list[Notice]:
    """Say which places that the map calls hospitals are left out, and why."""
    told = [f"{h.name} ({h.no_wounded})" for h in hospitals if h.no_wounded]
    text = f"Left out, as they take no wounded: {joined(told)}. A hospital table that names one brings it in"
    return ([Notice(NoticeLevel.INFO, text, _ABOUT)] if told else []) + closed_notices(hospitals, area)


def _is_newer(map_date: str, table_date: str) -> bool:
    """Compare ISO dates by what both tell; an unknown one is not newer."""
    length = min(len(map_date), len(table_date))
    return length > 0 and map_date[:length] > table_date[:length]


def closed_notices(hospitals: Sequence[KnownHospital], area: Area) -> list[Notice]:
    """Say which hospitals of the map a table says are closed: dropped, or kept because the map is newer."""
    notices = []
    for hospital in hospitals:
        if not hospital.told_closed:
            continue
        who = f"{hospital.name or 'A hospital'} is closed, says {hospital.told_closed}"
        who += f" ({hospital.closed_as_of or 'no date'})"
        if is_closed(hospital, area):
            notices.append(
                Notice(NoticeLevel.INFO, f"{who}: it is left out, though the map shows it", _ABOUT)
            )
        else:
            text = f"{who}; the map is newer and shows it: call before sending"
            notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    return notices
