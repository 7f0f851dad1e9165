"""What the transport page asks: casualties, ambulances, and of each hospital what it takes.

Each answer goes into the incident document before the page runs again, so that the whole page shows one plan.
It is read off its entry first, and then said at once: any look at the session may end the run.
What was said before is a field's default, never put into its state: a browser that has not yet heard of such
a state answers that the field is empty, and what was said would be lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import streamlit as st

from planner import packs, words
from planner.briefing.concurrence import agrees, ways_digest
from planner.briefing.phrases import drive, trauma
from planner.doctrine import Transport as Rules
from planner.hospitals.ambulances import is_ambulance
from planner.hospitals.patients import Ward, child_red_per_h, others_per_h, red_per_h, walk_ins_by_doctrine
from planner.hospitals.unlisted import Unlisted
from planner.model import Casualties, HospitalOption, Plan, WalkIns
from planner.ui import state
from planner.ui.board import show_board
from planner.ui.held import OpenIncident
from planner.ui.hospital_words import MOST_PEOPLE, Facts, Json, place_key, resaid, said_of, sent_more
from planner.ui.show import show_html
from planner.ui.transport import departures

_COLOURS = (("red", "Red"), ("yellow", "Yellow"), ("green", "Green"))
_AMBULANCES = "ambulance"
_OPEN, _DIVERSION, _CLOSED = "Open", "Diversion", "Closed"
_RATES = (
    ("red_per_h", "Red / h"),
    ("child_red_per_h", "Red children / h"),
    ("others_per_h", "Yellow, green / h"),
)
_KEPT = (("red", "Keep: red"), ("child_red", "Keep: red children"), ("others", "Keep: yellow, green"))
_BY_DOCTRINE: dict[str, Callable[[Ward, Rules], float | None]] = {
    "red_per_h": red_per_h,
    "child_red_per_h": child_red_per_h,
    "others_per_h": others_per_h,
}
_MOST = 1000
_FIELD_PX = 134
"""Three beside each other on a tablet, each with its two buttons."""
_FIRST = 8
_MARKDOWN = "\\`*_{}[]()<>#+-.!|:$~&"


def ask_casualties(incident: OpenIncident) -> None:
    """Ask how many are hurt, how many of them are children, and how many ambulances are at hand."""
    for member, title, whose in (("casualties", "Casualties", ""), ("children", "Of these", " children")):
        said = incident.facts.get(member) or {}
        st.markdown(f"**{title}**")
        with st.container(horizontal=True, gap="small"):
            for colour, label in _COLOURS:
                take = _set_people(member, colour)
                _count(incident, f"{member} {colour}", label + whose, said.get(colour), take)
    known = [n for name, n in (incident.facts.get("units") or {}).items() if is_ambulance(name)]
    _count(incident, "ambulances", "Ambulances at hand", sum(known) if known else None, _set_ambulances)


def _count(
    incident: OpenIncident, what: str, label: str, value: int | None, take: Callable[[str], None]
) -> None:
    shown = None if value is None else min(value, MOST_PEOPLE)
    key = _key_of(f"{what} of {incident.id}", shown)
    st.number_input(
        label,
        value=shown,
        min_value=0,
        max_value=MOST_PEOPLE,
        step=1,
        key=key,
        placeholder="?",
        width=_FIELD_PX,
        on_change=take,
        args=(key,),
    )


def _set_people(member: str, colour: str) -> Callable[[str], None]:
    def take(key: str) -> None:
        count = st.session_state[key]

        def counted(facts: Facts) -> Facts:
            counts = {**(facts.get(member) or {}), colour: count}
            return {**facts, member: {name: n for name, n in counts.items() if n is not None} or None}

        state.take_entry(key, count, counted, f"{member} {colour}: {_told(count)}")

    return take


def _set_ambulances(key: str) -> None:
    count = st.session_state[key]

    def counted(facts: Facts) -> Facts:
        others = {n: v for n, v in (facts.get("units") or {}).items() if not is_ambulance(n)}
        return {**facts, "units": others if count is None else {**others, _AMBULANCES: count}}

    state.take_entry(key, count, counted, f"ambulances at hand: {_told(count)}")


def _told(value: object) -> str:
    return "not said" if value is None else str(value)


# --- who leaves -----------------------------------------------------------------------------------


def ask_departure(incident: OpenIncident, plan: Plan) -> None:
    """Count each patient who leaves by one press, beside the map: what transport does most.

    The presses are words of the board, which says each until it is on disk: Streamlit's own buttons lose one
    that is followed quickly by another.
    """
    by_key = {place_key(hospital): hospital for hospital in plan.hospitals}
    if not by_key:
        return
    show_html('<div class="pl"><h2 id="leaves">Patient leaves</h2></div>')
    chosen = st.selectbox(
        "Patient leaves for",
        list(by_key),
        index=None,
        placeholder="choose the hospital, then press a colour",
        format_func=lambda which: _leaving_text(by_key[which]),
        key=f"leaves in {incident.id}",
    )
    show_board(
        departures(incident.facts, chosen or "", _last_counted(incident)),
        incident=incident.id,
        plan=plan.id,
        acknowledged=state.last_word(),
    )


def _leaving_text(hospital: HospitalOption) -> str:
    shut = ", CLOSED" if hospital.closed else ", ON DIVERSION" if hospital.diversion else ""
    young = ", children only" if hospital.children_only else ""
    return f"{words.plain(hospital.name)}, {drive(hospital)}{young}{shut}"


def _last_counted(incident: OpenIncident) -> str:
    """Return the colour and the key of the hospital of the patient who was counted last; "" if none was."""
    act, on = state.said_last(incident)
    return on if act == "sends" else ""


# --- the ways -------------------------------------------------------------------------------------


def ask_agreement(incident: OpenIncident, plan: Plan) -> None:
    """Ask whether EMS agrees with the ambulances' ways; other ways are asked for anew (F24)."""
    ways = ways_digest(plan)
    if not ways:
        return
    agreed = agrees(plan)
    key = _key_of(f"agreed {ways} in {incident.id}", agreed)
    st.checkbox(
        "EMS agrees with the ambulances' ways as they are now",
        value=agreed,
        key=key,
        on_change=_set_agreed,
        args=(key, ways),
    )


