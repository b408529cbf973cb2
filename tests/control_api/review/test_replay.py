import hashlib
import re
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import av
import httpx
import pytest
from sqlalchemy import select

from config.process import LocalArchive
from control_api.accounts.people import disable_account, enable_account
from control_api.archive.alarms import open_alarms
from control_api.database import AccessGrant, AccessStretch, Entry
from control_api.register.service import check_chain
from tests.fakes.seeded_centre import actor_of
from tests.fakes.story import Person, Story

S = 10**9


@pytest.fixture
def supervisor(story: Story) -> Person:
    return story.person("supervisor")


def segments(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line.startswith("segments/")]


def grants(story: Story) -> list[AccessGrant]:
    with story.seeded.center.database.reading() as db:
        return list(db.scalars(select(AccessGrant).order_by(AccessGrant.number)))


def stretches(story: Story, access: str) -> list[AccessStretch]:
    with story.seeded.center.database.reading() as db:
        return list(db.scalars(select(AccessStretch).where(AccessStretch.grant_id == access.rpartition("/")[2])))


def test_without_a_reason_nothing_is_shown_and_nothing_registered(story: Story, supervisor: Person) -> None:
    before = len(grants(story))
    answer = supervisor.post("/review", {"session": story.sessions["main"], "reason": " "})
    assert answer.status_code == 422
    assert "请填写事由" in answer.text
    assert len(grants(story)) == before


def test_the_register_stands_before_the_first_byte_and_names_what_really_went_out(
    story: Story, supervisor: Person
) -> None:
    access = supervisor.watch(story.sessions["main"])
    row = grants(story)[-1]
    assert (row.person, row.unit, row.what, row.reason) == ("林清和", "云岭县", "replay", "核实来访人的异议")
    playlist = supervisor.get(f"{access}/playlist.m3u8").text
    assert stretches(story, access) == []
    segment = supervisor.get(f"{access}/{segments(playlist)[1]}")
    [stretch] = stretches(story, access)
    assert stretch.to_wall_ns - stretch.from_wall_ns == 10 * S
    assert segment.headers["cache-control"] == "no-store"
    with story.seeded.center.database.reading() as db:
        assert check_chain(db) is None


def test_what_comes_out_plays(story: Story, supervisor: Person) -> None:
    access = supervisor.watch(story.sessions["main"])
    playlist = supervisor.get(f"{access}/playlist.m3u8").text
    [first_map, second_map] = re.findall(r'#EXT-X-MAP:URI="(.+)"', playlist)
    assert first_map != second_map
    data = supervisor.get(f"{access}/{first_map}").content + supervisor.get(f"{access}/{segments(playlist)[0]}").content
    with av.open(BytesIO(data)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 100


def test_a_gap_is_a_gap(story: Story, supervisor: Person) -> None:
    access = supervisor.watch(story.sessions["main"])
    timeline = supervisor.get(f"{access}/timeline.json").json()
    [gap] = timeline["missing"]
    assert (gap["cause"], gap["to_ms"] - gap["from_ms"]) == ("crashed", 12_000)
    assert "录制异常中断" in gap["words"]
    playlist = supervisor.get(f"{access}/playlist.m3u8").text
    assert playlist.count("#EXT-X-DISCONTINUITY\n") == 1
    assert len(segments(playlist)) == len(timeline["pieces"]) == 9
    before, after = timeline["pieces"][3], timeline["pieces"][4]
    assert after["at_s"] == pytest.approx(before["at_s"] + before["length_s"])
    assert after["wall_ms"] == before["wall_ms"] + 22_000


def test_an_access_serves_nobody_else_and_no_other_session(story: Story, supervisor: Person) -> None:
    access = supervisor.watch(story.sessions["main"])
    segment = segments(supervisor.get(f"{access}/playlist.m3u8").text)[0]
    assert story.person("duty").get(f"{access}/{segment}").status_code == 403
    assert story.person("admin").get(f"{access}/playlist.m3u8").status_code == 403
    assert httpx.get(f"{story.address}{access}/{segment}").status_code == 401
    other = supervisor.watch(story.sessions["running"])
    assert supervisor.get(f"{other}/{segment}").status_code == 404
    assert supervisor.get(f"/review/{'0' * 32}/playlist.m3u8").status_code == 404


def test_rights_that_end_end_the_next_segment(story: Story, supervisor: Person) -> None:
    center, administrator = story.seeded.center, story.seeded.administrator
    access = supervisor.watch(story.sessions["main"])
    wanted = segments(supervisor.get(f"{access}/playlist.m3u8").text)
    assert supervisor.get(f"{access}/{wanted[0]}").status_code == 200
    account = actor_of(center, "supervisor").account_id
    with center.database.writing() as db:
        disable_account(db, administrator, center.now_ns(), account)
    try:
        assert supervisor.client.get(f"{access}/{wanted[1]}", headers={"accept": "*/*"}).status_code == 401
    finally:
        with center.database.writing() as db:
            enable_account(db, administrator, center.now_ns(), account)
        story.person("supervisor", anew=True)
    assert len(stretches(story, access)) == 1


def test_bytes_that_differ_are_refused_alarmed_and_shown_as_damaged(story: Story, supervisor: Person) -> None:
    center = story.seeded.center
    access = supervisor.watch(story.sessions["main"])
    wanted = segments(supervisor.get(f"{access}/playlist.m3u8").text)[2]
    entry = wanted.removeprefix("segments/").removesuffix(".m4s")
    with center.database.reading() as db:
        key = db.get_one(Entry, entry).object_key
    archive = center.settings.archive
    assert isinstance(archive, LocalArchive)
    path = next(found for found in archive.directory.rglob(Path(key).name) if found.as_posix().endswith(key))
    sealed = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    try:
        refused = supervisor.client.get(f"{access}/{wanted}", headers={"accept": "*/*"})
    finally:
        path.write_bytes(sealed)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "footage-damaged")
    with center.database.reading() as db:
        assert any(alarm.code == "footage-damaged" for alarm in open_alarms(db))
    assert stretches(story, access) == []
    timeline = supervisor.get(f"{access}/timeline.json?skip={entry}").json()
    assert [gap["cause"] for gap in timeline["missing"]] == ["damaged", "crashed"]
    assert len(segments(supervisor.get(f"{access}/playlist.m3u8?skip={entry}").text)) == 8


