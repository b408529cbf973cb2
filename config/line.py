"""How much of the line to the centre uploads may use, by hour of the day."""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, model_validator

from config.opening_hours import Spans, minutes_of
from config.strict import Strict


class RateLimit(Strict):
    """Uploads may use this much in these hours of every day, by the county's clock."""

    hours: Spans = Field(min_length=1)
    kbps: int = Field(ge=64, le=10_000_000)


class LineSettings(Strict):
    """The line to the centre. Without limits uploads take what they get, but a fifth while somebody watches live."""

    capacity_kbps: int | None = Field(None, ge=128, le=10_000_000, description="as ordered; None: as measured")
    limits: tuple[RateLimit, ...] = Field((), max_length=12)
    live_share_pct: int = Field(20, ge=5, le=80, description="for uploads while live is watched or joined")

    @model_validator(mode="after")
    def _limits_are_apart(self) -> LineSettings:
        spans = sorted(minutes_of(span) for limit in self.limits for span in limit.hours)
        for before, after in pairwise(spans):
            if after[0] < before[1]:
                raise ValueError("two upload limits name the same hours; leave one")
        return self
