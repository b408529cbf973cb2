"""A case number entered in the room is nowhere but at the centre: not in files, objects, signed documents, logs."""

from __future__ import annotations

import base64
import hashlib
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from demo.console import ConsoleRefused
from demo.viewer import Viewer
from storage.signing import SigningKey, sign_json
from tests.story.haystack import database_values, everything, with_signed
from tests.story.needles import forms, search
from tests.story.standing_house import StandingHouse

pytestmark = pytest.mark.timeout(200)
NUMBERS = {name: f"LEAK-{name}-{secrets.token_hex(4).upper()}-77" for name in ("A", "B", "C", "D")}
REASON = f"登记编号有误更正为准{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def told(standing: StandingHouse) -> StandingHouse:
    """Every way on which a case number goes: typed at the opening, corrected, late, mistyped; searched and replayed."""
    with standing.at_the_desk() as desk:
        first = desk.open_session(NUMBERS["A"].lower())
        standing.wait(2)
        desk.tag_session(first, NUMBERS["B"], replace=True, reason=REASON)
        with pytest.raises(ConsoleRefused):
            desk.tag_session(first, NUMBERS["D"] + "!", replace=True, reason=REASON)
        with pytest.raises(ConsoleRefused):
            desk.open_session(NUMBERS["D"])  # one is open already
        desk.close_session(first)
        second = desk.open_session("")
        standing.wait(1)
        desk.close_session(second)
        desk.tag_session(second, NUMBERS["C"])
        head = standing.head()
        assert standing.wait(60, lambda: standing.all_archived(head), step_s=0.5)
        assert standing.wait(20, lambda: desk.status()["waiting_tags"] == 0)
    supervisor = standing.house.accounts["supervisor"]
    with Viewer(standing.house.centre_url) as viewer:
        viewer.sign_in(supervisor.name, supervisor.password)
        assert viewer.find(NUMBERS["B"]) == [first]
        assert viewer.find(NUMBERS["C"].lower()) == [second]
        assert viewer.find(NUMBERS["D"]) == []
        viewer.fetch(viewer.open_player(first, "核对编号"))
    nonsense(standing)
    return standing


def nonsense(standing: StandingHouse) -> None:
    """What a confused person or program sends, so that error paths show what they log."""
    texts = {"session": "x", "case_id": NUMBERS["D"], "unknown": NUMBERS["D"]}
    for url in (standing.house.console_url, standing.house.centre_url):
        for path in ("/api/sessions/open", "/api/sessions/tag", "/api/sessions/search", "/find"):
            httpx.post(url + path, json=texts, trust_env=False, headers={"Origin": url})
            httpx.post(url + path, content=NUMBERS["D"].encode() * 3, trust_env=False)


def test_it_is_nowhere_in_the_house(told: StandingHouse) -> None:
    places = list(everything(told))
    for path in sorted(told.place.room_data.rglob("*.sqlite")):
        places += database_values(path)
    names = "\n".join(name for name, _ in places)
    for part in ("index.sqlite", "agent.sqlite", "-wal", "chain/", "logs/center.log", "logs/agent.log", "weed.log"):
        assert part in names, f"{part} was not searched"
    assert sum("a signed document" in name for name, _ in places) > 20
    needles = {form: name for text in (*NUMBERS.values(), REASON) for form, name in forms(text).items()}
    print(f"{len(needles)} forms looked for in {len(places)} places, {sum(len(data) for _, data in places) >> 20} MiB")
    assert search(needles, places) == []


def test_the_centre_has_it_where_it_belongs(told: StandingHouse) -> None:
    """So that the search above did look for something that is there to be found."""
    database = told.place.centre_data / "center.sqlite"
    found = search(forms(NUMBERS["B"]), database_values(database))
    assert [place for place in found if "case_tags" in place]


def plantings(text: str) -> dict[str, bytes]:
    """Made by other means than the search's own."""
    data = text.encode()
    return {
        "raw": b"..." + data + b"...",
        "utf-16": text.encode("utf-16"),
        **{f"base64 at {n}": base64.b64encode(b"before."[: 4 + n] + data + b"after") for n in range(3)},
        **{f"base64url at {n}": base64.urlsafe_b64encode(b"\xff\xfe\xfb"[:n] + data + b"\xff\xff") for n in range(3)},
        "hex": data.hex().encode(),
        "upper hex": data.hex().upper().encode(),
        "percent": quote(text).encode(),
        "percent throughout": "".join(f"%{one:02X}" for one in data).encode(),
        "sha256": hashlib.sha256(data).hexdigest().encode(),
        "sha1": hashlib.sha1(data).hexdigest().upper().encode(),
        "md5": base64.b64encode(hashlib.md5(data).digest()),
        "blake2b": hashlib.blake2b(data).hexdigest().encode(),
        "blake2s raw": hashlib.blake2s(data).digest(),
        "sha256 of lower case": base64.urlsafe_b64encode(hashlib.sha256(text.lower().encode()).digest()).rstrip(b"="),
        "signed": sign_json({"detail": text}, SigningKey.generate(), "shilu-manifest+jws").encode(),
        "signed hash": sign_json(
            {"detail": hashlib.sha256(data).hexdigest()}, SigningKey.generate(), "shilu-manifest+jws"
        ).encode(),
    }


@pytest.mark.parametrize("text", [NUMBERS["A"], REASON])
def test_a_planted_one_is_found_in_each_form(text: str) -> None:
    needles = forms(text)
    missed = [name for name, data in plantings(text).items() if not search(needles, with_signed("planted", data))]
    assert missed == []
    assert search(needles, [(f"rooms/{text}.age", b"")])
    assert search(needles, with_signed("clean", b"XF2026-000123 and other text" * 50)) == []


def test_a_planted_one_is_found_in_a_database_and_its_log(tmp_path: Path) -> None:
    path = tmp_path / "planted.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE notes (text)")
        database.execute("INSERT INTO notes VALUES (?)", (NUMBERS["A"],))
        database.commit()
        log = path.with_name(path.name + "-wal")
        assert search(forms(NUMBERS["A"]), [("wal", log.read_bytes())])
        assert search(forms(NUMBERS["A"]), database_values(path))
