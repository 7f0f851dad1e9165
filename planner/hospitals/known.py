"""The hospitals that a plan can name: from the map and from hospital tables, each place once.

Trauma levels come from tables only. OpenStreetMap has no tag for them, and a level is never guessed.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Transport
from planner.geo import LonLat
from planner.memory import kept_with
from planner.model import HospitalFact
from planner.table import Table
from planner.terms import PlaceKind, TraumaLevel

MAP_SOURCE = "OpenStreetMap"
# Words that half of all hospitals bear: they do not tell one from another.
_COMMON_WORDS = frozenset(
    re.findall(
        r"\w+",
        """the of and at for st saint hospital hospitals hospitalar hospitalario medical center centre centro
        medico health healthcare system clinic clinica campus inc de del da do dos das la el los las san santo
        sao santa general regional community memorial university universitario universitaire hopital clinique
        krankenhaus klinikum klinik spital ziekenhuis ospedale sykehus sjukhus sygehus szpital nemocnice
        korhaz hastane больница поликлиника госпиталь лікарня 医院 病院 병원""",
    )
)
_GENERAL_CARE = frozenset(
    {"general", "emergency", "trauma", "traumatology", "surgery", "intensive", "internal"}
)
"""Values of ``healthcare:speciality`` with which a hospital takes the injured, whatever else it does."""
_SPECIAL_NAMES: tuple[tuple[str, str], ...] = (
    (
        "psychiatric",
        r"psychiatr\w*|psiquiatr\w*|psichiatr\w*|mental|behaviou?ral|психиатр\w*|精神",
    ),
    ("for the aged", r"geriatr\w*|nursing|hospice|psychogeriatr\w*"),
    ("rehabilitation", r"rehab|rehabilita\w*|reeducation|reha|rehaklinik|riabilitazione"),
    ("cancer care", r"cancer|oncolog\w*|onkolog\w*|krebs\w*|онколог\w*"),
    ("rheumatology", r"rheumat\w*|reumat\w*"),
    ("eye, ear or dental care", r"eye|ophthalm\w*|oftalm\w*|augen\w*|dental|odontolog\w*|zahn\w*"),
    ("maternity care", r"maternity|maternidade?|maternite|maternita|geburtsklinik|roddom|роддом"),
    (
        "forensic medicine",
        r"forens\w*|medicin[ae] legal\w*|medecine legale|medico legal\w*|mortuary|morgues?|coroners?|obitorio"
        r"|medical examiners?|(?:rechts|gerichts)medi[zc]in\w*|gerechtelijke geneeskunde"
        r"|r[ae]tt?smedi[cs]in\w*|medycyny sadowej|oikeuslaa\w*|судебно\w* медицин\w*|судмед\w*|морг|法医\w*",
    ),
    ("a day clinic", r"ambulatory|ambulatori\w*|outpatients?|tagesklinik|hopital de jour"),
    ("for animals", r"veterinar\w*|tier\w*klinik|animal"),
    ("a polyclinic", r"polyclinics?|poliklini\w*|policlinicas?|поликлиника"),
    (
        "a health centre",
        r"health (?:care )?cent(?:er|re)s?|centros? de (?:salud|atencion \w+)|centres? de sante"
        r"|(?:centros?|unidade|posto) de saude|gesundheitszentrum",
    ),
)
_NO_WOUNDED = ("forensic medicine", "for animals")
"""Kinds of place that take no wounded, though somebody tagged them hospitals: nobody is to ask them."""
_FORENSIC_TAGS = frozenset({"forensic", "forensics", "forensic_medicine", "forensic_pathology"})
_CHILD_WORDS = frozenset(
    re.findall(r"\w+", "child children childrens kids pediatric paediatric pediatrico infantil crianca ninos")
)


@dataclass(frozen=True)
class KnownHospital:
    """One hospital with all that its sources state.

    Parameters
    ----------
    name : str
        "" when the map has it without a name.
    location : LonLat
        The emergency entrance where the map knows it.
    x_m, y_m : float
        The same in the area's frame.
    adult_level, pediatric_level, designation, helipad, burn, beds, city, other_name
        As in :class:`~planner.model.HospitalFact`; None or "" when not stated.
    source, as_of : str
        All sources, and the date of the one that states the level, or else of the map.
    special : str
        What it is instead of a general hospital, and how that is known; "" where nothing says so.
    no_wounded : str
        Why it takes no wounded at all: a forensic institute, say; "" where nothing says so.
    emergencies : bool
        Whether any source says that it takes emergencies: the map's tags, or a table that names it. Where
        none does it may be anything that somebody tagged a hospital.
    told_closed, closed_as_of : str
        Which table says that it is closed, and as of when; "" where none does.
    off_map : bool
        Whether it lies where the map shows nothing: beyond its box, or in it and far from every street.
    """

    name: str
    location: LonLat
    x_m: float
    y_m: float
    adult_level: TraumaLevel | None = None
    pediatric_level: TraumaLevel | None = None
    designation: str = ""
    helipad: bool | None = None
    burn: bool | None = None
    beds: int | None = None
    city: str = ""
    other_name: str = ""
    source: str = MAP_SOURCE
    as_of: str = ""
    special: str = ""
    no_wounded: str = ""
    emergencies: bool = True
    told_closed: str = ""
    closed_as_of: str = ""
    off_map: bool = False

    def __hash__(self) -> int:
        """Hash by name and place: what is said of hospitals is asked hundreds of times a plan."""
        return hash((self.name, self.x_m, self.y_m))

    @property
    def has_level(self) -> bool:
        """Whether any source states a trauma level."""
        return self.adult_level is not None or self.pediatric_level is not None

    @property
    def for_children(self) -> bool:
        """Whether it takes children only, as far as its level and name tell."""
        if self.adult_level is not None:
            return False
        return self.pediatric_level is not None or bool(_words(self.name) & _CHILD_WORDS)


def find_hospitals(
    area: Area, facts: Sequence[HospitalFact], rules: Transport
) -> tuple[list[KnownHospital], list[KnownHospital]]:
    """Find the hospitals on the area's map, and those of the tables beyond it.

    Parameters
    ----------
    area : Area
    facts : sequence of HospitalFact
        From the installation's tables, anywhere in the world.
    rules : Transport
        How near two entries are one hospital, and how far from every street the map shows nothing.

    Returns
    -------
    on_map, off_map : lists of KnownHospital
        In a fixed order; a table's hospital that the map shows too appears once, with both sources. What a
        table says is closed appears only where the map shows it, marked. A table's hospital is on the map
        where the area's box covers it and a street for vehicles lies near: a box may reach over ground of
        which the map shows nothing.
    """
    located = _locate([fact for fact in facts if not fact.closed], area, rules)
    shut = _locate([fact for fact in facts if fact.closed], area, rules)
    mapped = _mapped(area, rules)
    shown = [area.covers(h.location) and _is_shown(h, mapped, area, rules) for h in located]
    on_map = [h for h, here in zip(located, shown, strict=True) if here]
    off_map = [replace(h, off_map=True) for h, here in zip(located, shown, strict=True) if not here]
    joined = _joined(mapped, _distinct(on_map, rules), rules)
    return [_marked(hospital, shut, rules) for hospital in joined], _distinct(off_map, rules)


def _is_shown(told: KnownHospital, mapped: Sequence[KnownHospital], area: Area, rules: Transport) -> bool:
    """Whether the map shows the ground of a table's hospital: a street near it, or the hospital itself."""
    if _has_street(area, (told.x_m, told.y_m), rules.hospital_reach_m):
        return True
    return any(_is_same(hospital, told, rules) for hospital in mapped)


