"""Text is readable in light and in dark: WCAG 2.2 AA, 4.5 to 1 for every pair of text and ground that pages use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "pages" / "static"
AA_TEXT, AA_SHAPES = 4.5, 3.0
GROUNDS = ("ground", "panel", "raised")
TEXT = (
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent", "red", "amber", "green") for ground in GROUNDS),
    ("ink-2", "sunken"),
    ("ink", "sunken"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("accent", "accent-wash"),
    ("on-bar", "bar"),
    ("on-bar-2", "bar"),
    ("on-red", "red"),
    ("red", "red-wash"),
    ("ink", "red-wash"),
    ("amber", "amber-wash"),
    ("ink", "amber-wash"),
    ("ink-2", "amber-wash"),
    ("ink", "green-wash"),
)
SHAPES = (("line-strong", "ground"), ("line-strong", "raised"), ("accent", "panel"))  # borders of fields, focus rings


def tokens() -> dict[str, dict[str, str]]:
    """Colours by name, for both schemes; a dark one that is not said is the light one."""
    text = (STATIC / "tokens.css").read_text(encoding="utf-8")
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    found = {name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for name, part in (("l", light), ("d", dark))}
    return {"light": found["l"], "dark": found["l"] | found["d"]}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, AA_TEXT), (SHAPES, AA_SHAPES)])
def test_every_pair_is_readable(scheme: str, pairs: tuple[tuple[str, str], ...], least: float) -> None:
    colours = tokens()[scheme]
    ratios = {f"{ink} on {ground}": round(contrast(colours[ink], colours[ground]), 2) for ink, ground in pairs}
    assert not {pair: ratio for pair, ratio in ratios.items() if ratio < least}
