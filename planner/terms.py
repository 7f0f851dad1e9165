"""The words of the trade, one enum each.

String enums are spelled as the documents of the contract spell them; integer enums are codes in the
arrays of :class:`planner.streets.network.StreetNetwork` and are part of the pack schema: append, never
renumber.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum


class ThreatName(StrEnum):
    """Threat presets (``domain.md`` 2.1 and 2.2)."""

    KNIFE = "knife"
    HANDGUN = "handgun"
    RIFLE = "rifle"
    ELEVATED_RIFLE = "elevated_rifle"
    VEHICLE = "vehicle"
    FIRE = "fire"
    UNKNOWN = "unknown"
    PIPE_BOMB = "pipe_bomb"
    SUICIDE_VEST = "suicide_vest"
    BRIEFCASE_BOMB = "briefcase_bomb"
    SEDAN_BOMB = "sedan_bomb"
    SUV_BOMB = "suv_bomb"
    DELIVERY_TRUCK_BOMB = "delivery_truck_bomb"
    CONTAINER_TRUCK_BOMB = "container_truck_bomb"
    SEMI_TRAILER_BOMB = "semi_trailer_bomb"


BOMBS = tuple(name for name in ThreatName if name.value.endswith(("_bomb", "_vest")))
"""Threats that kill by blast: nobody stays in sight of one (``domain.md`` 2.2)."""


class ThreatStatus(StrEnum):
    """What has been done about a secondary threat."""

    POSTED = "posted"
    REPORTED = "reported"
    MARKED = "marked"


class ZoneKind(StrEnum):
    """Ground of one danger. Order of danger: hot, warm, cold."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class PerimeterName(StrEnum):
    """The two lines that posts hold."""

    INNER = "inner"
    OUTER = "outer"


TRIAGE = ("red", "yellow", "green")
"""Colours of casualties (EMS triage), the gravest first, as documents name them."""


class PostEditKind(StrEnum):
    """What the user did to a post, or to the street it stands on."""

    ADD = "add"
    REMOVE = "remove"
    MOVE = "move"
    OPEN = "open"


class InnerHolds(StrEnum):
    """Which ground the inner perimeter encloses, with its stand-off."""

    HOT = "hot"
    HOT_AND_WARM = "hot_and_warm"


class RingSize(StrEnum):
    """How much ground a perimeter takes in beyond what it must."""

    SMALLER = "smaller"
    STANDARD = "standard"
    LARGER = "larger"


class NoticeItemName(StrEnum):
    """The seven items of a public notice (IACP H.2 a-g), in their order."""

    SENDER = "sender"
    WHY = "why"
    WHEN = "when"
    SHELTER = "shelter"
    AVOID = "avoid"
    DIRECTIONS = "directions"
    REUNIFICATION = "reunification"


class Purpose(StrEnum):
    """What a site is for."""

    COMMAND_POST = "command_post"
    STAGING = "staging"
    STAGING_FIRE = "staging_fire"
    STAGING_POLICE = "staging_police"
    CASUALTY_COLLECTION_FORWARD = "casualty_collection_forward"
    CASUALTY_COLLECTION = "casualty_collection"
    AMBULANCE_EXCHANGE = "ambulance_exchange"
    EVACUATION = "evacuation"
    REUNIFICATION = "reunification"
    REUNIFICATION_BEREAVED = "reunification_bereaved"
    MEDIA = "media"
    HELISPOT = "helispot"


FAMILIES = (Purpose.REUNIFICATION, Purpose.REUNIFICATION_BEREAVED)
"""Purposes that families are sent to."""
PUBLIC = (*FAMILIES, Purpose.MEDIA)
"""Purposes whose places are given out: outside the outer perimeter."""


class SiteSource(StrEnum):
    """Who chose a site."""

    SUGGESTED = "suggested"
    PINNED = "pinned"


class Control(StrEnum):
    """How a post treats traffic."""

    CLOSED = "closed"
    GATE = "gate"


class PostMode(StrEnum):
    """Whether a post stops vehicles (a car across the road) or people on foot."""

    VEHICLE = "vehicle"
    FOOT = "foot"


class Direction(StrEnum):
    """Which way traffic could flow through a post, seen from the scene."""

    ENTRY = "entry"
    EXIT = "exit"
    BOTH = "both"


class RouteKind(StrEnum):
    """What a route is for."""

    INGRESS = "ingress"
    EGRESS = "egress"
    TRANSFER = "transfer"
    PUBLIC = "public"


class NoticeLevel(StrEnum):
    """How much a notice matters."""

    INFO = "info"
    CAUTION = "caution"
    DANGER = "danger"


class TraumaLevel(StrEnum):
    """Trauma centre levels, adult or paediatric."""

    I = "I"  # noqa: E741 - the field's own name
    II = "II"
    III = "III"
    IV = "IV"
    V = "V"


