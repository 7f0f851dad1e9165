"""Laws of what sites have to hold: agencies by the names of units, the hour, bays by casualties."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.doctrine import read_doctrine
from planner.model import Casualties, Incident
from planner.sites.demand import Agency, Demand, agency_of, local_hour

SITING = read_doctrine(Path(__file__).parents[1] / "data" / "doctrine.toml").siting


@pytest.mark.parametrize(
    ("unit", "agency"),
    [
        ("ambulances", Agency.EMS),
        ("Medic_12", Agency.EMS),
        ("fire engine", Agency.FIRE),
        ("ladder-3", Agency.FIRE),
        ("trucks", Agency.FIRE),
        ("SWAT truck", Agency.POLICE),
        ("patrol", Agency.POLICE),
        ("", Agency.POLICE),
    ],
)
def test_the_name_of_a_unit_tells_its_agency(unit, agency):
    assert agency_of(unit) is agency


def test_officers_are_people_and_take_no_ground():
    demand = Demand.of(Incident(units=(("officers", 40), ("officers_5_min", 9), ("patrol", 3))), SITING)
    assert (demand.police, demand.fire, demand.ems) == (3, 0, 0)
    assert not any("stage" in words for words in demand.assumed)


def test_only_officers_named_means_that_no_vehicles_are_named():
    demand = Demand.of(Incident(units=(("officers", 40),)), SITING)
    assert demand.police == SITING.staging_police
    assert any("stage" in words for words in demand.assumed)


@pytest.mark.parametrize(
    ("began_at", "hour", "local"),
    [
        ("2024-05-14T09:32:00-04:00", None, 9),
        ("2024-05-14 23:05", None, 23),
        ("2024-05-14T13:32:00Z", None, None),
        ("2024-05-14", None, None),
        ("2024-05-14T09:32:00-04:00", 21, 21),
        (None, None, None),
    ],
)
def test_the_hour_is_local_or_not_known(began_at, hour, local):
    assert local_hour(Incident(began_at=began_at, hour=hour)) == local


@given(st.none() | st.integers(0, 23))
def test_an_unknown_hour_is_the_worst_hour_for_parking(hour):
    unknown = Demand.of(Incident(), SITING).lot_free(SITING)
    assert Demand.of(Incident(hour=hour), SITING).lot_free(SITING) >= unknown
    assert (Demand.of(Incident(hour=hour), SITING).by_night(SITING) is None) == (hour is None)


@given(st.integers(0, 2000), st.integers(0, 50))
def test_bays_load_all_in_time_up_to_the_most_that_one_point_has(patients, more):
    bays = Demand.of(Incident(casualties=Casualties(red=patients)), SITING).bays(SITING)
    assert SITING.ambulance_bays <= bays <= SITING.ambulance_bays_most
    wave = bays * SITING.transport_window_min / SITING.loading_min * SITING.patients_per_ambulance
    placed = patients or SITING.casualties_assumed
    assert wave >= placed or bays == SITING.ambulance_bays_most
    fewer = (bays - 1) * SITING.transport_window_min / SITING.loading_min
    assert bays == SITING.ambulance_bays or fewer < math.ceil(placed / SITING.patients_per_ambulance)
    assert bays <= Demand.of(Incident(casualties=Casualties(red=patients + more + 60)), SITING).bays(SITING)
