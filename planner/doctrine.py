"""The numbers a chief may argue with: radii, stand-off, speeds, weights, staffing.

Doctrine comes from a TOML file in which every number states its unit, one sentence and its source. A
section of the file is a frozen dataclass here; a field's name ends in its unit. To add a number: add the
field, and the entry in ``data/doctrine.toml``; the loader refuses one without the other.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.errors import DoctrineError
from planner.terms import RoadClass, ThreatName, TraumaLevel, Travel


@dataclass(frozen=True)
class ThreatPreset:
    """Planning radii of one threat (``domain.md`` 2.1, 2.2); never "the safe distance"."""

    hot_m: float
    warm_m: float
    warm_margin_m: float
    """Around a hot zone, however it came about, warm ground reaches at least this far."""
    sight_floor_m: float
    """Within this the hot zone is the full disc; beyond it only what can be seen. Equal to hot_m: no clip."""
    height_m: float
    """Height of the threat above ground, for lines of sight."""
    unseen_m: float
    """Within this of the attack no working site, reunification or media site may be in its sight."""


@dataclass(frozen=True)
class ZoneDrawing:
    """What a tap takes as its place, and how sight shapes a hot zone (``domain.md`` 2.1)."""

    target_max_m2: float
    sample_spacing_m: float
    corridor_m: float


@dataclass(frozen=True)
class Perimeters:
    """Stand-off, gaps and posts (``domain.md`` 2.3)."""

    stand_off_m: float
    inner_holds_warm: int
    inner_reach_m: float
    outer_gap_m: float
    outer_gap_most_m: float
    posts_for_room: int
    outer_reach_m: float
    min_gap_m: float
    larger_reach: float
    ring_officers_most: int
    post_setback_m: float
    blocked_here_m: float
    blocked_line_m: float
    field_road_joins_m: float
    officers_inner_post: int
    officers_outer_post: int
    officers_outer_major: int
    officers_gate: int
    officers_foot_post: int
    post_watch_m: float
    posts_for_line: int
    posts_for_duty: int
    motorway_spur_m: float
    portal_reach_m: float
    map_edge_m: float
    weight_motorway: float
    weight_major: float
    weight_medium: float
    weight_minor: float
    major_legs: int
    flow_motorway: float
    flow_major: float
    flow_medium: float
    flow_minor: float
    flow_service: float
    flow_foot: float
    lanes_two_way: float
    lanes_one_way: float
    lanes_most: float


@dataclass(frozen=True)
class Containment:
    """Observation posts around the target (``domain.md`` 2.3, diagonal rule)."""

    near_m: float
    far_m: float
    sight_m: float
    step_back_m: float
    join_m: float
    facade_step_m: float
    facade_most_m: float
    facade_left: float
    officers: int

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense together.

        Raises
        ------
        DoctrineError
            If no place is both near and far enough, or the facade is never looked at.
        """
        if not self.near_m < self.far_m:
            raise DoctrineError("containment.near_m is not below containment.far_m", _REMEDY)
        if not self.facade_step_m > 0:
            raise DoctrineError("containment.facade_step_m is not above zero", _REMEDY)