class RoadClass(IntEnum):
    """OSM ``highway`` values that carry traffic of some kind; codes in the network arrays.

    Everything below 100 is drivable by the contract (``plan-format.md``), whatever ``access`` says.
    """

    MOTORWAY = 1
    MOTORWAY_LINK = 2
    TRUNK = 3
    TRUNK_LINK = 4
    PRIMARY = 5
    PRIMARY_LINK = 6
    SECONDARY = 7
    SECONDARY_LINK = 8
    TERTIARY = 9
    TERTIARY_LINK = 10
    UNCLASSIFIED = 11
    RESIDENTIAL = 12
    LIVING_STREET = 13
    SERVICE = 14
    ROAD = 15
    TRACK = 16
    BUSWAY = 17
    PEDESTRIAN = 101
    FOOTWAY = 102
    PATH = 103
    STEPS = 104
    CYCLEWAY = 105
    BRIDLEWAY = 106
    CORRIDOR = 107


FIRST_FOOT_CLASS = 100
"""Road classes above this code are for people on foot (or cycle) only."""


class Service(IntEnum):
    """OSM ``service`` values of ``highway=service``."""

    NONE = 0
    DRIVEWAY = 1
    PARKING_AISLE = 2
    ALLEY = 3
    EMERGENCY_ACCESS = 4
    DRIVE_THROUGH = 5
    OTHER = 6


class Access(IntEnum):
    """Folded OSM access tags: who may use an edge, or a node."""

    UNSET = 0
    YES = 1
    PRIVATE = 2
    NO = 3
    DESTINATION = 4
    PERMIT = 5


class Barrier(IntEnum):
    """OSM ``barrier`` on a node. At or above ``BOLLARD`` no vehicle passes (contract)."""

    NONE = 0
    GATE = 1
    LIFT_GATE = 2
    SWING_GATE = 3
    TOLL_BOOTH = 4
    CATTLE_GRID = 5
    BORDER_CONTROL = 6
    KERB = 7
    OTHER = 8
    BOLLARD_RISING = 20
    BOLLARD = 21
    BLOCK = 22
    JERSEY_BARRIER = 23
    CYCLE_BARRIER = 24
    STILE = 25
    DEBRIS = 26


FIRST_BLOCKING_BARRIER = 20
"""Barrier codes from here on cut a way for vehicles."""


class Parked(IntEnum):
    """On which sides of a carriageway the map says that cars stand, as ``parking:left`` and its like tell."""

    UNKNOWN = 0
    NONE = 1
    ONE_SIDE = 2
    BOTH_SIDES = 3


class Unread(IntEnum):
    """Which rules of a street hold at times or under conditions on the map: none of them is planned with."""

    NONE = 0
    SPEED = 1
    """How fast one may drive."""
    PASSAGE = 2
    """Who may pass, in which direction."""


class TurnRule(IntFlag):
    """What a turn restriction says: bits of a code in the network arrays."""

    ONLY = 1
    """Only this way (``only_*``); else not this way (``no_*``)."""
    SPARES_EMERGENCY = 2
    """Emergency vehicles are exempt (``except=emergency``)."""


class Travel(StrEnum):
    """Who travels: decides which edges may be used, how fast, and against which oneway."""

    EMERGENCY = "emergency"
    PUBLIC = "public"
    FOOT = "foot"


class PlaceKind(StrEnum):
    """OSM ground and buildings that the planner knows by kind (candidate ground, targets, landmarks)."""

    SCHOOL = "school"
    KINDERGARTEN = "kindergarten"
    COLLEGE = "college"
    MALL = "mall"
    SUPERMARKET = "supermarket"
    PARKING = "parking"
    PARK = "park"
    PITCH = "pitch"
    STADIUM = "stadium"
    SPORTS_CENTRE = "sports_centre"
    WORSHIP = "worship"
    COMMUNITY_CENTRE = "community_centre"
    CONFERENCE_CENTRE = "conference_centre"
    LIBRARY = "library"
    THEATRE = "theatre"
    HOTEL = "hotel"
    FUEL = "fuel"
    BUS_STATION = "bus_station"
    OPEN_GROUND = "open_ground"
    TOWNHALL = "townhall"
    MARKETPLACE = "marketplace"
    HELIPAD = "helipad"
    AERODROME = "aerodrome"
    HOSPITAL = "hospital"
    EMERGENCY_ENTRANCE = "emergency_entrance"
    CLINIC = "clinic"
    FIRE_STATION = "fire_station"
    POLICE = "police"
    AMBULANCE_STATION = "ambulance_station"
    OFFICE = "office"
    NIGHTCLUB = "nightclub"
    STATION = "station"
    COURTHOUSE = "courthouse"
    GOVERNMENT_OFFICE = "government_office"


OPEN_BY_MAP = "Open ground by the map"
"""What ground is called that nobody mapped, only left free between streets and buildings."""


class ObstacleKind(StrEnum):
    """What a helicopter, a vehicle or a line of sight may hit, or ground that cannot be used."""

    POWER_LINE = "power_line"
    POWER_POLE = "power_pole"
    MAST = "mast"
    TREE = "tree"
    TREE_ROW = "tree_row"
    WOOD = "wood"
    WATER = "water"
    WATERWAY = "waterway"
    WALL = "wall"
    FENCE = "fence"
    RAILWAY = "railway"
    ROAD_WORKS = "road_works"
