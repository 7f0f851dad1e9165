"""Hospital tables of an installation: HIFLD as it is, or a simple CSV; read with the line of every mistake.

A table is a CSV file with a header. Two kinds are known by their columns, in any order and case:

- HIFLD "Hospitals" (``NAME``, ``LATITUDE``, ``LONGITUDE``, ``TRAUMA``, ``STATUS``, ``TYPE`` ...), what
  agencies in the United States have at hand. Closed hospitals and those that take no emergencies are left out
  and counted; the closed ones are remembered, for maps may still show them. State codes (``RTC``, ``PARC``
  ...) are no levels: they are kept as words.
- The simple form: ``name, lat, lon``, and of ``adult_level, pediatric_level, designation, helipad, burn,
  beds, city, other_name, source, as_of, closed, emergencies`` what is known. Empty means not known. Other
  columns are ignored.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from shapely.geometry import Point

from planner import settings
from planner.area import Area
from planner.doctrine import Doctrine
from planner.errors import IncidentError, SourceError
from planner.geo import LonLat
from planner.model import HospitalFact, Notice
from planner.terms import NoticeLevel, TraumaLevel

Row = dict[str, str]

_MAX_BYTES = 50_000_000
_HIFLD_COLUMNS = frozenset({"name", "latitude", "longitude", "trauma", "status", "type"})
_SIMPLE_COLUMNS = (
    "name",
    "city",
    "lat",
    "lon",
    "adult_level",
    "pediatric_level",
    "designation",
    "helipad",
    "burn",
    "beds",
    "other_name",
    "source",
    "as_of",
    "closed",
    "emergencies",
)
_HIFLD_SOURCE = "HIFLD Open Hospitals"
_EMERGENCY_TYPES = frozenset({"GENERAL ACUTE CARE", "CRITICAL ACCESS", "CHILDREN", "MILITARY"})
_OPEN_TYPE = "MILITARY"
"""Hospitals and day clinics of the forces and of veterans: whether they take emergencies must be asked."""
_SPECIALTY = "SPECIALTY (EXCEPT"
"""Of ``NAICS_DESC``: a hospital for one field, whatever its type."""
_HIFLD_EMPTY = frozenset({"", "NOT AVAILABLE", "-999"})
_HIFLD_LEVEL = re.compile(r"LEVEL (?:(III|II|IV|I|V) ?)?(PEDIATRIC)?")
_LEVELS = {name: level for k, level in enumerate(TraumaLevel, 1) for name in (level.value, str(k))}
_UNKNOWN = frozenset({"", "unknown", "none", "n/a", "na", "null", "-"})
_YES, _NO = frozenset({"y", "yes", "true", "1"}), frozenset({"n", "no", "false", "0"})
_MAX_BEDS = 20_000
_SHIPPED = "three_rivers_hospitals.csv"
"""It belongs to the shipped area ``three_rivers``, and speaks for no other part of the country."""
_SHIPPED_MIDDLE = LonLat(-85.63, 41.94)
_SHIPPED_SERVES_M = 50_000.0
"""It holds all hospitals within 100 km of its middle (``data/README.md``): a map that begins within half of
that finds in it all that lie as far again. Elsewhere it would name the few that lie on its own side."""


@dataclass(frozen=True)
class HospitalTable:
    """What a table holds.

    Parameters
    ----------
    facts : tuple of HospitalFact
        In the order of the file.
    left_out : tuple of (str, int)
        Why rows were left out, and how many.
    closed : tuple of HospitalFact
        Those that the table says are closed.
    """

    facts: tuple[HospitalFact, ...]
    left_out: tuple[tuple[str, int], ...]
    closed: tuple[HospitalFact, ...] = ()


def read_hospital_table(path: Path) -> HospitalTable:
    """Read a hospital table.

    Parameters
    ----------
    path : Path
        A CSV file, HIFLD's own or the simple form.

    Raises
    ------
    SourceError
        If it cannot be read or is neither form; in the simple form also if a value makes no sense, with the
        line it stands in.
    """
    rows = list(_rows(path))
    if not rows:
        raise SourceError(f"{path.name} has no hospital in it", "Give a CSV file with a header and rows")
    if set(rows[0][1]) >= _HIFLD_COLUMNS:
        return _hifld(rows)
    missing = [column for column in ("name", "lat", "lon") if column not in rows[0][1]]
    if missing:
        raise SourceError(
            f"{path.name} has no column {', '.join(missing)}",
            "Give HIFLD's own file, or a header name,lat,lon,adult_level,pediatric_level,helipad,beds,as_of",
        )
    return _table([_simple(row, line, path) for line, row in rows], Counter())


def _table(found: Sequence[HospitalFact], left_out: Counter[str]) -> HospitalTable:
    """Part what is open from what is closed, and count the latter with what is left out."""
    is_open, shut = ([f for f in found if f.closed is closed] for closed in (False, True))
    left_out["closed"] += len(shut)
    return HospitalTable(tuple(is_open), tuple(sorted((+left_out).items())), tuple(shut))


def write_hospital_table(facts: Sequence[HospitalFact], path: Path) -> None:
    """Write facts in the simple form, beside and renamed: whoever reads sees the old file or the new one.

    Raises
    ------
    SourceError
        If it cannot be written.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_SIMPLE_COLUMNS)
    table.writerows(_as_row(fact) for fact in facts)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text.getvalue(), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SourceError(
            f"the hospital table {path.name} cannot be written: {error.strerror}",
            "Check the folder and the disk",
        ) from error


