"""What goes into a plan and what comes out. Plain data only: numbers, strings, enums, tuples.

Everything here is in WGS 84 degrees and hashable, so an :class:`Incident` is a cache key and a
:class:`Plan` compares by value. Geometry in metres lives in the steps, never here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from planner import words
from planner.geo import LonLat
from planner.terms import (
    Control,
    Direction,
    InnerHolds,
    NoticeItemName,
    NoticeLevel,
    PerimeterName,
    PostEditKind,
    PostMode,
    Purpose,
    RingSize,
    RouteKind,
    SiteSource,
    ThreatName,
    ThreatStatus,
    TraumaLevel,
    ZoneKind,
)

Ring = tuple[LonLat, ...]
"""A closed ring: first and last place are equal."""
Rings = tuple[Ring, ...]
"""A polygon: exterior counter-clockwise, then holes clockwise."""


@dataclass(frozen=True)
class Shape:
    """A GeoJSON geometry as plain data.

    Parameters
    ----------
    points : tuple of LonLat
        Set when the shape is a Point (one place).
    lines : tuple of tuples of LonLat
        Set when the shape is a LineString or MultiLineString.
    polygons : tuple of Rings
        Set when the shape is a Polygon or MultiPolygon.
    """

    points: tuple[LonLat, ...] = ()
    lines: tuple[tuple[LonLat, ...], ...] = ()
    polygons: tuple[Rings, ...] = ()


# --- what goes in -------------------------------------------------------------------------------


@dataclass(frozen=True)
class DrawnZone:
    """Ground that the user drew; a new one is hot until said otherwise (glossary, F1)."""

    shape: Shape
    zone: ZoneKind = ZoneKind.HOT


@dataclass(frozen=True)
class ThreatPoint:
    """A further threat at a point (F3): a suspicious bag, a second shooter."""

    location: LonLat
    threat: ThreatName = ThreatName.UNKNOWN
    status: ThreatStatus = ThreatStatus.REPORTED


@dataclass(frozen=True)
class Closure:
    """Streets that nobody can drive: "blocked here"."""

    shape: Shape


@dataclass(frozen=True)
class FieldRoad:
    """A road that the map does not show and vehicles can use: seen, or made, in the field."""

    shape: Shape
    name: str = ""


@dataclass(frozen=True)
class Pin:
    """The user's own choice of site; outranks every suggestion.

    Parameters
    ----------
    name : str
        As it was called when it was chosen, "" to name it by the map.
    accepted : bool
        Whether it was a suggestion of the program that the user accepted, shape and all.
    moved : bool
        Whether a site was moved here from where it stood.
    set_at : str
        ISO time at which it was chosen, "" where nobody noted it. The screen says its age.
    """

    purpose: Purpose
    shape: Shape
    name: str = ""
    accepted: bool = False
    set_at: str = ""
    moved: bool = False


@dataclass(frozen=True)
class Reject:
    """Do not suggest this place again for this purpose."""

    purpose: Purpose
    location: LonLat


@dataclass(frozen=True)
class PostEdit:
    """What the user did to a post; the rest of the perimeter is worked out around it.

    Parameters
    ----------
    shape : Shape
        The place: of the post that is added or removed, or of the street that stays open. A post that is
        moved has a line, from where it stood to where it is to stand.
    edit : PostEditKind
    perimeter : PerimeterName or None
        None: the inner one on ground of danger and a block around it, else the outer; OPEN is for both.
    """

    shape: Shape
    edit: PostEditKind
    perimeter: PerimeterName | None = None


@dataclass(frozen=True)
class Casualties:
    """Expected or counted patients by triage colour."""

    red: int = 0
    yellow: int = 0
    green: int = 0


@dataclass(frozen=True)
class KeptPlaces:
    """Places of the first hour to keep for those who come by themselves; None = as doctrine reckons."""

    red: int | None = None
    child_red: int | None = None
    others: int | None = None


@dataclass(frozen=True)
class HospitalStatus:
    """What the EMS coordinator says of one hospital; outranks tables and doctrine.

    Parameters
    ----------
    name, location
        Which hospital, as a plan names and places it.
    closed : bool
        Takes nobody, not even those who come by themselves.
    diversion : bool
        No ambulance is sent there; people still come by themselves.
    red_per_h, child_red_per_h, others_per_h : float or None
        Red adults, red children, and yellow and green patients that it takes in an hour. None = not said.
    sent : Casualties
        Patients already there or on their way: the running count (F26).
    keep : KeptPlaces
        Places that no ambulance is sent for, near or far.
    listed : bool
        It is to be listed, however far off. Whatever else is said of it does so, too.
    """

    name: str
    location: LonLat
    closed: bool = False
    diversion: bool = False
    red_per_h: float | None = None
    child_red_per_h: float | None = None
    others_per_h: float | None = None
    sent: Casualties = Casualties()
    keep: KeptPlaces = KeptPlaces()
    listed: bool = False


@dataclass(frozen=True)
class EmsAgreed:
    """With which ways EMS agreed (:mod:`planner.briefing.concurrence`), and when: an ISO time, or ""."""

    ways: str
    at: str = ""


@dataclass(frozen=True)
class Incident:
    """All that the user has said. Nothing in it is computed.

    Parameters
    ----------
    hour : int or None
        Local hour of the day, 0..23; None = not said.
    no_ccp : bool
        Transport at once: no casualty collection point, only an ambulance exchange point.
    bereaved_site : bool
        Whether families of the dead get a site of their own.
    children : Casualties or None
        How many of the casualties are children; None = ages are not known.
    exercise : bool
        Nothing is happening: all that is shown and sent is marked so. No plan differs by it.
    notice : tuple of pairs of NoticeItemName and str
        What the information officer wrote for the public notice, in the order of the items. No plan differs
        by it.
    ems_agreed : EmsAgreed or None
        That EMS agreed with the ambulances' ways, and with which. No plan differs by it.
    """

    location: LonLat | None = None
    threat: ThreatName = ThreatName.UNKNOWN
    name: str = ""
    began_at: str | None = None
    casualties: Casualties | None = None
    children: Casualties | None = None
    on_site: int | None = None
    units: tuple[tuple[str, int], ...] = ()
    zones: tuple[DrawnZone, ...] = ()
    threats: tuple[ThreatPoint, ...] = ()
    closures: tuple[Closure, ...] = ()
    pins: tuple[Pin, ...] = ()
    rejects: tuple[Reject, ...] = ()
    post_edits: tuple[PostEdit, ...] = ()
    inner_holds: InnerHolds | None = None
    """None: as doctrine says."""
    inner_size: RingSize = RingSize.STANDARD
    outer_size: RingSize = RingSize.STANDARD
    field_roads: tuple[FieldRoad, ...] = ()
    hour: int | None = None
    no_ccp: bool = False
    bereaved_site: bool = False
    hospitals: tuple[HospitalStatus, ...] = ()
    exercise: bool = False
    notice: tuple[tuple[NoticeItemName, str], ...] = ()
    ems_agreed: EmsAgreed | None = None

    def scene(self) -> Incident:
        """Return what its zones are drawn from: where, with what, and what was drawn."""
        return Incident(location=self.location, threat=self.threat, zones=self.zones, threats=self.threats)

    def unmarked(self) -> Incident:
        """Return what a plan is made from: the same in an exercise, whatever is announced or agreed."""
        if not (self.exercise or self.notice or self.ems_agreed):
            return self
        return replace(self, exercise=False, notice=(), ems_agreed=None)


@dataclass(frozen=True)
class HospitalFact:
    """What a hospital table states about one hospital. Part of a plan's input beside the area's map.

    Parameters
    ----------
    name, city : str
        ``city`` is "" when the table does not say.
    location : LonLat
    adult_level, pediatric_level : TraumaLevel or None
        None = the table states none. Never a guess.
    designation : str
        The table's own words for the trauma designation ("LEVEL II, LEVEL PEDIATRIC", "RTC"), "" if none.
    helipad, burn : bool or None
        None = not stated.
    beds : int or None
    source, as_of : str
        Which table, and the ISO date (or year and month) that it speaks of.
    other_name : str
        A second name in use, "" if none.
    closed : bool
        The table says that it is closed: kept so that a map that still shows it is not believed.
    emergencies : bool or None
        Whether its table says that it takes emergencies; False = its own kind or type leaves that open.
    """

    name: str
    location: LonLat
    adult_level: TraumaLevel | None = None
    pediatric_level: TraumaLevel | None = None
    designation: str = ""
    helipad: bool | None = None
    burn: bool | None = None
    beds: int | None = None
    city: str = ""
    source: str = ""
    as_of: str = ""
    other_name: str = ""
    closed: bool = False
    emergencies: bool | None = None


# --- what comes out -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Notice:
    """Something unknown, assumed or wrong that the user must hear of."""

    level: NoticeLevel
    text: str
    about: str = ""


@dataclass(frozen=True)
class Zone:
    """Ground of one danger, as planned. One polygon each; several zones may be of one kind."""

    zone: ZoneKind
    rings: Rings
    drawn: bool
    reason: str


@dataclass(frozen=True)
class RingOption:
    """Another ring that the user may take instead, and what that means.

    Parameters
    ----------
    holds : InnerHolds or None
        Of the inner perimeter: what it encloses.
    size : RingSize
    vehicle_posts, officers : int
        Posts on drivable streets and the officers for them; posts on foot come on top of both.
    area_m2 : float or None
        Ground that the ring takes in; None where its line was not drawn.
    says : str
        What it gives up or gains against the ring as planned, in words.
    """

    holds: InnerHolds | None
    size: RingSize
    vehicle_posts: int
    officers: int
    area_m2: float | None
    says: str


@dataclass(frozen=True)
class Perimeter:
    """A line held by posts. ``posts`` and ``officers`` count vehicle and foot posts together.

    ``options`` are other rings: the inner one around hot ground and around warm as well, side by side; and
    the next smaller and larger where the ring takes more officers than doctrine's limit.
    """

    perimeter: PerimeterName
    rings: Rings
    posts: int
    officers: int
    sealed: bool
    leaks: tuple[str, ...]
    reason: str
    options: tuple[RingOption, ...] = ()


@dataclass(frozen=True)
class Post:
    """Where officers stop traffic. ``closes`` lists (way id, node id, node id) in OSM ids.

    ``flow`` is what the streets that it stops carry by road class, in residential lanes
    (:mod:`planner.perimeters.flows`).
    """

    id: str
    perimeter: PerimeterName
    location: LonLat
    rank: int
    street: str
    control: Control
    mode: PostMode
    direction: Direction
    officers: int
    closes: tuple[tuple[int, int, int], ...]
    reason: str
    flow: float = 0.0


@dataclass(frozen=True)
class Observation:
    """Where officers watch the target's sides from: containment, not a post that stops anybody.

    Parameters
    ----------
    rank : int
        1 = staff first: sees the most of what those before it do not.
    sees : tuple of str
        Sides of the target of which it sees the half or more: "N", "NE" ...
    distance_m, longest_m : float
        To the target, and to the furthest that it sees of it.
    covered_share : float
        Share of the target's free sides that this post and those ranked before it see together, 0..1.
    cover : bool
        Whether a building's corner beside it is known to hide who steps back. False: none is known.
    zone : ZoneKind
        The ground it stands in. Whoever sees the target can be seen from it, whatever the zone.
    """

    id: str
    location: LonLat
    rank: int
    sees: tuple[str, ...]
    officers: int
    distance_m: float
    longest_m: float
    covered_share: float
    cover: bool
    zone: ZoneKind
    reason: str


@dataclass(frozen=True)
class Score:
    """One criterion's say on one site: ``points`` in 0..1, times ``weight``."""

    criterion: str
    value: float | None
    unit: str
    points: float
    weight: float