def _set_agreed(key: str, ways: str) -> None:
    agreed = bool(st.session_state[key])
    now = datetime.now().astimezone().isoformat(timespec="minutes")
    said = {"ways": ways, "at": now} if agreed else None
    told = (
        "EMS agrees with the ambulances' ways" if agreed else "EMS does not agree with the ambulances' ways"
    )
    state.take_entry(key, agreed, lambda facts: {**facts, "ems_agreed": said}, told)


# --- hospitals -------------------------------------------------------------------------------------


def ask_hospitals(incident: OpenIncident, plan: Plan, others: Sequence[Unlisted] = ()) -> None:
    """Ask of each hospital whether it takes ambulances, and how many patients an hour.

    Parameters
    ----------
    incident : OpenIncident
    plan : Plan
    others : sequence of Unlisted
        Those that the plan does not list: they are found by name.
    """
    show_html('<div class="pl"><h2 id="hospitals">What hospitals say</h2></div>')
    st.text(
        "Call each. The numbers an hour are those planned with until you change them; ? = not known. What "
        "you write outranks tables and doctrine. Keep = places left free for patients who come by "
        "themselves. Sent = the running count: add with each ambulance that leaves; add who came by himself "
        "too, and keep so many fewer."
    )
    due, cards = _kept_by_doctrine(plan), _cards(incident, plan)
    for number, k in enumerate(cards):
        if number % 2 == 0:
            columns = st.columns(2)
        with columns[number % 2]:
            _ask_hospital(incident, plan.hospitals[k], due[k])
    rest = [hospital for k, hospital in enumerate(plan.hospitals) if k not in cards]
    _ask_for_another(incident, rest, others)


def _cards(incident: OpenIncident, plan: Plan) -> list[int]:
    """Return of which hospitals it is asked: the first, and all that somebody said something of.

    In the order in which they were first shown, new ones last: an entry that moved on the page, as a plan put
    the hospitals in another order, would lose what is being typed in it.
    """
    shown = [k for k, h in enumerate(plan.hospitals) if k < _FIRST or said_of(incident.facts, h)]
    known: dict[str, int] = st.session_state.setdefault(f"cards of {incident.id}", {})
    for k in shown:
        known.setdefault(place_key(plan.hospitals[k]), len(known))
    return sorted(shown, key=lambda k: known[place_key(plan.hospitals[k])])


