"""The pure parts behind the pages: states, lines, search terms, the configuration form."""

from datetime import date
from pathlib import Path

import pytest

from control_api.accounts.permissions import Role, may
from control_api.web.configuration_form import faults, settings_from, typed_from
from control_api.web.day_line import GapLine, Span, day_window, draw, join
from control_api.web.find_terms import read_search, read_text
from control_api.web.navigation import ENTRIES, entries_for, home_for
from control_api.web.room_state import ORDER, count, read_figures, read_state
from control_api.web.searches import MOST, Searches
from pages.times import CountyTime

S = 10**9
COUNTY = CountyTime("Asia/Shanghai")
PATTERN = r"^[A-Z0-9][A-Z0-9-]{3,31}$"
LOST = {"kind": "audio", "state": "lost", "message": "麦克风没有声音", "message_en": "No sound"}


@pytest.mark.parametrize(
    ("device", "seen_ns", "status", "kind"),
    [
        (None, None, None, "none"),
        ("pending", None, None, "pending"),
        ("active", None, None, "offline"),
        ("active", 100 * S, {"state": "recording"}, "recording"),
        ("active", 79 * S, {"state": "recording"}, "offline"),
        ("active", 100 * S, {"state": "stopped"}, "stopped"),
        ("active", 100 * S, {"state": "unreachable"}, "stopped"),
        ("active", 100 * S, {"state": "starting"}, "attention"),
        ("active", 100 * S, {"state": "recording", "sources": [LOST]}, "attention"),
        ("active", 100 * S, {"state": "recording", "problems": [LOST]}, "recording"),
        ("active", 100 * S, {"state": "recording", "session": "a", "session_opened_wall_ns": 5}, "session"),
    ],
)
def test_a_room_has_one_state(device: str | None, seen_ns: int | None, status: dict | None, kind: str) -> None:
    assert read_state(device, seen_ns, status, 100 * S).kind == kind
    assert kind in ORDER


def test_a_silent_device_is_never_said_to_record() -> None:
    assert (
        read_state("active", 1, {"state": "recording", "session": "a", "session_opened_wall_ns": 1}, 100 * S).kind
        == "offline"
    )


def test_problems_are_told_once_and_levels_may_be_missing() -> None:
    figures = read_figures({"sources": [LOST], "problems": [LOST], "levels_dbfs": [None, -20.5]})
    assert len(figures.problems) == 1
    assert figures.level_db == -20.5
    assert read_figures(None).backlog is None
    states = [
        read_state("active", 100 * S, {"state": state}, 100 * S) for state in ("recording", "stopped", "degraded")
    ]
    counts = count([*states, read_state(None, None, None, 0)])
    assert (counts.recording, counts.attention, counts.offline, counts.unused) == (1, 2, 0, 1)


def test_bars_join_clip_and_stay_visible() -> None:
    first, last = COUNTY.day_span(date(2026, 11, 23))
    nine = first + 9 * 3600 * S
    spans = [Span(nine + at * S, nine + (at + 10) * S) for at in range(0, 60, 10)]
    assert len(join(spans)) == 1
    window = day_window(first, last, spans)
    assert [COUNTY.minute(at) for at in window] == ["07:00", "19:00"]
    line = draw(window, spans, [], [GapLine(nine + 60 * S, nine + 61 * S, "断")], COUNTY, nine)
    assert line.footage[0].words == "09:00:00–09:01:00"
    assert line.gaps[0].width > 0.1
    assert line.ticks[0].words == "07:00"
    assert line.now_x == pytest.approx(100 * 2 / 12, abs=0.01)
    early = day_window(first, last, [Span(first + 5 * 3600 * S + 1, nine)])
    assert COUNTY.minute(early[0]) == "05:00"