@kept_with
def _has_street(area: Area, xy_m: tuple[float, float], reach_m: float) -> bool:
    """Whether a street for vehicles, open or not, lies within reach of a place."""
    (x_m, y_m), network = xy_m, area.network
    edges = network.edges_in_box((x_m - reach_m, y_m - reach_m, x_m + reach_m, y_m + reach_m))
    lines = network.lines(edges[network.drivable[edges]])
    return bool(shapely.dwithin(lines, shapely.Point(x_m, y_m), reach_m).any())


def _marked(hospital: KnownHospital, shut: Sequence[KnownHospital], rules: Transport) -> KnownHospital:
    """Mark what only the map shows and a table says is closed; an open entry of any table outranks that."""
    if hospital.source != MAP_SOURCE:
        return hospital
    twin = next((told for told in shut if _is_same(hospital, told, rules)), None)
    return replace(hospital, told_closed=twin.source, closed_as_of=twin.as_of) if twin else hospital


def _locate(facts: Sequence[HospitalFact], area: Area, rules: Transport) -> list[KnownHospital]:
    """Place the tables' hospitals in the area's frame, less those out of reach."""
    if not facts:
        return []
    xy_m = area.frame.to_m([fact.location for fact in facts])
    return [
        KnownHospital(
            name=fact.name,
            location=fact.location,
            x_m=float(x),
            y_m=float(y),
            adult_level=fact.adult_level,
            pediatric_level=fact.pediatric_level,
            designation=fact.designation,
            helipad=fact.helipad,
            burn=fact.burn,
            beds=fact.beds,
            city=fact.city,
            source=fact.source,
            as_of=fact.as_of,
            other_name=fact.other_name,
            emergencies=fact.emergencies is not False,
        )
        for fact, (x, y) in zip(facts, xy_m, strict=True)
        if math.hypot(x, y) <= rules.off_map_reach_km * 1000  # False where it has no place in the frame
    ]


