"""The settings file of each process. Small on purpose: what the centre can decide stands in `config/room.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from config.room import DEFAULT_CASE_PATTERN, DEFAULT_TIMEZONE, CasePattern, Timezone
from config.strict import Strict

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class RecorderSettings(Strict):
    data_directory: Path = Field(description="the room's data directory; the recorder writes below recorder/")
    run_directory: Path = Field(description="where its sockets are")
    mirror_directory: Path | None = Field(
        None, description="on another disk or a USB stick: a second copy of the spool"
    )
    agent_user: str = Field("", description="who may give orders, see live and read the spool; empty: its own user")
    live_user: str = Field("", description="who may see live; empty: its own user")
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class LiveSettings(Strict):
    run_directory: Path = Field(description="where the recorder's sockets are")
    live_directory: Path | None = Field(None, description="where its own socket is; left out: the recorder's")
    agent_user: str = Field("", description="who may bring viewers; empty: its own user")
    max_viewers: int = Field(8, ge=1, le=64)
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class AgentSettings(Strict):
    data_directory: Path
    run_directory: Path = Field(description="where the recorder's sockets are")
    live_directory: Path | None = Field(None, description="where shilu-live's socket is; left out: the recorder's")
    centre_url: str = Field(pattern=r"^https?://", description="plain http is refused but for loopback")
    ca_file: Path | None = Field(None, description="the county's CA, when its certificate is not publicly known")
    console_host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    console_port: int = Field(8471, ge=0, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    demo: bool = Field(False, description="marks every page 演示")


class LocalArchive(Strict):
    kind: Literal["local"] = "local"
    directory: Path


class S3Archive(Strict):
    kind: Literal["s3"] = "s3"
    endpoint: str = Field(description="host:port")
    bucket: str
    access_key: str = Field(min_length=1)
    secret_key: str = Field(min_length=16)
    region: str = "us-east-1"
    secure: bool = True


class CenterSettings(Strict):
    data_directory: Path = Field(description="keys and, with SQLite, the database")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data directory")
    archive: LocalArchive | S3Archive = Field(discriminator="kind")
    host: str = "127.0.0.1"
    port: int = Field(8470, ge=0, le=65535)
    public_url: str = Field("http://127.0.0.1:8470", description="as browsers and rooms reach the centre")
    certificate: Path | None = None
    certificate_key: Path | None = None
    county_name: str = Field("", max_length=60)
    timezone: Timezone = DEFAULT_TIMEZONE
    case_pattern: CasePattern = DEFAULT_CASE_PATTERN
    enrolment_hours: int = Field(72, ge=1, le=24 * 30)
    untagged_days: int = Field(30, ge=30, description="how long footage without a case is kept")
    tagged_days: int = Field(365, ge=30, description="how long footage of a case is kept")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    demo: bool = Field(False, description="a demo: loopback only, pages marked 演示; refused by any other database")