@dataclass(frozen=True)
class Room:
    """How many would fit, each for itself; None where not known."""

    patrol_cars: int | None = None
    ambulances: int | None = None
    fire_engines: int | None = None
    people: int | None = None


@dataclass(frozen=True)
class Lot:
    """Part of a staging site marked for one agency: whose (ems, fire, police), and for how many vehicles."""

    agency: str
    vehicles: int
    area_m2: float
    rings: Rings


@dataclass(frozen=True)
class Hazard:
    """What a pilot must hear of: seen from the middle of a helispot. Height None = not on the map."""

    kind: str
    bearing_deg: float
    distance_m: float
    height_m: float | None


@dataclass(frozen=True)
class Site:
    """Ground chosen, or offered, for a purpose. ``in_sight`` None means unknown.

    Parameters
    ----------
    unit : str
        What ``capacity`` counts.
    room : Room or None
        What fits on it, vehicles on its free ground.
    ways_out : int or None
        Ways out that share no street: 2 means two or more.
    fire_apparatus : bool or None
        Whether the street at its entrance lets fire engines in, as far as the map says; None where it says
        neither width nor height.
    lots : tuple of Lot
        Of a staging site that several agencies share.
    hazards : tuple of Hazard
        Of a helispot, nearest first.
    approaches_deg : tuple of float
        Bearings from a helispot over which nothing known stands in the way, the best two.
    """

    id: str
    purpose: Purpose
    rank: int
    source: SiteSource
    name: str
    shape: Shape
    entrance: LonLat
    zone: ZoneKind
    area_m2: float | None
    capacity: int | None
    usng: str
    in_sight: bool | None
    scores: tuple[Score, ...]
    score: float
    reason: str
    cautions: tuple[str, ...] = ()
    unit: str = ""
    room: Room | None = None
    ways_out: int | None = None
    fire_apparatus: bool | None = None
    lots: tuple[Lot, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    approaches_deg: tuple[float, ...] = ()


@dataclass(frozen=True)
class Route:
    """A way to drive (or, for ``transfer``, to walk), with what it shares and crosses.

    ``start`` and ``end`` are site ids, hospital names or post ids (``from`` and ``to`` in documents).
    ``keep_clear`` lists the streets of the ambulance corridor that it drives, each with metres: no parking
    there. What several routes drive is counted at one of them: the sum is the whole. ``against_signs`` lists
    OSM nodes at which it turns against a sign, as ambulances may.
    """

    id: str
    route: RouteKind
    start: str
    end: str
    line: tuple[LonLat, ...]
    time_s: float
    length_m: float
    streets: tuple[str, ...]
    nodes: tuple[int, ...]
    shared_m: float
    hot_m: float
    posts_crossed: tuple[str, ...]
    reason: str
    keep_clear: tuple[tuple[str, float], ...] = ()
    against_signs: tuple[int, ...] = ()

    @property
    def towards(self) -> str:
        """What is said before its end where the map ends first, as its reason says; "" where it leads there.

        Its length and time are then those to the edge of the map, never those of the drive.
        """
        return next((edge for edge in words.TO_THE_EDGE if edge in self.reason), "")


@dataclass(frozen=True)
class SiteTime:
    """The drive from one site to a hospital; None where there is no way."""

    site: str
    time_s: float | None
    range_min: tuple[int, int] | None


@dataclass(frozen=True)
class WalkIns:
    """Places of the first hour kept for patients who come by themselves; not given to ambulances."""

    red: int = 0
    child_red: int = 0
    others: int = 0


UNNAMED_HOSPITAL = "Unnamed hospital"
"""How the name of a hospital begins that has none: that of its street follows, which may change."""


@dataclass(frozen=True)
class HospitalOption:
    """A hospital, how far it is, and what it takes. Levels are None when no source states them.

    Parameters
    ----------
    time_s, time_range_min
        Drive from where ambulances load: planning time; whole minutes from best case to late.
    red_per_h, child_red_per_h, others_per_h : float or None
        Red adults, red children, yellow and green patients an hour. None = no source states what is needed
        to tell.
    assigned, children : Casualties
        Who is planned to be driven there in the first hour, and how many of them are children.
    sent : Casualties
        Who is said to be there or on the way already; not among those assigned.
    walk_ins : WalkIns
        Capacity kept for those who come by themselves.
    spared : str
        Why patients are driven a little further to spare it, "" where they are not.
    children_only : bool
        No adults are planned there.
    closed, diversion : bool
        Said by the coordinator.
    air_range_min : (int, int) or None
        Whole minutes of flight in a straight line where a helipad is known.
    air_offer : str
        Where the drive is far and a flight shorter: that air may be asked for, "" elsewhere.
    times : tuple of SiteTime
        From each place that ambulances leave from or wait at.
    route : str or None
        Id of the way there, None where none is drawn.
    leads : str
        Why it is the one to name first when somebody asks how far care is; "" for all others.
    """

    name: str
    location: LonLat
    adult_level: TraumaLevel | None
    pediatric_level: TraumaLevel | None
    helipad: bool | None
    source: str
    as_of: str
    time_s: float | None
    time_range_min: tuple[int, int] | None
    off_map: bool
    red_per_h: float | None
    assigned: Casualties
    route: str | None
    reason: str = ""
    burn: bool | None = None
    beds: int | None = None
    child_red_per_h: float | None = None
    others_per_h: float | None = None
    children: Casualties = Casualties()
    sent: Casualties = Casualties()
    walk_ins: WalkIns = WalkIns()
    spared: str = ""
    children_only: bool = False
    closed: bool = False
    diversion: bool = False
    air_range_min: tuple[int, int] | None = None
    air_offer: str = ""
    times: tuple[SiteTime, ...] = ()
    leads: str = ""

    @property
    def identity(self) -> tuple[str, LonLat]:
        """By what it is known in another plan: its name and place; the nameless are named by a street."""
        return ("" if self.name.startswith(UNNAMED_HOSPITAL) else self.name), self.location


@dataclass(frozen=True)
class AmbulanceNeed:
    """How many ambulances the first hour's patients need, and what those at hand can do.

    Parameters
    ----------
    needed : int
        To take every red and yellow patient in one wave.
    at_hand : int or None
        As the incident says; None = not said, and then ``needed`` are reckoned with.
    waves : int
        Trips of the ambulance that makes most of them, with the one that it is on.
    last_red_min, last_min : (int, int) or None
        Whole minutes, from the first ambulance's leaving, or from now where some have left, until the last
        red, and the last red or yellow, patient who is still here is at a hospital. None where nobody is
        driven, or some find no place.
    reason : str
        How it was reckoned.
    just_gone : int
        How many of those at hand are reckoned as just gone with those who are sent: nobody says when they
        left, and this is the worst.
    """

    needed: int
    at_hand: int | None
    waves: int
    last_red_min: tuple[int, int] | None
    last_min: tuple[int, int] | None
    reason: str
    just_gone: int = 0


@dataclass(frozen=True)
class AreaStamp:
    """Which map a plan was made on."""

    name: str
    digest: str
    data_date: str
    source: str
    attribution: str


@dataclass(frozen=True)
class DoctrineStamp:
    """Which doctrine a plan was made by."""

    name: str
    digest: str


@dataclass(frozen=True)
class Plan:
    """A finished plan: everything that :mod:`planner.document` writes."""

    id: str
    software: str
    incident: Incident
    area: AreaStamp
    doctrine: DoctrineStamp
    zones: tuple[Zone, ...]
    perimeters: tuple[Perimeter, ...]
    posts: tuple[Post, ...]
    sites: tuple[Site, ...]
    routes: tuple[Route, ...]
    hospitals: tuple[HospitalOption, ...]
    notices: tuple[Notice, ...] = field(default=())

    @property
    def officers(self) -> dict[str, int]:
        """Officers needed: inner and outer posts, site security, and all together; containment apart."""
        held = {
            name: sum(p.officers for p in self.perimeters if p.perimeter is name) for name in PerimeterName
        }
        sites = self.site_officers
        inner, outer = held[PerimeterName.INNER], held[PerimeterName.OUTER]
        return {
            "inner": inner,
            "outer": outer,
            "sites": sites,
            "total": inner + outer + sites,
            "containment": sum(post.officers for post in self.observations),
        }

    site_officers: int = 0
    observations: tuple[Observation, ...] = ()
    ambulances: AmbulanceNeed | None = None
