"""A session to which nearly all happened that may: what plays, what the package says, and that nothing of it can be
taken out or altered unseen."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from config.process import LocalArchive
from control_api.archive.receipts import keep_waiting
from storage.chain import AnyManifest
from storage.manifest import MANIFEST, GapManifest, NoteKind, NoteManifest
from storage.signing import peek_json
from storage.verification import Report, verify
from tests.fakes.seeded_centre import S, open_seeded
from tests.fakes.seeded_dispute import COPY, Dispute, seed_dispute
from tests.fakes.served_centre import served
from tests.fakes.story import Person, Story


@pytest.fixture(scope="module")
def disputed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Story, Dispute]]:
    seeded = open_seeded(tmp_path_factory.mktemp("dispute"))
    dispute = seed_dispute(seeded)
    with served(seeded.center) as address:
        story = Story(seeded, {"disputed": dispute.session}, address)
        yield story, dispute
        for client in story.clients:
            client.close()


@pytest.fixture(scope="module")
def supervisor(disputed: tuple[Story, Dispute]) -> Person:
    return disputed[0].person("supervisor")


@pytest.fixture(scope="module")
def whole(disputed: tuple[Story, Dispute], supervisor: Person, tmp_path_factory: pytest.TempPathFactory) -> Path:
    answer = supervisor.post("/review/downloads", {"session": disputed[1].session, "reason": "法院调取"})
    assert answer.status_code == 200, answer.text
    directory = tmp_path_factory.mktemp("package")
    with ZipFile(BytesIO(answer.content)) as package:
        assert package.testzip() is None
        package.extractall(directory)
    return directory


def test_every_second_plays_once_or_is_explained(disputed: tuple[Story, Dispute], supervisor: Person) -> None:
    dispute = disputed[1]
    base = supervisor.watch(dispute.session)
    line = supervisor.get(f"{base}/timeline.json").json()
    start_ms = dispute.start_ns // 10**6

    def since(ms: float) -> float:
        return (ms - start_ms) / 1000

    played = [(since(one["wall_ms"]), since(one["wall_ms"]) + one["length_s"]) for one in line["pieces"]]
    assert played == [(at, at + 10) for at in (60, 70, 80, 90, 100, 122, 132, 142, 152, 162)]
    assert [one["at_s"] for one in line["pieces"]] == [10.0 * place for place in range(10)]
    assert [one["entry"] for one in line["pieces"] if one["copied"]] == [dispute.copy]
    assert {one["signed_ms"] - one["wall_ms"] for one in line["pieces"]} == {100_000 - start_ms}
    missing = [(since(one["from_ms"]), since(one["to_ms"]), one["words"], one["calm"]) for one in line["missing"]]
    assert missing == [
        (55, 60, "无人，按配置不保存", True),
        (92, 104, "第二摄像头无画面，主画面和声音仍在录制", False),
        (110, 122, "录制异常中断（断电或程序故障），已自动恢复", False),
    ]
    assert [(since(one["wall_ms"]), one["kind"], one["words"]) for one in line["marks"]] == [
        (92, "raised", "镜头被遮挡（第二摄像头）"),
        (96, "noted", "故障“镜头被遮挡”：接谈员选择继续接访"),
        (104, "cleared", "恢复：镜头被遮挡（第二摄像头）"),
    ]
    assert line["voices"] == "microphones"
    page = supervisor.get(base).text
    assert "时间已更正" in page
    assert "1970-01-01" in page
    assert "只听来访人" in page


def test_the_package_tells_a_court_all_of_it(disputed: tuple[Story, Dispute], whole: Path) -> None:
    record = (whole / "RECORD.txt").read_text(encoding="utf-8-sig")
    for words in (
        "footage/001.mp4",
        "来自房间的第二份录像",
        "末尾因断电或程序故障中断",
        "左声道：接谈员；右声道：来访人",
        "Nobody there: not kept, as configured",
        "第二摄像头无画面，主画面和声音仍在录制",
        "录制异常中断（断电或程序故障），已自动恢复",
        "镜头被遮挡（第二摄像头）",
        "来访人同意继续",
        "1970-01-01",
    ):
        assert words.lower() in record.lower(), words
    assert len(list((whole / "footage").glob("*.mp4"))) == 4
    report = verify(whole)
    assert report.problem is None
    assert (report.replaced, report.not_here, report.undated) == (1, 0, 0)
    assert (report.recorded_s, report.gap_s, report.calm_s) == (100, 12, 60)


def test_package_and_archive_agree(disputed: tuple[Story, Dispute], whole: Path) -> None:
    center = disputed[0].seeded.center
    keep_waiting(center)
    assert isinstance(center.settings.archive, LocalArchive)
    report = verify(center.settings.archive.directory)
    assert report.problem is None
    assert (report.replaced, report.expired, report.not_here) == (1, 2, 0)


def entries(package: Path) -> dict[Path, AnyManifest]:
    found = sorted(path for path in (package / "entries").glob("*.jws") if not path.name.endswith(".receipt.jws"))
    return {path: MANIFEST.validate_python(peek_json(path.read_text().strip())) for path in found}


def replaced(one: AnyManifest) -> bool:
    return one.kind == "segment" and one.sequence == 1 and one.start.wall_ns == 232 * S


def replacement(one: AnyManifest) -> bool:
    return one.kind == "segment" and one.sequence == COPY


def planned(one: AnyManifest) -> bool:
    return isinstance(one, GapManifest) and one.source == "second-camera"


def decision(one: AnyManifest) -> bool:
    return isinstance(one, NoteManifest) and one.note is NoteKind.FAULT_DECISION


@pytest.mark.parametrize("which", [replaced, replacement, planned, decision])
def test_what_is_taken_out_is_missed_at_its_place(
    whole: Path, tmp_path: Path, which: Callable[[AnyManifest], bool]
) -> None:
    package = tmp_path / "package"
    shutil.copytree(whole, package)
    [(path, manifest)] = [(path, one) for path, one in entries(package).items() if which(one)]
    path.unlink()
    problem = verify(package).problem
    assert problem is not None
    assert problem.code == "chain-hole"
    assert str(manifest.number) in problem.message
    assert f"{manifest.number + 1:010d}" in problem.place


def altered(path: Path, **fields: Any) -> None:
    """Other words over the same signature."""
    head, body, signature = path.read_text().strip().split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "==")) | fields
    text = base64.urlsafe_b64encode(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).decode()
    path.write_text(f"{head}.{text.rstrip('=')}.{signature}")


def test_no_correction_and_no_expired_range_can_be_moved(
    disputed: tuple[Story, Dispute], whole: Path, tmp_path: Path
) -> None:
    package, archive = tmp_path / "package", tmp_path / "archive"
    shutil.copytree(whole, package)
    [note] = (package / "corrections").glob("*.jws")
    correction = peek_json(note.read_text())["correction"]
    altered(note, correction=correction | {"wall_minus_mono_ns": str(int(correction["wall_minus_mono_ns"]) + 60 * S)})
    assert place_and_code(verify(package)) == (f"corrections/{note.name}", "bad-signature")
    center = disputed[0].seeded.center
    assert isinstance(center.settings.archive, LocalArchive)
    keep_waiting(center)
    shutil.copytree(center.settings.archive.directory, archive)
    [gap] = [path for path in archive.rglob("*.jws") if peek_json(path.read_text().strip()).get("expired")]
    gap.chmod(0o600)
    altered(gap, expired={"first": 1, "last": 9})
    place, code = place_and_code(verify(archive))
    assert (Path(place).name, code) == (gap.name, "bad-signature")


@pytest.mark.parametrize("taken", ["corrections/*.jws", "entries/*[0-9].jws", "entries/*.receipt.jws"])
def test_what_no_chain_would_miss_is_missed_by_name(whole: Path, tmp_path: Path, taken: str) -> None:
    package = tmp_path / "package"
    shutil.copytree(whole, package)
    last = sorted(package.glob(taken))[-1]  # of the entries: the end of the chain as it is here
    last.unlink()
    place, code = place_and_code(verify(package))
    if "corrections" not in taken and "receipt" not in taken:
        assert code in {"entry-missing", "unsigned-footage"}  # what the last entry signed may be footage
    else:
        assert (place, code) == (last.relative_to(package).as_posix(), "entry-missing")


def place_and_code(report: Report) -> tuple[str, str]:
    assert report.problem is not None
    return report.problem.place, report.problem.code
