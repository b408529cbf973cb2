"""What a room says of itself every two seconds, checked and cut to size: a room is trusted no further than its key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Text = Annotated[str, Field(max_length=400)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Viewer = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
WallNs = Annotated[int, Field(ge=0, lt=2**63)]


class _Reported(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Problem(_Reported):
    code: Text
    message: Text = ""
    message_en: Text = ""


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

    state: Literal["unenrolled", "unconfigured", "starting", "recording", "degraded", "stopped", "unreachable"]
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
    agent: dict[str, Any] = Field(default_factory=dict)

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