def test_search_terms_are_put_into_one_form_and_errors_stand_by_their_field() -> None:
    found = read_search({"case_id": " ｘｆ-2026-000123 "}, PATTERN, COUNTY)
    assert found.terms is not None
    assert found.terms.case_id == "XF-2026-000123"
    assert set(read_search({"case_id": "ХF-2026"}, PATTERN, COUNTY).errors) == {"case_id"}
    assert set(read_search({"first_day": "2026-13-40"}, PATTERN, COUNTY).errors) == {"first_day"}
    assert set(read_search({"first_day": "2026-11-02", "last_day": "2026-11-01"}, PATTERN, COUNTY).errors) == {
        "last_day"
    }
    assert read_search({}, PATTERN, COUNTY).terms is None
    day = read_search({"last_day": "2026-11-23"}, PATTERN, COUNTY).terms
    assert day is not None
    assert day.span_ns == COUNTY.day_span(date(2026, 11, 23))


def test_one_line_of_text_is_a_day_a_room_or_a_case() -> None:
    rooms = [("a", "青石镇 1号接谈室"), ("b", "青石镇 2号接谈室")]
    assert read_text("2026-11-23", rooms, COUNTY) == {"first_day": "2026-11-23", "last_day": "2026-11-23"}
    assert read_text("青石镇2号", rooms, COUNTY) == {"room": "b"}
    assert read_text("青石镇", rooms, COUNTY) == {"case_id": "青石镇"}
    assert read_text(" XF-1 ", rooms, COUNTY) == {"case_id": "XF-1"}


def test_a_search_belongs_to_its_maker_and_ends() -> None:
    searches = Searches()
    search = read_search({"case_id": "XF-2026"}, PATTERN, COUNTY)
    name = searches.keep("mine", search, 0)
    assert searches.get(name, "mine", S) is search
    assert searches.get(name, "yours", S) is None
    assert searches.get(name, "mine", 3600 * S) is None
    for _ in range(MOST):
        searches.keep("mine", search, 0)
    assert searches.get(name, "mine", S) is None


def test_the_configuration_form_says_which_key_is_wrong_and_gives_back_what_it_shows() -> None:
    settings = {
        "camera": {
            "kind": "rtsp",
            "url": "rtsp://192.0.2.1/a",
            "username": "u",
            "password": "geheim",
            "copy_video": True,
        },
        "microphone": None,
        "picture": {"width": 1280, "height": 720, "rate": 25, "bitrate_kbps": 2000, "preset": "veryfast"},
        "sound": {"bitrate_kbps": 96},
        "spool": {"segment_s": 10, "keep_receipted_hours": 72, "reserve_mb": 500},
    }
    typed = typed_from(settings)
    assert typed["camera.password"] == "********"
    assert typed["microphone.kind"] == "none"
    back = settings_from(typed)
    assert faults(back, settings) == []
    assert back["microphone"] is None
    wrong = settings_from(
        typed | {"picture.rate": "99", "picture.width": "1281", "camera.url": "http://x", "spool.segment_s": "x"}
    )
    found = {name: (sentence, figures["limit"]) for name, sentence, figures in faults(wrong, settings)}
    assert set(found) == {"picture.rate", "picture.width", "camera.url", "spool.segment_s"}
    assert found["picture.rate"][1] == 30
    same = settings_from(typed | {"microphone.kind": "camera"})
    assert same["microphone"]["url"] == "rtsp://192.0.2.1/a"


def test_nobody_has_more_than_six_entries_and_everybody_a_home() -> None:
    for role in Role:
        entries = entries_for(lambda permission, role=role: may(role, permission))
        assert len(entries) <= 6
        assert home_for(lambda permission, role=role: may(role, permission)).startswith("/")
    assert len({entry.section for entry in ENTRIES}) == len(ENTRIES)


def test_no_template_holds_inline_styles_or_scripts() -> None:
    root = Path(__file__).parents[3]
    for folder in ("pages/templates", "control_api/web/templates"):
        for path in (root / folder).rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            for forbidden in (
                "style=",
                "<style",
                "onclick=",
                "onload=",
                "javascript:",
                "http://",
                "https://",
                "| safe",
            ):
                assert forbidden not in text, f"{path.name}: {forbidden}"
