"""What commands share: how they show progress, results and what went wrong, and how they read a time."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

Progress = Callable[[float, str], None]


def printable(text: str) -> str:
    """Return text with control characters as escapes: a name from a map must not drive the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_json(value: Any) -> None:
    """Write JSON to standard output, in UTF-8 whatever the locale."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    click.echo(text.encode("utf-8", "backslashreplace"))


class Moment(click.ParamType[Any]):
    """A time with its offset from UTC."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read an ISO time; one without an offset is taken for this machine's."""
        try:
            return datetime.fromisoformat(str(value)).astimezone()
        except ValueError:
            self.fail("give a time like 2024-05-14T09:32-05:00", param, ctx)


@contextmanager
def show_progress(what: str) -> Iterator[Progress]:
    """Show a progress bar on standard error, if that is a terminal and there is something to wait for."""
    from tqdm import tqdm

    form = "{percentage:3.0f}%|{bar:30}| {desc}"
    with tqdm(
        total=100,
        desc=printable(what),
        bar_format=form,
        delay=0.3,
        disable=None,
        leave=False,
        file=sys.stderr,
    ) as bar:

        def report(share: float, text: str) -> None:
            bar.set_description_str(printable(f"{what}: {text}"), refresh=False)
            bar.update(max(0.0, 100 * share - bar.n))

        yield report


@contextmanager
def show_count(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many are done and how long the rest takes: a bar on a terminal, else a line now and then."""
    from tqdm import tqdm

    form = "{desc} {n_fmt} of {total_fmt} |{bar:30}| {elapsed}, {remaining} left"
    shown = sys.stderr.isatty()
    step, began = 0, time.monotonic()
    with tqdm(desc=what, bar_format=form, disable=not shown, leave=False, file=sys.stderr) as bar:

        def told(done: int, of: int) -> None:
            nonlocal step
            bar.total = of
            bar.update(done - bar.n)
            if not shown and of and 10 * done // of > step:
                step = 10 * done // of
                left_min = (time.monotonic() - began) * (of - done) / done / 60
                more = f", about {math.ceil(left_min)} min left" if done < of else ""
                click.echo(f"{what}: {done} of {of}{more}", err=True)

        yield told
