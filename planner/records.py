"""Dataclasses as JSON objects and back, by their type hints: a new field needs no code here.

Reading checks every value against its hint and says which member of which feature is wrong. Names that
documents spell otherwise (``from`` for ``start``) are given as ``renamed``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any, TypeVar

import numpy as np

from planner.geo import LonLat
from planner.geojson import Json, as_list, as_number, as_object, as_place, fail, position, shown

T = TypeVar("T")

_MAX_INT = 2**63 - 1
_PLAIN = frozenset({str, int, bool})
"""Types that JSON writes as they are; a way over a metro has thousands of node ids."""
_NO_NAMES: Mapping[str, str] = types.MappingProxyType({})


def to_record(
    value: object, *, without: Collection[str] = (), renamed: Mapping[str, str] = _NO_NAMES
) -> Json:
    """Write a dataclass as a JSON object, in the order of its fields.

    Parameters
    ----------
    value : object
        A dataclass of :mod:`planner.model`.
    without : collection of str
        Fields written elsewhere, such as the geometry.
    renamed : mapping of str to str
        Field name to member name.
    """
    return {
        renamed.get(entry.name, entry.name): _encode(getattr(value, entry.name))
        for entry in _fields(type(value))
        if entry.name not in without
    }


def _encode(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, LonLat):
        return position(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float):
        return value + 0.0 if isfinite(value) else None  # JSON knows no NaN: unknown is null
    if isinstance(value, tuple):
        if _PLAIN.issuperset(map(type, value)):
            return list(value)
        return [_encode(part) for part in value]
    if is_dataclass(value):
        return to_record(value)
    return value


def from_record(
    kind: type[T],
    record: object,
    where: str,
    *,
    given: Mapping[str, object] = types.MappingProxyType({}),
    renamed: Mapping[str, str] = _NO_NAMES,
) -> T:
    """Read a dataclass from a JSON object; members that it has no field for are ignored.

    Parameters
    ----------
    kind : type
        The dataclass.
    record : object
        As parsed from JSON.
    where : str
        For messages: which feature.
    given : mapping
        Fields read elsewhere, such as the geometry.
    renamed : mapping of str to str
        Field name to member name.

    Raises
    ------
    IncidentError
        If a member without a default is missing, or one is not of its type.
    """
    members = as_object(record, where)
    hints = _hints(kind)
    values = dict(given)
    for entry in _fields(kind):
        name = renamed.get(entry.name, entry.name)
        if entry.name in given:
            continue
        if name in members:
            values[entry.name] = _decode(hints[entry.name], members[name], f"{where}, {name}")
        elif entry.default is MISSING and entry.default_factory is MISSING:
            fail(where, f"has no {name}", f"Give it a {name}")
    return kind(**values)


_fields: Callable[[Any], tuple[Field[Any], ...]] = cache(fields)
_hints: Callable[[Any], dict[str, Any]] = cache(typing.get_type_hints)


def _decode(hint: Any, value: object, where: str) -> Any:
    if isinstance(hint, types.UnionType):
        return None if value is None else _decode(_known(hint), value, where)
    if typing.get_origin(hint) is tuple:
        return _decode_tuple(typing.get_args(hint), value, where)
    if hint is LonLat:
        return as_place(value, where)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return as_word(hint, value, where)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_record(hint, value, where)
    return _SCALARS[hint](value, where)


def _known(hint: types.UnionType) -> Any:
    """Return X of ``X | None``, the only unions that the model uses."""
    (known,) = (arg for arg in typing.get_args(hint) if arg is not type(None))
    return known


def _decode_tuple(args: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    parts = as_list(value, where)
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_decode(args[0], part, where) for part in parts)
    if len(parts) != len(args):
        fail(where, f"{shown(value)} does not have {len(args)} parts", f"Give exactly {len(args)}")
    return tuple(_decode(arg, part, where) for arg, part in zip(args, parts, strict=True))


def as_word(words: type[StrEnum], value: object, where: str) -> StrEnum:
    """Return one of the trade's words, or say which there are."""
    if not isinstance(value, str) or value not in set(words):
        fail(where, f"{shown(value)} is unknown", f"Choose one of: {', '.join(words)}")
    return words(value)


def as_text(value: object, where: str) -> str:
    """Return a string that UTF-8 can hold, or say that this is none."""
    if not isinstance(value, str):
        fail(where, f"{shown(value)} is not text", "Put it in quotes")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        fail(where, "holds half of a character", "Write it again in UTF-8")
    return value


def as_count(value: object, where: str) -> int:
    """Return a whole number, or say that this is none."""
    number = as_number(value, where)
    if not number.is_integer() or abs(number) > _MAX_INT:
        fail(where, f"{shown(value)} is not a whole number", "Give a whole number")
    return int(value)  # type: ignore[call-overload, no-any-return] # exact where a float would round


def as_flag(value: object, where: str) -> bool:
    """Return true or false, or say that this is neither."""
    if not isinstance(value, bool):
        fail(where, f"{shown(value)} is neither true nor false", "Write true or false, without quotes")
    return value


_SCALARS: dict[Any, Any] = {str: as_text, int: as_count, float: as_number, bool: as_flag}
