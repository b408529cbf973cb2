"""The county's pattern for case IDs: a regular expression that answers at once, whatever somebody types. Pure.

Python's `re` tries one way after the other. A pattern such as `(?:[A-Z0-9]+-?)+` has so many ways through one text
that a single wrong number would stop the centre for hours. What is not known to be harmless is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]  # no public way to read a pattern; as it is since 3.11
from re import _parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN_CHARACTERS = 500
LONGEST_TEXT = 64  # no case ID is longer (`storage/case_id.py`)
MOST_WAYS = 600_000  # a fraction of a second: three free repetitions of single characters

_ONE_CHARACTER = frozenset({op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY})
_REPEATS = frozenset({op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT})


@lru_cache(maxsize=64)
def check_pattern(text: str) -> re.Pattern[str]:
    """`text` compiled. Raises ValueError with a sentence that says what to change."""
    if len(text) > MAX_PATTERN_CHARACTERS:
        raise ValueError(f"a pattern has at most {MAX_PATTERN_CHARACTERS} characters")
    try:
        pattern = re.compile(text)
        ways = _ways(_parser.parse(text))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a regular expression ({error})") from error
    if ways > MOST_WAYS:
        raise ValueError(
            f"{text!r} would take too long over some texts: repeat single characters or groups of fixed length, "
            "not groups that hold a repetition or a choice; give repetitions a highest number, such as {1,8}"
        )
    return pattern


def _ways(sequence: Any) -> int:
    """An upper bound of the ways through a text of the longest kind."""
    ways = 1
    for kind, value in sequence:
        ways = min(ways * _ways_of(kind, value), MOST_WAYS + 1)
    return ways


def _ways_of(kind: Any, value: Any) -> int:
    if kind in _ONE_CHARACTER or kind is op.AT:
        return 1
    if kind is op.SUBPATTERN:
        return _ways(value[3])
    if kind is op.BRANCH:
        return sum(_ways(one) for one in value[1])
    if kind in _REPEATS:
        fewest, most, inner = value
        fewest, most = (min(int(count), LONGEST_TEXT) for count in (fewest, most))
        each = _ways(inner)
        return sum(each**count for count in range(fewest, most + 1))
    raise ValueError(f"{str(kind).lower()} is not allowed in a pattern for case IDs")
