"""When a room records by itself, and what counts as somebody being there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from config.opening_hours import OpeningHours
from config.strict import Strict


class PresenceSettings(Strict):
    """What counts as somebody being there. Movement or voice, whichever comes first."""

    pre_roll_s: int = Field(30, ge=30, le=120, description="kept from memory before presence began")
    post_roll_s: int = Field(60, ge=30, le=900, description="recorded after the last sign of presence")
    movement_share: float = Field(0.004, ge=0.0005, le=0.2, description="share of the picture that must move")
    voice_level_dbfs: float = Field(-60, ge=-90, le=-20, description="quieter sound is not looked at for voice")


class RecordingSettings(Strict):
    """When the room records by itself. An open session always records, in every mode."""

    mode: Literal["always", "hours", "presence"] = "always"
    hours: OpeningHours = OpeningHours()
    presence: PresenceSettings = PresenceSettings()
    missed_session_s: int = Field(
        300, ge=60, le=3600, description="presence this long in opening hours without a session is reported"
    )

    @model_validator(mode="after")
    def _has_hours(self) -> RecordingSettings:
        if self.mode == "hours" and not self.hours.known:
            raise ValueError("mode is 'hours' but no day has any; write recording.hours.weekly or choose 'always'")
        return self