# --- from the map -------------------------------------------------------------------------------


@kept_with
def _mapped(area: Area, rules: Transport) -> tuple[KnownHospital, ...]:
    """Hospitals of the map that do not say ``emergency=no``, points and grounds of one hospital merged."""
    table = area.places_of(PlaceKind.HOSPITAL)
    table = table.rows(table["emergency"] != "no")
    grounds = list(table.shapes)
    merged = _merge_grounds(table["name"].tolist(), grounds, rules)
    doors = area.places_of(PlaceKind.EMERGENCY_ENTRANCE)
    whole = [shapely.union_all([grounds[k] for k in parts]) for parts in merged]
    has_pad = _nearest_of(area.places_of(PlaceKind.HELIPAD), whole, rules)
    beds = [None if math.isnan(b) else int(b) for b in table["beds"]]
    found = []
    for at, (parts, ground) in enumerate(zip(merged, whole, strict=True)):
        names = [str(table["name"][k]) for k in parts]
        special = _special(max(names, key=len), table.rows(np.array(parts)))
        x_m, y_m = _door(ground, doors, rules)
        found.append(
            KnownHospital(
                name=max(names, key=len),
                location=area.frame.place(x_m, y_m),
                x_m=x_m,
                y_m=y_m,
                helipad=True if at in has_pad else None,
                beds=max((b for k in parts if (b := beds[k]) is not None), default=None),
                as_of=area.data_date,
                special=special,
                no_wounded=special.removesuffix(": ask") if special.startswith(_NO_WOUNDED) else "",
                emergencies=_takes_emergencies(table.rows(np.array(parts))),
            )
        )
    return tuple(found)


def _specialities(entries: Table) -> set[str]:
    return {word.strip() for text in entries["speciality"] for word in str(text).split(";") if word.strip()}


def _takes_emergencies(entries: Table) -> bool:
    """Whether tags say that a hospital of the map takes the injured."""
    return bool((entries["emergency"] == "yes").any() or _specialities(entries) & _GENERAL_CARE)


def _special(name: str, entries: Table) -> str:
    """Say what a hospital of the map is instead of a general one: by its tags, only then by its name."""
    if (entries["emergency"] == "yes").any():
        return ""
    told = _specialities(entries)
    if told and told <= _FORENSIC_TAGS:
        return "forensic medicine, by its tags"
    if told:
        return "" if told & _GENERAL_CARE else f"{', '.join(sorted(told)).replace('_', ' ')}, by its tags"
    plain = " ".join(re.findall(r"\w+", _plain(name)))
    kinds = [kind for kind, words in _SPECIAL_NAMES if re.search(rf"\b(?:{words})\b", plain)]
    return f"{kinds[0]}, by its name: ask" if kinds else ""


def _merge_grounds(names: list[str], grounds: list[BaseGeometry], rules: Transport) -> list[list[int]]:
    """Group the entries of one hospital: like names near each other, or a nameless one on its ground."""
    groups: list[list[int]] = []
    order = sorted(range(len(names)), key=lambda k: (not names[k], -grounds[k].area, k))  # named, large first
    for k in order:
        for group in groups:
            first = group[0]
            apart_m = grounds[first].distance(grounds[k])
            if (not names[k] and apart_m == 0.0) or (
                apart_m <= rules.same_hospital_m
                and names[k]
                and _one_name(_words(names[first]), _words(names[k]))
            ):
                group.append(k)
                break
        else:
            groups.append([k])
    return sorted(groups, key=lambda group: group[0])


def _nearest_of(pads: Table, grounds: Sequence[BaseGeometry], rules: Transport) -> set[int]:
    """Return which grounds have a helipad of their own: each pad belongs to the nearest ground."""
    if len(pads) == 0 or len(grounds) == 0:
        return set()
    gaps_m = shapely.distance(pads.shapes[:, None], np.array(grounds, dtype=object)[None, :])
    nearest = gaps_m.argmin(axis=1)
    return {int(g) for pad, g in enumerate(nearest) if gaps_m[pad, g] <= rules.emergency_entrance_m}


def _door(ground: BaseGeometry, doors: Table, rules: Transport) -> tuple[float, float]:
    """Where ambulances go: the nearest emergency entrance at the ground, else a point on it."""
    if len(doors):
        gaps = shapely.distance(doors.shapes, ground)
        nearest = int(np.argmin(gaps))
        if gaps[nearest] <= rules.emergency_entrance_m:
            door = doors.shapes[nearest].centroid
            return float(door.x), float(door.y)
    point = ground.representative_point()
    return float(point.x), float(point.y)


# --- map and tables -----------------------------------------------------------------------------


