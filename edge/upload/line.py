"""Keeps uploads to the line's limits and says when the backlog will be through. Decides nothing: `pace`,
`line_estimate` and `forecast` do.

The hour comes from the centre's clock as last heard, carried on by monotonic time, so that a wrong clock in the room
loosens and stops nothing; before the centre was heard the strictest limit holds.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from config.line import LineSettings
from config.room import DEFAULT_TIMEZONE
from edge.agent.board import Board, Forecast
from edge.agent.room_record import RoomRecord
from edge.agent.spool_reader import SpoolReader
from edge.upload.forecast import through_in_ns
from edge.upload.line_estimate import Inflow, LineEstimate, Sample
from edge.upload.pace import TokenBucket, minute_of_day, upload_limit_kbps

log = structlog.get_logger(__name__)
LOOK_AGAIN_S = 0.25  # so soon a changed limit holds, also in the middle of a file
FORECAST_EVERY_NS = 5_000_000_000
LIVE_ASKED_NS = 5_000_000_000  # from an offer until the live process names its viewer
OVERHEAD = 1.05  # HTTP, TLS and TCP around the bytes that are counted


@dataclass(slots=True)
class Meter:
    """What one upload waited for the pace."""

    waited_s: float = 0.0


class Line:
    """One per process; uploads and entries share it."""

    def __init__(self, board: Board, record: RoomRecord, spool: SpoolReader) -> None:
        self._board, self._record, self._spool = board, record, spool
        self._settings, self._timezone = LineSettings(), DEFAULT_TIMEZONE
        self._bucket = TokenBucket()
        self.estimate = LineEstimate()
        self._inflow = Inflow()
        self._sealed_bytes, self._sealed_up_to = 0, 0
        self._next_forecast_ns = 0
        self.meter = Meter()

    async def step(self) -> float:
        """Follow the configuration, count what comes in, look ahead. Returns seconds until the next look."""
        self._follow_configuration()
        sealed_bytes, self._sealed_up_to = self._spool.sealed_after(self._sealed_up_to)
        self._sealed_bytes += sealed_bytes
        now_ns = time.monotonic_ns()
        self._inflow.seen(self._sealed_bytes, now_ns)
        if now_ns >= self._next_forecast_ns:
            self._next_forecast_ns = now_ns + FORECAST_EVERY_NS
            self.look_ahead()
        return 1.0

    @property
    def live(self) -> bool:
        """Somebody watches live or takes part, or is about to."""
        asked_ns = self._board.live_asked_mono_ns
        return bool(self._board.viewers) or (asked_ns is not None and time.monotonic_ns() - asked_ns < LIVE_ASKED_NS)

    def limit_kbps(self) -> int | None:
        return upload_limit_kbps(
            self._settings, self._minute(), live=self.live, measured_kbps=self.estimate.free_kbps()
        )

    async def pace(self, size_bytes: int) -> None:
        """Returns when these bytes may go. A limit that changes meanwhile holds at once."""
        while (wait_s := self._bucket.wait_s(self.limit_kbps(), time.monotonic_ns())) > 0:
            began = time.monotonic()
            await asyncio.sleep(min(wait_s, LOOK_AGAIN_S))
            self.meter.waited_s += time.monotonic() - began
        self._bucket.take(int(size_bytes * OVERHEAD), self.limit_kbps(), time.monotonic_ns())

    def brought(self, size_bytes: int, put_s: float, whole_s: float, waited_s: float) -> None:
        """One upload went through; the times as they were, waiting for the pace included."""
        limited = waited_s > 0.05 * put_s
        sample = Sample(
            at_mono_ns=time.monotonic_ns(),
            size_bytes=size_bytes,
            put_ns=int((put_s if limited else put_s - waited_s) * 1e9),
            whole_ns=int((whole_s if limited else whole_s - waited_s) * 1e9),
            limited=limited,
        )
        self.estimate.sent(sample)

    def look_ahead(self) -> None:
        backlog = self._spool.backlog()
        upload_kbps = self.estimate.upload_kbps()
        in_ns = None
        if upload_kbps is not None:
            inflow_kbps = self._inflow.kbps()
            if inflow_kbps is None:
                inflow_kbps = self._spool.footage_kbps()  # as if it recorded on: better too late than too early
            in_ns = through_in_ns(backlog.size_bytes, upload_kbps, inflow_kbps, self._settings.limits, self._minute())
        through = None if in_ns is None else self._board.centre_now_wall_ns() + in_ns
        self._board.forecast = Forecast(self.estimate.line_kbps(), through)

    def _minute(self) -> int | None:
        if not self._board.centre_clock_known:
            return None
        return minute_of_day(self._board.centre_now_wall_ns(), self._timezone)

    def _follow_configuration(self) -> None:
        configuration = self._record.configuration() or {}
        try:
            self._settings = LineSettings.model_validate(configuration.get("line") or {})
        except ValidationError:
            log.warning("line-settings-unclear")  # from a newer centre; what held before goes on
        self._timezone = str(configuration.get("timezone", DEFAULT_TIMEZONE))
