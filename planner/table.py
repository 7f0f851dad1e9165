"""What a map shows of one sort of thing: named columns beside geometry, as plain arrays.

A data frame would do it too, and takes a third of a second to import and a tenth of a millisecond for each
question: too long before a first plan, and for the many small questions of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import AreaError

Bools = NDArray[np.bool_]


class Table:
    """Rows of one sort of thing; never changed once made.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        Text as objects of ``str``, numbers as int64 or float64.
    shapes : (n,) array of geometry
        In metres.

    Raises
    ------
    AreaError
        If the columns are not all of one length.
    """

    def __init__(self, columns: Mapping[str, NDArray[Any]], shapes: NDArray[np.object_]) -> None:
        self._lay(columns, len(shapes), lambda: shapes)

    @classmethod
    def with_shapes_later(
        cls, columns: Mapping[str, NDArray[Any]], count: int, shapes: Callable[[], NDArray[np.object_]]
    ) -> Table:
        """Return a table of so many rows whose shapes are made when someone first asks for them."""
        table = cls.__new__(cls)
        table._lay(columns, count, shapes)
        return table

    @classmethod
    def of_wkb(cls, columns: Mapping[str, NDArray[Any]], wkb: NDArray[np.object_]) -> Table:
        """Return a table of shapes told by WKB, a third of their memory, till someone asks for them."""
        table = cls.with_shapes_later(columns, len(wkb), lambda: np.asarray(shapely.from_wkb(wkb)))
        table._wkb = wkb
        return table

    def _lay(
        self, columns: Mapping[str, NDArray[Any]], count: int, shapes: Callable[[], NDArray[np.object_]]
    ) -> None:
        """Take the columns over, and check their lengths once."""
        self.columns = columns
        self._count = count
        self._make_shapes = shapes
        self._wkb: NDArray[np.object_] | None = None
        if any(len(column) != count for column in columns.values()):
            raise AreaError(
                "a table's columns differ in length", "Import the area again from its source file"
            )

    def __reduce__(self) -> tuple[type[Table], tuple[Any, ...]]:
        """Travel to other processes with the shapes made."""
        return Table, (dict(self.columns), self.shapes)

    @cached_property
    def shapes(self) -> NDArray[np.object_]:
        """Where each row lies, in metres, (n,)."""
        shapes = self._make_shapes()
        self._wkb, self._make_shapes = None, lambda: shapes  # nobody needs what they were made of any more
        return shapes

    def wkb(self) -> NDArray[np.object_]:
        """Return where each row lies as WKB, (n,) of bytes."""
        wkb = self._wkb
        return np.asarray(shapely.to_wkb(self.shapes), dtype=object) if wkb is None else wkb

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count

    def __getitem__(self, column: str) -> NDArray[Any]:
        """Return a column by name: one array for all who ask, not to be changed."""
        return self.columns[column]

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Where the rows lie; built once, when first asked."""
        return shapely.STRtree(self.shapes)

    def among(self, column: str, values: Iterable[str]) -> Bools:
        """Tell which rows have one of the given texts in a column."""
        wanted = frozenset(str(value) for value in values)
        return np.fromiter(map(wanted.__contains__, self.columns[column]), dtype=bool, count=len(self))

    def rows(self, which: NDArray[Any] | slice) -> Table:
        """Return some rows: by number, by a mask, or by a slice."""
        columns = {name: values[which] for name, values in self.columns.items()}
        return Table(columns, self.shapes[which])

    def with_column(self, name: str, values: NDArray[Any]) -> Table:
        """Return a table with one column set to other values."""
        return Table.with_shapes_later({**self.columns, name: values}, len(self), lambda: self.shapes)