def _distinct(hospitals: Sequence[KnownHospital], rules: Transport) -> list[KnownHospital]:
    """Merge what a second table tells again; the entry that states a level leads, else the first."""
    kept: list[KnownHospital] = []
    cells: dict[tuple[int, int], list[int]] = {}
    cell_m = max(rules.same_hospital_m, 1.0)
    for hospital in hospitals:
        column, row = int(hospital.x_m // cell_m), int(hospital.y_m // cell_m)
        near = [k for dx in (-1, 0, 1) for dy in (-1, 0, 1) for k in cells.get((column + dx, row + dy), ())]
        twin = next((k for k in near if _is_same(kept[k], hospital, rules)), None)
        if twin is None:
            cells.setdefault((column, row), []).append(len(kept))
            kept.append(hospital)
        elif hospital.has_level and not kept[twin].has_level:
            kept[twin] = _merged(hospital, kept[twin])
        else:
            kept[twin] = _merged(kept[twin], hospital)
    return kept


def _merged(leading: KnownHospital, other: KnownHospital) -> KnownHospital:
    """Give an entry what only the other states, and name both sources. Levels are never mixed."""
    both = dict.fromkeys(f"{leading.source}; {other.source}".split("; "))
    return replace(
        leading,
        helipad=other.helipad if leading.helipad is None else leading.helipad,
        burn=other.burn if leading.burn is None else leading.burn,
        emergencies=leading.emergencies or other.emergencies,
        beds=other.beds if leading.beds is None else leading.beds,
        other_name=leading.other_name or other.other_name or other.name,
        source="; ".join(both),
    )


def _joined(
    mapped: Sequence[KnownHospital],
    told: list[KnownHospital],
    rules: Transport,
) -> list[KnownHospital]:
    """Give the map's hospitals what tables tell of them; add those that only tables know."""
    pairs = sorted(
        (_gap_m(mapped[i], told[j]), i, j)
        for i in range(len(mapped))
        for j in range(len(told))
        if _is_same(mapped[i], told[j], rules)
    )
    table_of: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in table_of and j not in table_of.values():
            table_of[i] = j
    both = [
        _with_table(hospital, told[table_of[i]]) if i in table_of else hospital
        for i, hospital in enumerate(mapped)
    ]
    return both + [hospital for j, hospital in enumerate(told) if j not in table_of.values()]


def _with_table(mapped: KnownHospital, told: KnownHospital) -> KnownHospital:
    return replace(
        mapped,
        name=mapped.name or told.name,
        adult_level=told.adult_level,
        pediatric_level=told.pediatric_level,
        designation=told.designation,
        special="" if told.emergencies else mapped.special,  # a table of hospitals for emergencies names it
        no_wounded="" if told.emergencies else mapped.no_wounded,
        emergencies=mapped.emergencies or told.emergencies,
        helipad=told.helipad if told.helipad is not None else mapped.helipad,
        burn=told.burn,
        beds=told.beds if told.beds is not None else mapped.beds,
        city=told.city,
        source=f"{mapped.source}; {told.source}",
        as_of=told.as_of,
    )


def _gap_m(a: KnownHospital, b: KnownHospital) -> float:
    return math.hypot(a.x_m - b.x_m, a.y_m - b.y_m)


def _is_same(a: KnownHospital, b: KnownHospital, rules: Transport) -> bool:
    if _gap_m(a, b) > rules.same_hospital_m:
        return False
    city = _words(a.city) | _words(b.city)
    names_a, names_b = ([_words(n) for n in (h.name, h.other_name) if n] for h in (a, b))
    return any(_one_name(x, y, city) for x in names_a for y in names_b)


def _one_name(a: frozenset[str], b: frozenset[str], city: frozenset[str] = frozenset()) -> bool:
    """Whether two names can be one hospital's: most telling words alike, both or neither for children."""
    if bool(a & _CHILD_WORDS) is not bool(b & _CHILD_WORDS):
        return False
    numbers_a, numbers_b = ({word for word in words if word.isdigit()} for words in (a, b))
    if numbers_a and numbers_b and numbers_a != numbers_b:
        return False  # Hospital No 2 and Hospital No 3
    telling_a, telling_b = a - _COMMON_WORDS - city, b - _COMMON_WORDS - city
    if not (telling_a and telling_b):
        return a == b
    return 2 * len(telling_a & telling_b) >= min(len(telling_a), len(telling_b))


@lru_cache(maxsize=4096)
def _words(name: str) -> frozenset[str]:
    """Split a name into plain words: no accents, no case, no apostrophes."""
    return frozenset(re.findall(r"\w+", _plain(name)))


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in letters if not unicodedata.combining(c) and c not in "'’")
    return unicodedata.normalize("NFC", plain)