def _ask_for_another(
    incident: OpenIncident, listed: Sequence[HospitalOption], others: Sequence[Unlisted]
) -> None:
    """Ask which other hospital was called, by name: any that the map or a table has."""
    by_key: dict[str, HospitalOption | Unlisted] = {place_key(h): h for h in listed}
    by_key |= {place_key(h): h for h in others}
    told = {place_key(h): f"{words.plain(h.name)}, {drive(h)}" for h in listed}
    told |= {place_key(h): _unlisted_text(h) for h in others}
    if not told:
        return
    key = f"another in {incident.id}"
    beyond = f", {len(others)} of them not listed above" if others else ""
    st.selectbox(
        f"Another hospital, by name: {words.count(len(told), 'more hospital')}{beyond}",
        list(told),
        index=None,
        placeholder="type a part of its name",
        format_func=told.__getitem__,
        key=key,
        on_change=_take_another,
        args=(key, by_key),
    )


def _unlisted_text(hospital: Unlisted) -> str:
    levels = [f"Level {hospital.adult_level}"] if hospital.adult_level else []
    levels += [f"paediatric {hospital.pediatric_level}"] if hospital.pediatric_level else []
    city = [words.plain(hospital.city)] if hospital.city else []
    away = f"{words.both(hospital.away_m)} off in a straight line"
    return ", ".join((words.plain(hospital.name), *city, *levels, away))


def _take_another(key: str, by_key: Mapping[str, HospitalOption | Unlisted]) -> None:
    chosen = by_key.get(st.session_state[key] or "")
    if chosen is not None:
        _say(chosen, {"listed": True}, "listed")
        st.session_state[key] = None


def _kept_by_doctrine(plan: Plan) -> tuple[WalkIns, ...]:
    wards = [
        Ward(
            h.time_s,
            h.adult_level,
            h.beds,
            for_children=h.children_only,
            pediatric_level=h.pediatric_level,
            closed=h.closed,
            red=h.red_per_h,
            child_red=h.child_red_per_h,
            others=h.others_per_h,
        )
        for h in plan.hospitals
    ]
    patients = plan.incident.casualties or Casualties()
    rules = packs.shipped_doctrine().transport
    return walk_ins_by_doctrine(patients, wards, rules, plan.incident.children)


def _ask_hospital(incident: OpenIncident, hospital: HospitalOption, due: WalkIns) -> None:
    said = said_of(incident.facts, hospital)
    tail = f"{place_key(hospital)} in {incident.id}"
    with st.container(border=True):
        st.markdown(f"**{_inert(words.plain(hospital.name))}**  \n{_inert(_facts(hospital))}")
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            takes = _CLOSED if said.get("closed") else _DIVERSION if said.get("diversion") else _OPEN
            key = _key_of(f"takes {tail}", takes)
            st.segmented_control(
                f"Ambulances to {words.plain(hospital.name)}",
                (_OPEN, _DIVERSION, _CLOSED),
                default=takes,
                key=key,
                required=True,
                label_visibility="collapsed",
                on_change=_set_state,
                args=(key, hospital),
            )
            for member, label in _RATES:
                if member == "child_red_per_h" and hospital.pediatric_level is None and not said.get(member):
                    continue
                _ask_rate(hospital, member, label, said.get(member), f"{member} {tail}")
        _ask_kept(hospital, due, said, tail)
        _ask_sent(hospital, said, tail)
        if set(said) == {"name", "location", "listed"}:
            st.button(
                "Take it off this list again",
                key=f"unlist {tail}",
                on_click=_say,
                args=(hospital, {"listed": False}, "not listed any more"),
            )


