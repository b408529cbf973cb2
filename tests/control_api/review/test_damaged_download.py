"""A download that meets a damaged or missing segment goes on without it and says so."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from config.process import LocalArchive
from control_api.archive.alarms import open_alarms
from control_api.database import AccessGrant, AccessStretch, Entry, RoomSession
from control_api.sessions.footage import session_entries
from storage.verification import verify
from tests.fakes.story import Story


def flip(path: Path) -> None:
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))


def remove(path: Path) -> None:
    path.unlink()


def archived(story: Story, place: int) -> Entry:
    """One of the archived segments of the story's main session, by time."""
    with story.seeded.center.database.reading() as db:
        row = db.get_one(RoomSession, story.sessions["main"])
        found = [one for one in session_entries(db, row) if one.kind == "segment" and one.state == "receipted"]
        return found[place]


def place_of(story: Story, entry: Entry) -> Path:
    archive = story.seeded.center.settings.archive
    assert isinstance(archive, LocalArchive)
    [path] = [one for one in archive.directory.rglob(Path(entry.object_key).name) if entry.object_key in one.as_posix()]
    return path


@pytest.mark.parametrize(
    ("harm", "place"),
    [(flip, 5), (remove, 6)],
    ids=["flipped", "removed"],
)
def test_a_segment_harmed_in_the_archive_is_left_out(
    story: Story, tmp_path: Path, harm: Callable[[Path], None], place: int
) -> None:
    entry = archived(story, place)
    path = place_of(story, entry)
    sealed, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o600)
    harm(path)
    try:
        form = {"session": story.sessions["main"], "reason": "移送核查"}
        answer = story.person("supervisor").post("/review/downloads", form)
    finally:
        path.write_bytes(sealed)
        path.chmod(mode)
    with ZipFile(BytesIO(answer.content)) as package:
        assert package.testzip() is None
        package.extractall(tmp_path)
    name = f"entries/{entry.device_id}-{entry.number:010d}.jws"
    told = (tmp_path / "DAMAGED.txt").read_text(encoding="utf-8-sig")
    assert name in told
    assert "归档中已没有当时签收的内容" in told  # a folder knows a changed file only as another version
    assert "+0800" in told
    assert len(list((tmp_path / "footage").glob("*.mp4"))) == 3  # two runs, one of them broken off
    report = verify(tmp_path)
    assert report.problem is None
    assert name in report.left_out
    with story.seeded.center.database.reading() as db:
        details = [alarm.detail for alarm in open_alarms(db) if alarm.code == "footage-damaged"]
        grant = db.scalars(select(AccessGrant).order_by(AccessGrant.number.desc())).first()
        assert grant is not None
        sent = db.scalars(select(AccessStretch.entry_sha256).where(AccessStretch.grant_id == grant.id)).all()
    assert any(entry.sha256[:16] in detail for detail in details)
    assert entry.sha256 not in sent
    assert len(sent) == 8


def test_a_run_whose_first_segment_is_harmed_still_plays(story: Story) -> None:
    entry = archived(story, 0)
    path, supervisor = place_of(story, entry), story.person("supervisor")
    base = supervisor.watch(story.sessions["main"])
    sealed, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o600)
    flip(path)
    try:
        init = supervisor.get(f"{base}/init/{entry.run}.mp4")
        assert (init.status_code, init.content[4:8]) == (200, b"ftyp")
        assert supervisor.get(f"{base}/segments/{entry.sha256}.m4s").status_code == 409
    finally:
        path.write_bytes(sealed)
        path.chmod(mode)
