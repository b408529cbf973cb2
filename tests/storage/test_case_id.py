"""Two people who mean the same case end at the same characters; what only looks alike is refused."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.case_id import DEFAULT_PATTERN, MAX_CHARACTERS, BadCaseId, normalize_case_id

PLAIN = st.from_regex(r"[A-Z0-9][A-Z0-9-]{3,31}", fullmatch=True)


def _wide(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


@given(PLAIN)
def test_full_width_lower_case_and_spaces_around_mean_the_same(text: str) -> None:
    for typed in (text, _wide(text), text.lower(), _wide(text.lower()), f"  {text}　"):
        assert normalize_case_id(typed) == text


@given(st.text(max_size=80))
def test_what_is_accepted_is_plain_and_stays_as_it_is(text: str) -> None:
    try:
        normal = normalize_case_id(text)
    except BadCaseId:
        return
    assert re.fullmatch(DEFAULT_PATTERN, normal)
    assert normal.isascii()
    assert normalize_case_id(normal) == normal


@given(PLAIN, st.integers(0, 32), st.characters(categories=["Cc", "Cf", "Co", "Cs"]))
def test_invisible_characters_are_refused(text: str, at: int, character: str) -> None:
    at = min(at, len(text))
    with pytest.raises(BadCaseId) as caught:
        normalize_case_id(text[:at] + character + text[at:])
    assert caught.value.code == "control-character"


@given(PLAIN, st.characters(categories=["Lu", "Ll", "Lm", "Mn", "Nd", "Pd"], min_codepoint=0x80))
def test_letters_that_only_look_alike_are_refused(text: str, character: str) -> None:
    normal = unicodedata.normalize("NFKC", character)
    if normal.isascii():
        return  # a form of a plain letter or digit: it becomes that
    with pytest.raises(BadCaseId) as caught:
        normalize_case_id(text + character)
    assert caught.value.code in {"look-alike", "control-character"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" 　", "empty"),
        ("А123456", "look-alike"),  # Cyrillic А
        ("Ο123456", "look-alike"),  # Greek Ο
        ("XF–2026", "look-alike"),  # an en dash
        ("XF−2026", "look-alike"),  # a minus
        ("XF\u200b2026", "control-character"),
        ("XF\u202e2026", "control-character"),
        ("XF\u00ad2026", "control-character"),
        ("XF2026\n", "control-character"),
        ("XF2026\x00", "control-character"),
        ("X" * (MAX_CHARACTERS + 1), "too-long"),
        ("ﷺ" * 10, "too-long"),  # one character that NFKC makes eighteen
        ("X" * 40, "pattern"),
        ("XF 2026", "pattern"),
        ("XF", "pattern"),
        ("-XF2026", "pattern"),
        ("信访2026", "pattern"),
        ("XF2026\u0301", "look-alike"),
    ],
)
def test_what_is_refused_and_why(text: str, code: str) -> None:
    with pytest.raises(BadCaseId) as caught:
        normalize_case_id(text)
    assert caught.value.code == code
    assert len(text) < 3 or text not in caught.value.message + caught.value.message_en


def test_a_county_may_use_chinese_characters() -> None:
    assert normalize_case_id("青信〔2026〕12号", r"青信〔[0-9]{4}〕[0-9]+号") == "青信〔2026〕12号"
    with pytest.raises(BadCaseId) as caught:
        normalize_case_id("青信А12", r"青信.12")
    assert caught.value.code == "look-alike"


def test_a_pattern_that_a_wrong_number_would_stop_at_is_never_tried() -> None:
    begun = time.monotonic()
    with pytest.raises(BadCaseId) as caught:
        normalize_case_id("A" * 40 + "!", r"^(?:[A-Z0-9]+-?)+$")
    assert caught.value.code == "bad-pattern"
    assert time.monotonic() - begun < 1