@dataclass(frozen=True)
class Travelling:
    """Speeds and delays on streets (``domain.md`` 3.3)."""

    motorway_kmh: float
    motorway_link_kmh: float
    trunk_kmh: float
    primary_kmh: float
    secondary_kmh: float
    tertiary_kmh: float
    unclassified_kmh: float
    residential_kmh: float
    living_street_kmh: float
    service_kmh: float
    walking_kmh: float
    contraflow_max_kmh: float
    contraflow_kmh: float
    ambulance_height_m: float
    ambulance_width_m: float
    car_height_m: float
    car_width_m: float
    gate_s: float
    turn_near_s: float
    turn_far_s: float
    u_turn_s: float
    restricted_turn_s: float
    signal_emergency_s: float
    signal_public_s: float

    def __post_init__(self) -> None:
        """Refuse speeds at which nobody ever arrives.

        Raises
        ------
        DoctrineError
            If a speed is zero.
        """
        for entry in fields(self):
            if entry.name.endswith("_kmh") and not getattr(self, entry.name) > 0:
                raise DoctrineError(f"travelling.{entry.name} is not above zero", _REMEDY)

    @cached_property
    def _by_class(self) -> NDArray[np.float64]:
        table = np.full(256, self.service_kmh)
        for road, speed in (
            (RoadClass.MOTORWAY, self.motorway_kmh),
            (RoadClass.MOTORWAY_LINK, self.motorway_link_kmh),
            (RoadClass.TRUNK, self.trunk_kmh),
            (RoadClass.TRUNK_LINK, self.motorway_link_kmh),
            (RoadClass.PRIMARY, self.primary_kmh),
            (RoadClass.PRIMARY_LINK, self.primary_kmh),
            (RoadClass.SECONDARY, self.secondary_kmh),
            (RoadClass.SECONDARY_LINK, self.secondary_kmh),
            (RoadClass.TERTIARY, self.tertiary_kmh),
            (RoadClass.TERTIARY_LINK, self.tertiary_kmh),
            (RoadClass.UNCLASSIFIED, self.unclassified_kmh),
            (RoadClass.RESIDENTIAL, self.residential_kmh),
            (RoadClass.ROAD, self.unclassified_kmh),
            (RoadClass.LIVING_STREET, self.living_street_kmh),
            (RoadClass.BUSWAY, self.residential_kmh),
        ):
            table[road] = speed
        return table

    def speeds_kmh(
        self, road_class: NDArray[np.uint8], maxspeed_kmh: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Planning speed of each edge: the class's speed, capped by ``maxspeed`` where tagged."""
        # A limit of zero or less is a slip of the mapper's, not a street on which nothing moves.
        return np.fmin(self._by_class[road_class], np.where(maxspeed_kmh > 0, maxspeed_kmh, np.nan))

    def size_m(self, travel: Travel) -> tuple[float, float]:
        """Return height and width of the vehicle."""
        if travel is Travel.EMERGENCY:
            return self.ambulance_height_m, self.ambulance_width_m
        return self.car_height_m, self.car_width_m

    def __hash__(self) -> int:
        """Hash by some of the numbers: timings are kept under them."""
        return hash((self.primary_kmh, self.residential_kmh, self.walking_kmh, self.u_turn_s))

    def signal_s(self, travel: Travel) -> float:
        """Return the mean delay at traffic signals."""
        return self.signal_emergency_s if travel is Travel.EMERGENCY else self.signal_public_s


@dataclass(frozen=True)
class Siting:
    """Distances, areas and weights that choose sites (``domain.md`` 2.4-2.10)."""

    post_separation_m: float
    level_height_m: float
    assumed_height_m: float
    person_height_m: float
    sight_m: float
    search_m: float
    reunification_near_m: float
    reunification_far_m: float
    reunification_best_m: float
    command_near_m: float
    command_far_m: float
    command_line_m: float
    command_reach_m: float
    line_m: float
    command_separation_m: float
    command_stalls: int
    staging_near_m: float
    staging_far_m: float
    staging_police: int
    staging_fire: int
    staging_ems: int
    casualty_walk_m: float
    casualty_walk_far_m: float
    casualty_media_m: float
    casualties_assumed: int
    exchange_reach_m: float
    ambulance_bays: int
    ambulance_bays_most: int
    patients_per_ambulance: int
    loading_min: float
    transport_window_min: float
    evacuation_stand_off_m: float
    evacuation_walk_m: float
    evacuation_separation_m: float
    alternate_apart_m: float
    helispot_crowd_m: float
    helispot_near_m: float
    helispot_vehicles_m: float
    people_assumed: int
    media_separation_m: float
    media_backdrop_m: float
    media_vehicles: int
    camera_height_m: float
    dish_elevation_deg: float
    corridor_m: float
    walk_seen_m: float
    site_gap_m: float
    street_reach_m: float
    reject_reach_m: float
    pocket_m2: float
    nook_m2: float
    kerb_stretch_m: float
    frontage_m: float
    kerb_column_m: float
    kerb_reach_m: float
    roadside_reach_m: float
    mapped_enough: int
    grid_m: float
    grid_streets_m: float
    grid_built: float
    found_reach_m: float
    found_clear_m: float
    found_width_m: float
    found_least_m2: float
    found_street_m: float
    forward_least_m2: float
    kerb_width_m: float
    tree_clear_m: float
    rail_clear_m: float
    patrol_m2: float
    stall_m2: float
    ambulance_m2: float
    engine_m2: float
    engine_width_m: float
    engine_height_m: float
    large_m2: float
    litter_m2: float
    walking_wounded_m2: float
    standing_m2: float
    room_least: float
    command_least: float
    casualty_least: float
    exchange_least: float
    family_walk_m: float
    family_stalls: float
    bereaved_share: float
    bereaved_separation_m: float
    lot_free: float
    lot_free_off: float
    business_from_h: int
    business_to_h: int
    daylight_from_h: int
    daylight_to_h: int
    ground_free: float
    shelter_min_m2: float
    weight_distance: float
    weight_room: float
    weight_line: float
    weight_within: float
    weight_ways: float
    weight_firm: float
    weight_shelter: float
    weight_off_street: float
    weight_parking: float
    weight_kind: float
    weight_sight: float
    weight_together: float
    transfer_min: float
    transfer_near_min: float
    transfer_loss: float
    unjoined_loss: float
    weight_backdrop: float
    weight_sky: float
    weight_helipad: float
    officers_command_post: int
    officers_staging: int
    officers_casualty: int
    officers_exchange: int
    officers_evacuation: int
    officers_reunification: int
    officers_media: int
    officers_helispot: int

    def __hash__(self) -> int:
        """Hash by some of the numbers: what a plan works out is kept under them, and there are 120."""
        return hash((self.search_m, self.sight_m, self.assumed_height_m, self.ground_free))


@dataclass(frozen=True)
class Landing:
    """Where a helicopter may come down (``domain.md`` 2.7)."""

    day_m: float
    night_m: float
    building_m: float
    tree_m: float
    wire_m: float
    fence_m: float
    road_m: float
    vehicles_m: float
    mast_times: float
    assumed_tree_m: float
    assumed_wire_m: float
    assumed_mast_m: float
    slope: float
    sector_deg: float
    apart_deg: float
    reach_m: float
    search_m: float
    link_m: float

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense together.

        Raises
        ------
        DoctrineError
            If no square or no slope is left.
        """
        if not (self.day_m > 0 and self.night_m > 0 and self.slope > 0):
            raise DoctrineError("landing.day_m, night_m or slope is not above zero", _REMEDY)


@dataclass(frozen=True)
class Transport:
    """Hospital capacities, walk-ins and time ranges (``domain.md`` 3.3, 3.4)."""

    best_case: float
    load_out_s: float
    apart_factor: float
    apart_most_min: float
    gates_spared_min: float
    congestion_m: float
    congestion_factor: float
    corridor_clear_m: float
    corridor_by_site: float
    corridor_post_m: float
    corridor_by_post: float
    approach_m: float
    entrance_reach_m: float
    choke_width_m: float
    choke_height_m: float
    choke_points: int
    hospital_reach_m: float
    hospital_stand_off_m: float
    second_choice_min: float
    part_least_m: float
    listed_hospitals: int
    routed_hospitals: int
    emergency_entrance_m: float
    same_hospital_m: float
    red_per_h_i: float
    red_per_h_ii: float
    red_per_h_iii: float
    red_per_h_iv: float
    red_per_h_v: float
    others_per_100_beds: float
    assumed_beds: int
    walk_in_hospitals: int
    walk_in_red: float
    walk_in_others: float
    first_wave_red: int
    golden_hour_min: float
    others_further_min: float
    reds_further_min: float
    off_map_hospitals: int
    off_map_reach_km: float
    off_map_detour: float
    off_map_kmh: float
    off_map_late: float
    map_rim_m: float
    yellow_level_min: float
    green_spare_min: float
    child_spare_min: float
    air_kmh: float
    air_extra_min: float
    turnaround_min: float
    yellow_per_ambulance: int

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense together.

        Raises
        ------
        DoctrineError
            If a best case is not the best, or nobody would ever arrive.
        """
        if self.best_case > 1:
            raise DoctrineError("transport.best_case is above 1", _REMEDY)
        for name in (
            "apart_factor",
            "congestion_factor",
            "corridor_by_site",
            "corridor_by_post",
            "off_map_detour",
            "off_map_late",
        ):
            if getattr(self, name) < 1:
                raise DoctrineError(f"transport.{name} is below 1", _REMEDY)
        if not (self.off_map_kmh > 0 and self.air_kmh > 0):
            raise DoctrineError("transport.off_map_kmh or air_kmh is not above zero", _REMEDY)
        if self.yellow_per_ambulance < 1:
            raise DoctrineError("transport.yellow_per_ambulance is below 1", _REMEDY)

    def red_per_h(self, level: TraumaLevel) -> float:
        """Return how many critical patients a trauma centre of this level takes in an hour."""
        rates = (self.red_per_h_i, self.red_per_h_ii, self.red_per_h_iii, self.red_per_h_iv, self.red_per_h_v)
        return rates[list(TraumaLevel).index(level)]


@dataclass(frozen=True)
class Exports:
    """How long what is passed on holds (``domain.md`` 4)."""

    valid_min: int

    def __post_init__(self) -> None:
        """Refuse a feed that ends before it begins.

        Raises
        ------
        DoctrineError
            If it would hold for no time.
        """
        if not self.valid_min > 0:
            raise DoctrineError("exports.valid_min is not above zero", _REMEDY)


@dataclass(frozen=True)
class Note:
    """What the file says about one number: for the page that shows doctrine."""

    path: str
    value: float
    unit: str
    why: str
    source: str


@dataclass(frozen=True)
class Doctrine:
    """All numbers that a plan is computed from.

    Parameters
    ----------
    name : str
        As shown in plans.
    digest : str
        SHA-256 of the numbers, so that a plan tells which doctrine made it.
    threats : tuple of (ThreatName, ThreatPreset)
        One for every name.
    zones, perimeters, containment, travelling, siting, transport, exports
        Sections of the file.
    notes : tuple of Note
        Unit, sentence and source of every number, in file order.
    """

    name: str
    digest: str
    threats: tuple[tuple[ThreatName, ThreatPreset], ...]
    zones: ZoneDrawing
    perimeters: Perimeters
    containment: Containment
    travelling: Travelling
    siting: Siting
    landing: Landing
    transport: Transport
    exports: Exports
    notes: tuple[Note, ...]

    def __hash__(self) -> int:
        """Hash by the digest: what a plan works out is kept under its doctrine, and there are 200 numbers."""
        return hash(self.digest)

    def preset(self, threat: ThreatName) -> ThreatPreset:
        """Return the preset of one threat."""
        return dict(self.threats)[threat]


_UNITS = {"m": "m", "m2": "m2", "s": "s", "min": "min", "h": "h", "kmh": "km/h", "deg": "deg", "km": "km"}
_SECTIONS: dict[str, type] = {
    "zones": ZoneDrawing,
    "perimeters": Perimeters,
    "containment": Containment,
    "travelling": Travelling,
    "siting": Siting,
    "landing": Landing,
    "transport": Transport,
    "exports": Exports,
}
_REMEDY = "Mend the doctrine file, or leave it out to use the shipped one"


def read_doctrine(path: Path) -> Doctrine:
    """Read a doctrine file.

    Parameters
    ----------
    path : Path
        A TOML file like ``data/doctrine.toml``.

    Raises
    ------
    DoctrineError
        If it cannot be read, lacks a number, has one too many, or one is impossible.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DoctrineError(f"the doctrine file {path.name} cannot be read: {error}", _REMEDY) from error
    return parse_doctrine(table)


def parse_doctrine(table: dict[str, Any]) -> Doctrine:
    """Build doctrine from the parsed TOML; see :func:`read_doctrine` for errors."""
    unknown = set(table) - {"name", "threats", *_SECTIONS}
    if unknown:
        raise DoctrineError(f"unknown section {sorted(unknown)[0]} in the doctrine", _REMEDY)
    notes: list[Note] = []
    presets = table.get("threats", {})
    odd = set(presets) ^ set(ThreatName)
    if odd:
        raise DoctrineError(f"threat {sorted(odd)[0]} is missing or unknown in the doctrine", _REMEDY)
    threats = tuple(
        (name, _section(f"threats.{name}", presets[name], ThreatPreset, notes)) for name in ThreatName
    )
    sections = {name: _section(name, table.get(name, {}), kind, notes) for name, kind in _SECTIONS.items()}
    text = repr([(n.path, n.value) for n in notes])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Doctrine(
        name=str(table.get("name", "unnamed")), digest=digest, threats=threats, notes=tuple(notes), **sections
    )


def _section(path: str, table: Any, kind: type, notes: list[Note]) -> Any:
    if not isinstance(table, dict):
        raise DoctrineError(f"{path} in the doctrine is not a section", _REMEDY)
    names = [f.name for f in fields(kind)]
    odd = set(table) ^ set(names)
    if odd:
        raise DoctrineError(f"{path}.{sorted(odd)[0]} is missing or unknown in the doctrine", _REMEDY)
    values: dict[str, float] = {}
    for entry in fields(kind):
        note = _note(f"{path}.{entry.name}", table[entry.name])
        notes.append(note)
        values[entry.name] = int(note.value) if entry.type == "int" else note.value
    return kind(**values)


def _note(path: str, entry: Any) -> Note:
    if not isinstance(entry, dict) or set(entry) != {"value", "unit", "why", "source"}:
        raise DoctrineError(f"{path} needs exactly value, unit, why and source", _REMEDY)
    value = entry["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise DoctrineError(f"{path} is not a number of zero or more", _REMEDY)
    unit, why, source = (str(entry[k]).strip() for k in ("unit", "why", "source"))
    expected = _UNITS.get(path.rsplit("_", 1)[-1])
    if not (unit and why and source):
        raise DoctrineError(f"{path} lacks its unit, sentence or source", _REMEDY)
    if expected and unit != expected:
        raise DoctrineError(f"{path} is in {unit}, not in {expected}", _REMEDY)
    return Note(path, float(value), unit, why, source)
