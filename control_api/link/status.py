"""What a room says of itself every two seconds, checked and cut to size: a room is trusted no further than its key.

What says how the recording stands must be right, or the status is not taken. A report beside it (presence, the second
copy) that can't be read is left out alone: a room must not look gone for one odd figure.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

Text = Annotated[str, Field(max_length=400)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Viewer = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
WallNs = Annotated[int, Field(ge=0, lt=2**63)]
Difference = Annotated[int, Field(gt=-(2**63), lt=2**63)]
Hours = Annotated[float, Field(ge=0, le=10**6, allow_inf_nan=False)]


class _Reported(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


def _or_none(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(value)
    except ValidationError:
        return None


Kind = TypeVar("Kind")
Beside = Annotated[Kind | None, WrapValidator(_or_none)]


class Problem(_Reported):
    """`since_wall_ns` by the room's clock. `degrading`: the recording is not whole with it; None: it does not say."""

    code: Text
    message: Text = ""
    message_en: Text = ""
    source: Beside[Text] = None
    since_wall_ns: Beside[WallNs] = None
    degrading: Beside[bool] = None


class Presence(_Reported):
    movement: bool = False
    voice: bool = False
    last_wall_ns: Beside[WallNs] = None


class Clock(_Reported):
    source: Text = "unknown"
    synchronized: bool | None = None
    offset_ns: Beside[Difference] = None
    uncertainty_ns: Beside[WallNs] = None


class Mirror(_Reported):
    """The second copy."""

    state: Literal["ok", "behind", "lost"]
    free_bytes: Beside[Count] = None
    message: Text = ""
    message_en: Text = ""


class Fault(_Reported):
    """A fault in the open session that waits for the officer's decision."""

    code: Text
    since_wall_ns: Beside[WallNs] = None


class SourceReport(_Reported):
    name: Text
    kind: Literal["video", "audio"]
    state: Literal["ok", "lost", "absent"]
    code: Text = ""
    message: Text = ""
    message_en: Text = ""
    since_wall_ns: WallNs = 0


class DeviceStatus(_Reported):
    """`RecorderStatus` of ARCHITECTURE.md with the agent's part. Fields that this version does not know are dropped."""

    state: Literal[
        "unenrolled", "unconfigured", "starting", "recording", "standby", "degraded", "stopped", "unreachable"
    ]
    recording: Beside[bool] = None  # footage reaches the disk; None: an older recorder, which does not say
    since_wall_ns: WallNs | None = None
    wall_ns: WallNs = 0
    run: Text | None = None
    session: Text | None = None
    session_opened_wall_ns: WallNs | None = None
    sources: list[SourceReport] = Field(default_factory=list, max_length=8)
    levels_dbfs: list[float | None] = Field(default_factory=list, max_length=8)
    segments_sealed: Count = 0
    backlog_segments: Count = 0
    backlog_bytes: Count = 0
    oldest_backlog_wall_ns: WallNs | None = None
    disk_free_bytes: Count | None = None
    last_synced_wall_ns: WallNs | None = None
    encoder: Text | None = None
    frames: Count = 0
    frames_lost: Count = 0
    version: Text = ""
    problems: list[Problem] = Field(default_factory=list, max_length=20)
    viewers: list[Viewer] | None = Field(None, max_length=64)  # who watches live; None: it does not say
    mode: Beside[Literal["always", "hours", "presence"]] = None
    standby_cause: Beside[Text] = None
    presence: Beside[Presence] = None
    disk_hours_left: Beside[Hours] = None
    clock: Beside[Clock] = None
    mirror: Beside[Mirror] = None
    fault: Beside[Fault] = None
    agent: dict[str, Any] = Field(default_factory=dict)

    def agent_figure(self, name: str) -> int | None:
        """A figure of the agent's own, where it is one that can be counted with."""
        value = self.agent.get(name)
        return value if type(value) is int and 0 <= value < 2**63 else None

    @field_validator("agent", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        """Only short plain values of the agent's own figures are kept."""
        if not isinstance(value, dict):
            return {}
        plain = {
            str(key)[:40]: item[:400] if isinstance(item, str) else item
            for key, item in list(value.items())[:40]
            if isinstance(item, str | int | float | bool | None)
        }
        return plain