def install_hospital_table(path: Path, name: str) -> HospitalTable:
    """Read a table and keep it with the installation under a name; the same name replaces it.

    Raises
    ------
    SourceError
        If it cannot be read or written, or the name is no plain word.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise SourceError(f"'{name}' is no name for a hospital table", "Use letters, digits, - and _")
    table = read_hospital_table(path)
    write_hospital_table(
        (*table.facts, *table.closed), settings.read_settings().home / "hospitals" / f"{name}.csv"
    )
    return table


class InstalledHospitals(NamedTuple):
    """What the tables at hand state about the surroundings of an area, and which of them cannot be used."""

    facts: tuple[HospitalFact, ...]
    notices: tuple[Notice, ...]


def installed_hospitals(area: Area, doctrine: Doctrine) -> InstalledHospitals:
    """Return what the installation's own tables state within reach of an area, and then the shipped one.

    The shipped one serves maps of its own surroundings alone. A table that cannot be read is left out, and a
    notice names it: it must not refuse every plan.
    """
    home = settings.read_settings().home / "hospitals"
    paths = sorted(home.glob("*.csv"))
    if _shipped_serves(area):
        paths.append(settings.shipped("data", _SHIPPED))
    facts: list[HospitalFact] = []
    notices: list[Notice] = []
    for path in paths:
        try:
            facts += _read_once(path, path.stat().st_mtime_ns)
        except (SourceError, OSError) as error:
            why = str(error) if isinstance(error, SourceError) else f"{path.name}: {error.strerror}"
            text = f"A hospital table is not used, so levels and hospitals may be missing: {why}"
            notices.append(Notice(NoticeLevel.CAUTION, text, "hospitals"))
    return InstalledHospitals(_within_reach(facts, area, doctrine), tuple(notices))


def _shipped_serves(area: Area) -> bool:
    """Whether the ground of an area meets or lies near that of the shipped table."""
    middle_m = area.frame.point_m(_SHIPPED_MIDDLE)
    return area.extent_m.distance(Point(middle_m)) <= _SHIPPED_SERVES_M  # NaN where it has no place there


def _within_reach(facts: Sequence[HospitalFact], area: Area, doctrine: Doctrine) -> tuple[HospitalFact, ...]:
    if not facts:
        return ()
    away_m = np.hypot(*area.frame.to_m([fact.location for fact in facts]).T)
    reach_m = doctrine.transport.off_map_reach_km * 1000
    return tuple(fact for fact, near in zip(facts, away_m <= reach_m, strict=True) if near)


@lru_cache(maxsize=16)
def _read_once(path: Path, _changed_ns: int) -> tuple[HospitalFact, ...]:
    table = read_hospital_table(path)
    return (*table.facts, *table.closed)


# --- CSV ----------------------------------------------------------------------------------------


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Rows with the line each ends in; columns by lower-case name, values squeezed."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = [column.strip().lower() for column in next(reader, [])]
        twice = [column for column, n in Counter(filter(None, header)).items() if n > 1]
        if twice:
            raise SourceError(f"{path.name} has two columns named {twice[0]}", "Rename or delete one of them")
        for values in reader:
            if any(value.strip() for value in values):
                yield reader.line_num, _row(header, values, reader.line_num, path)
    except csv.Error as error:
        raise SourceError(
            f"{path.name} line {reader.line_num}: {error}", "Save the table as CSV (UTF-8, commas)"
        ) from error


def _row(header: Sequence[str], values: Sequence[str], line: int, path: Path) -> Row:
    if len(values) > len(header):
        raise SourceError(
            f"{path.name} line {line}: {len(values)} values under {len(header)} columns",
            "Put names that hold commas in double quotes",
        )
    padded = [*values, *[""] * (len(header) - len(values))]
    return {column: " ".join(value.split()) for column, value in zip(header, padded, strict=True) if column}


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SourceError(f"{path.name} is larger than 50 MB", "Give the hospital table only")
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}", "Check the file's name") from error
    if b"\0" in content:
        raise SourceError(f"{path.name} is not a text file", "Save the table as CSV (UTF-8, commas)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # what spreadsheets write when not told otherwise


# --- the simple form ----------------------------------------------------------------------------


def _simple(row: Row, line: int, path: Path) -> HospitalFact:
    def wrong(what: str, remedy: str) -> SourceError:
        return SourceError(f"{path.name} line {line}: {what}", remedy)

    if not row["name"]:
        raise wrong("a hospital has no name", "Give every row a name")
    return HospitalFact(
        name=row["name"],
        location=_location(row, wrong),
        adult_level=_level(row.get("adult_level", ""), wrong),
        pediatric_level=_level(row.get("pediatric_level", ""), wrong),
        designation=row.get("designation", ""),
        helipad=_yes_or_no("helipad", row, wrong),
        burn=_yes_or_no("burn", row, wrong),
        beds=_beds(row.get("beds", ""), wrong),
        city=row.get("city", ""),
        source=row.get("source", "") or path.stem,
        as_of=row.get("as_of", ""),
        other_name=row.get("other_name", ""),
        closed=_yes_or_no("closed", row, wrong) is True,
        emergencies=_yes_or_no("emergencies", row, wrong),
    )


_Wrong = Callable[[str, str], SourceError]


def _location(row: Row, wrong: _Wrong) -> LonLat:
    try:
        return LonLat(float(row["lon"]), float(row["lat"])).checked()
    except ValueError as error:  # an IncidentError is one too, and says what is wrong
        what = (
            error.message if isinstance(error, IncidentError) else f"'{row['lat']}, {row['lon']}' is no place"
        )
        raise wrong(what, "Give lat and lon in degrees with a decimal point") from error


def _level(text: str, wrong: _Wrong) -> TraumaLevel | None:
    word = text.upper().removeprefix("LEVEL").strip()
    if word.lower() in _UNKNOWN:
        return None
    if word not in _LEVELS:
        raise wrong(
            f"'{text}' is no trauma level", "Write I, II, III, IV or V, or leave it empty when unknown"
        )
    return _LEVELS[word]


def _yes_or_no(column: str, row: Row, wrong: _Wrong) -> bool | None:
    word = row.get(column, "").lower()
    if word in _UNKNOWN:
        return None
    if word not in _YES | _NO:
        raise wrong(f"{column} is '{row[column]}'", "Write yes or no, or leave it empty when unknown")
    return word in _YES


def _beds(text: str, wrong: _Wrong) -> int | None:
    if text.lower() in _UNKNOWN or text == "-999":
        return None
    if not text.isascii() or not text.isdigit() or int(text) > _MAX_BEDS:
        raise wrong(f"'{text}' is no number of beds", "Write a whole number, or leave it empty when unknown")
    return int(text)


def _as_row(fact: HospitalFact) -> list[str | int | float]:
    flags = {True: "yes", False: "no", None: ""}
    return [
        fact.name,
        fact.city,
        fact.location.lat_deg,
        fact.location.lon_deg,
        fact.adult_level or "",
        fact.pediatric_level or "",
        fact.designation,
        flags[fact.helipad],
        flags[fact.burn],
        "" if fact.beds is None else fact.beds,
        fact.other_name,
        fact.source,
        fact.as_of,
        flags[fact.closed or None],
        flags[fact.emergencies],
    ]


# --- HIFLD --------------------------------------------------------------------------------------


def _hifld(rows: Sequence[tuple[int, Row]]) -> HospitalTable:
    left_out: Counter[str] = Counter()
    facts = []
    for _, row in rows:
        fact, why_not = _hifld_fact(row)
        if fact is None:
            left_out[why_not] += 1
        else:
            facts.append(fact)
    return _table(facts, left_out)


def _hifld_fact(row: Row) -> tuple[HospitalFact | None, str]:
    values = {column: "" if value in _HIFLD_EMPTY else value for column, value in row.items()}
    adult, pediatric = _hifld_levels(values["trauma"])
    if values["type"].upper() not in _EMERGENCY_TYPES and adult is None and pediatric is None:
        return None, f"takes no emergencies: {values['type'].lower() or 'type not told'}"
    try:
        location = LonLat(float(values["longitude"]), float(values["latitude"])).checked()
    except ValueError:
        return None, "no coordinates"
    if not values["name"]:
        return None, "no name"
    helipad = values.get("helipad", "").lower()
    beds = values.get("beds", "")
    return (
        HospitalFact(
            name=values["name"],
            location=location,
            adult_level=adult,
            pediatric_level=pediatric,
            designation=values["trauma"],
            helipad=None if helipad not in _YES | _NO else helipad in _YES,
            beds=int(beds) if beds.isascii() and beds.isdigit() and 0 < int(beds) <= _MAX_BEDS else None,
            city=values.get("city", ""),
            source=_HIFLD_SOURCE,
            as_of=_hifld_date(values),
            other_name=values.get("alt_name", ""),
            closed=values["status"].upper() == "CLOSED",
            emergencies=adult is not None or pediatric is not None or not _is_doubtful(values),
        ),
        "",
    )


def _is_doubtful(values: Row) -> bool:
    kind, branch = values["type"].upper(), values.get("naics_desc", "").upper()
    return kind == _OPEN_TYPE or (_SPECIALTY in branch and kind != "CHILDREN")


def _hifld_levels(trauma: str) -> tuple[TraumaLevel | None, TraumaLevel | None]:
    """Read "LEVEL I, LEVEL II PEDIATRIC": adult, paediatric. Rehabilitation and state codes are no levels."""
    found: dict[bool, TraumaLevel] = {}
    for part in trauma.upper().split(","):
        match = _HIFLD_LEVEL.fullmatch(part.strip())
        if match and match[1]:
            found.setdefault(bool(match[2]), TraumaLevel(match[1]))
    return found.get(False), found.get(True)


def _hifld_date(values: Row) -> str:
    """Return the row's own date as ISO ("2019/08/02 00:00:00" -> "2019-08-02"), "" when it tells none."""
    match = re.match(r"(\d{4})[/-](\d{2})[/-](\d{2})", values.get("sourcedate", ""))
    return "-".join(match.groups()) if match else ""