def _ask_sent(hospital: HospitalOption, said: Json, tail: str) -> None:
    """Keep the running count: a patient more with each ambulance that leaves."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for colour, label in _COLOURS:
            sent = int((said.get("sent") or {}).get(colour) or 0)
            key = _key_of(f"sent {colour} {tail}", sent)
            st.number_input(
                f"Sent: {label.lower()}",
                value=sent,
                min_value=0,
                max_value=MOST_PEOPLE,
                step=1,
                key=key,
                width=_FIELD_PX,
                on_change=_set_sent,
                args=(key, hospital, colour),
            )


def _key_of(entry: str, value: object) -> str:
    """Return the key of an entry: another one when its value was changed elsewhere, so that it shows that.

    All others stay as they are, also one that somebody is typing in. What a new one shows is remembered.
    """
    turn: int = st.session_state.get(f"turn of {entry}", 0)
    key = f"{entry} {turn}"
    if st.session_state.get(key, value) != value:
        st.session_state[f"turn of {entry}"] = turn + 1
        key = f"{entry} {turn + 1}"
    if key not in st.session_state:
        state.show_entry(key, value)
    return key


def _ask_rate(hospital: HospitalOption, member: str, label: str, value: float | None, entry: str) -> None:
    shown = _planned(hospital, member) if value is None else math.floor(value)
    key = _key_of(entry, shown)
    st.number_input(
        label,
        value=shown,
        min_value=0,
        max_value=_MOST,
        step=1,
        key=key,
        placeholder="?",
        width=_FIELD_PX,
        on_change=_set_rate,
        args=(key, hospital, member),
    )


def _facts(hospital: HospitalOption) -> str:
    parts = [trauma(hospital), drive(hospital)]
    parts += [words.count(hospital.beds, "bed")] if hospital.beds is not None else []
    parts += ["burn centre"] if hospital.burn else []
    parts += ["helipad"] if hospital.helipad else []
    return ", ".join(parts)


def _inert(text: str) -> str:
    """Return text that Markdown leaves alone: names in maps must not become links or pictures."""
    return "".join(f"\\{letter}" if letter in _MARKDOWN else letter for letter in text)


def _set_state(key: str, hospital: HospitalOption) -> None:
    word = st.session_state[key]
    said = {"closed": word == _CLOSED, "diversion": word == _DIVERSION}
    _take(key, word, hospital, said, str(word).lower())


def _set_rate(key: str, hospital: HospitalOption, member: str) -> None:
    said = st.session_state[key]
    rate = None if said == _planned(hospital, member) else said
    told = f"{dict(_RATES)[member]} {'as planned' if rate is None else rate}"
    _take(key, said, hospital, {member: rate}, told)


def _planned(hospital: HospitalOption, member: str) -> int | None:
    """Return what is planned with while nothing is said: by level and beds, None where no level is known."""
    rules = packs.shipped_doctrine().transport
    ward = Ward(None, hospital.adult_level, hospital.beds, pediatric_level=hospital.pediatric_level)
    rate = _BY_DOCTRINE[member](ward, rules)
    return None if rate is None else math.floor(rate)


def _ask_kept(hospital: HospitalOption, due: WalkIns, said: Json, tail: str) -> None:
    """Ask how many places stay free for those who come by themselves: by doctrine until it is said."""
    takes = {
        "red": hospital.red_per_h,
        "child_red": hospital.child_red_per_h,
        "others": hospital.others_per_h,
    }
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for member, label in _KEPT:
            if not takes[member] or (member == "red" and hospital.children_only):
                continue
            told = (said.get("keep") or {}).get(member)
            shown = int(getattr(due, member) if told is None else told)  # null: as doctrine reckons
            key = _key_of(f"keep {member} {tail}", shown)
            st.number_input(
                label,
                value=shown,
                min_value=0,
                max_value=MOST_PEOPLE,
                step=1,
                key=key,
                width=_FIELD_PX,
                on_change=_set_kept,
                args=(key, hospital, member, getattr(due, member)),
            )


def _set_kept(key: str, hospital: HospitalOption, member: str, due: int) -> None:
    places = st.session_state[key]

    def kept(facts: Facts) -> Facts:
        said = {**(said_of(facts, hospital).get("keep") or {}), member: places}
        left = {name: n for name, n in said.items() if n is not None and (name != member or n != due)}
        return resaid(facts, hospital, {"keep": left})

    state.take_entry(key, places, kept, _of(hospital, f"{dict(_KEPT)[member]} {_told(places)}"))


def _set_sent(key: str, hospital: HospitalOption, colour: str) -> None:
    count = st.session_state[key] or 0
    told = _of(hospital, f"sent {colour}: {count}")
    state.count_on(key, count, lambda facts, more: sent_more(facts, hospital, colour, more), told)


def _take(key: str, value: object, hospital: HospitalOption, words_on_it: Facts, told: str) -> None:
    """Write what an entry says of one hospital, where that is news."""
    state.take_entry(key, value, lambda facts: resaid(facts, hospital, words_on_it), _of(hospital, told))


def _say(hospital: HospitalOption | Unlisted, words_on_it: Facts, told: str) -> None:
    """Write what is said of one hospital into the incident, in place of what was said before."""
    state.restate(lambda facts: resaid(facts, hospital, words_on_it), _of(hospital, told))


def _of(hospital: HospitalOption | Unlisted, told: str) -> str:
    return f"{words.plain(hospital.name)}: {told}"
