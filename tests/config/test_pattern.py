"""A pattern for case IDs answers at once, or it is not taken."""

from __future__ import annotations

import time

import pytest

from config.pattern import LONGEST_TEXT, check_pattern
from config.room import DEFAULT_CASE_PATTERN

QUICK = [
    DEFAULT_CASE_PATTERN,
    r"青信〔[0-9]{4}〕[0-9]+号",
    r"^[A-Z]{2,6}-?[0-9]{4}-?[0-9]{1,8}$",
    r"(?:XF|JF)[0-9]{4}(?:-[0-9]{2}){1,8}",
    r"[A-Z]+[0-9]+-?[0-9]*",
    r"\w*-?\w*\w*X",
    r"\w+\d+[A-Z]{1,40}",
]
SLOW = [
    r"^(?:[A-Z0-9]+-?)+$",
    r"^([A-Z]+)*$",
    r"(?:A|A)+",
    r"(?:A|AA){1,40}B",
    "A?" * 40 + "A" * 40,
    r"\w*\w*\w*\w*\w*X",
    r"(?:(?:[A-Z]?){30}){30}",
]


@pytest.mark.parametrize("pattern", QUICK)
def test_quick_ones_are_taken_and_are_quick(pattern: str) -> None:
    compiled = check_pattern(pattern)
    begun = time.monotonic()
    for text in ("A" * LONGEST_TEXT, "0" * LONGEST_TEXT, "A0" * 31 + "A!", "A-" * 32):
        compiled.fullmatch(text)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("pattern", SLOW)
def test_slow_ones_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="too long"):
        check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(", "(?=A)B", r"(A)\1", "A" * 501, "(?P<a", "(?(1)A|B)"])
def test_what_is_not_known_to_be_harmless_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|regular expression"):
        check_pattern(pattern)
