"""What runs a batch: this process, a pool of processes, or the workers of a Dask scheduler.

A batch asks for no more than :class:`concurrent.futures.Executor`. Dask is known here only, and only when a
scheduler is named.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

from planner.errors import BatchError


@dataclass(frozen=True)
class Executors:
    """An executor, and how many tasks it should be given at once."""

    executor: Executor
    at_once: int


class Here(Executor):
    """Runs what it is given at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run, and return what came of it."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - kept in the future, as every executor does
            future.set_exception(error)
        return future


@contextmanager
def open_executor(workers: int, scheduler: str = "") -> Iterator[Executors]:
    """Open what runs a batch, and close it: what has not begun by then is not begun.

    Parameters
    ----------
    workers : int
        Processes on this machine; with 1 everything runs in this one.
    scheduler : str
        Address of a Dask scheduler whose workers are used instead, "" for none.

    Raises
    ------
    BatchError
        If Dask is not installed, or no scheduler answers, or it has no workers.
    """
    if scheduler:
        with _dask(scheduler) as executors:
            yield executors
        return
    executor: Executor = Here()
    if workers > 1:
        # Spawned, not forked: this process has threads.
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow)
    try:
        yield Executors(executor, 1 if workers <= 1 else 3 * workers)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """Return how many processes this one may keep busy."""
    if hasattr(os, "sched_getaffinity"):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _follow() -> None:
    """Leave Ctrl-C to the process that started this one, and end when that has ended, however it did."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    starter = multiprocessing.parent_process()
    if starter is not None:
        threading.Thread(target=_end_after, args=(starter,), daemon=True).start()


def _end_after(starter: BaseProcess) -> None:
    starter.join()
    os._exit(1)


_EACH = 3
"""Tasks for each worker of a scheduler, so that none waits for the next."""


@contextmanager
def _dask(address: str) -> Iterator[Executors]:
    try:
        from distributed import Client
    except ImportError as error:
        raise BatchError(
            "--scheduler needs Dask, which is not installed here",
            "Run 'pip install distributed' beside the planner, here and on every worker; or give --workers",
        ) from error
    try:
        client = Client(address)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise BatchError(
            f"no Dask scheduler answers at {address} ({reason})",
            "Start it with 'dask scheduler', or mend the address",
        ) from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:  # it would wait for one, and say nothing
            raise BatchError(
                f"the Dask scheduler at {address} has no workers",
                f"Start one with 'dask worker {address}', on any machine that has the planner and the area",
            )
        yield Executors(client.get_executor(), _EACH * threads)
