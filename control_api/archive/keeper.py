"""The centre's own steady work: what waits is put into the archive until it holds, margins get their time.

One task in the event loop; the work itself blocks and runs in a thread. A failure is logged by its code, raised as an
alarm and tried again: nothing here may stop the centre, and no entry may stop the others (C9).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from fastapi.concurrency import run_in_threadpool

from control_api.accounts.acts import archive_acts
from control_api.archive.alarms import clear_alarm, raise_alarm
from control_api.archive.holding import apply_holds
from control_api.archive.keeping import archive_down
from control_api.archive.receipts import keep_waiting
from control_api.archive.retention import extend_margins
from control_api.archive.store import prepare_store
from control_api.center import Center
from control_api.errors import CenterError
from control_api.records.write import add_keys, store_waiting
from control_api.register.archived import archive_stretches, check_register
from control_api.sessions.holds import bind_cases
from storage.errors import StorageError

log = structlog.get_logger()
PAUSE_S = 15.0
BATCH = 100
WORK: tuple[Callable[[Center, int], int], ...] = (
    archive_acts,
    archive_stretches,
    add_keys,
    bind_cases,
    store_waiting,
    keep_waiting,
    extend_margins,
    apply_holds,
    check_register,
)


async def run_keeper(center: Center, pause_s: float = PAUSE_S) -> None:
    """Runs until cancelled. `center.wake` makes it look at once."""
    while True:
        more = await run_in_threadpool(work_once, center)
        if not more:
            with suppress(TimeoutError):
                await asyncio.wait_for(center.wake.wait(), pause_s)
            center.wake.clear()


def work_once(center: Center) -> bool:
    """One round; True when there is more to do at once. A fault in one kind of work does not stop the others."""
    done, faults = [], []
    try:
        if not center.archive_ready:
            prepare_store(center.store)
            center.archive_ready = True
        for step in WORK:
            try:
                done.append(step(center, BATCH))
            except Exception as error:
                if archive_down(error):
                    raise
                log.error("keeping-fault", step=step.__name__, error=type(error).__name__, exc_info=error)
                faults.append(f"{step.__name__} {type(error).__name__}")
    except (StorageError, CenterError) as error:
        log.warning("keeping-failed", code=error.code)
        _say_archive(center, error.code)
        return False
    except Exception as error:
        log.error("keeping-fault", error=type(error).__name__, exc_info=error)
        faults.append(f"prepare {type(error).__name__}")
    _say_archive(center, None)
    _say_faults(center, faults)
    return BATCH in done and not faults


def _say_faults(center: Center, faults: list[str]) -> None:
    """A fault of ours is an alarm, too: what waits for the keeper waits unseen otherwise."""
    if not faults and not center.keeping_fault:
        return
    center.keeping_fault = bool(faults)
    with center.database.writing() as session:
        if faults:
            raise_alarm(session, center.now_ns(), "keeping-fault", detail=", ".join(faults))
        else:
            clear_alarm(session, center.now_ns(), "keeping-fault", room_id=None, device_id=None)


def _say_archive(center: Center, code: str | None) -> None:
    if code is None and not center.archive_trouble:
        return
    center.archive_trouble = code or ""
    center.archive_ready = center.archive_ready and code is None
    with center.database.writing() as session:
        if code is None:
            clear_alarm(session, center.now_ns(), "archive-trouble", room_id=None, device_id=None)
        else:
            raise_alarm(session, center.now_ns(), "archive-trouble", detail=code)