def test_a_finding_stands_on_its_moment(story: Story, supervisor: Person) -> None:
    access = supervisor.watch(story.sessions["main"])
    at_ms = supervisor.get(f"{access}/timeline.json").json()["pieces"][2]["wall_ms"]
    answer = supervisor.post(f"{access}/findings", {"wall_ms": str(at_ms), "text": "未告知<复查>途径", "marked": "1"})
    assert answer.status_code == 201
    assert "未告知&lt;复查&gt;途径" in answer.text
    assert supervisor.get(f"{access}/timeline.json").json()["findings"][0]["wall_ms"] == at_ms
    outside = supervisor.client.post(
        f"{access}/findings",
        data={"wall_ms": "1000", "text": "x", "csrf": supervisor.token()},
        headers={"accept": "*/*"},
    )
    assert (outside.status_code, outside.json()["error"]["code"]) == (422, "outside-session")


def test_a_download_is_registered_and_carries_its_proofs(story: Story, supervisor: Person) -> None:
    answer = supervisor.post("/review/downloads", {"session": story.sessions["main"], "reason": "移送核查"})
    assert answer.status_code == 200
    assert "XF-2026" not in answer.headers["content-disposition"]
    with ZipFile(BytesIO(answer.content)) as package:
        names = package.namelist()
        assert package.testzip() is None
        sums = dict(line.split("  ")[::-1] for line in package.read("SHA256SUMS").decode().splitlines())
        assert sums["footage/001.mp4"] == hashlib.sha256(package.read("footage/001.mp4")).hexdigest()
        with av.open(BytesIO(package.read("footage/002.mp4"))) as file:
            assert sum(1 for _ in file.decode(video=0)) == 500
    assert {"VERIFY.txt", "package.json", "footage/001.mp4", "footage/002.mp4"} <= set(names)
    assert sum(name.endswith(".receipt.jws") for name in names) >= 9
    row = grants(story)[-1]
    assert (row.what, row.reason) == ("download", "移送核查")
    assert len(stretches(story, row.id)) == 9


def test_a_form_without_its_token_or_from_elsewhere_does_nothing(story: Story, supervisor: Person) -> None:
    before = len(grants(story))
    form = {"session": story.sessions["main"], "reason": "核实"}
    assert supervisor.post("/review", form, token=False).status_code == 403
    form["csrf"] = supervisor.token()
    from_elsewhere = supervisor.client.post("/review", data=form, headers={"origin": "https://evil.example"})
    assert from_elsewhere.status_code == 403
    assert len(grants(story)) == before
