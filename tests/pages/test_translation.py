import re
from pathlib import Path

import pytest

from pages.extraction import sentences
from pages.translation import PAGES_PO, Translator, choose_language, read_texts

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "pages": ([ROOT / "pages"], [PAGES_PO]),
    "centre": (
        [ROOT / "control_api" / "web", ROOT / "control_api" / "review"],
        [PAGES_PO, ROOT / "control_api" / "web" / "translations" / "en.po"],
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_sentence_has_an_english_text(program: str) -> None:
    folders, po_files = PROGRAMS[program]
    english = read_texts(path for path in po_files if path.exists())
    missing = {text: f"{path.name}:{line}" for path, line, text in sentences(folders) if text not in english}
    assert not missing, "\n".join(f'{place}: msgid "{text}"' for text, place in missing.items())


@pytest.mark.parametrize("program", PROGRAMS)
def test_english_keeps_the_places_of_the_figures(program: str) -> None:
    for chinese, text in read_texts(path for path in PROGRAMS[program][1] if path.exists()).items():
        assert sorted(re.findall(r"%\(\w+\)s", chinese)) == sorted(re.findall(r"%\(\w+\)s", text)), chinese


def test_own_choice_wins_over_the_browser() -> None:
    assert choose_language("en", "zh-CN,zh;q=0.9") == "en"
    assert choose_language("zh", "en") == "zh"
    assert choose_language("xx", "en-US,en;q=0.5") == "en"
    assert choose_language(None, "fr, zh-TW") == "zh"
    assert choose_language(None, None) == "zh"


def test_a_sentence_without_english_is_shown_in_chinese() -> None:
    assert Translator("en", {}).text("录制中") == "录制中"
    assert Translator("en", {"录制中": "recording"}).text("录制中") == "recording"
    assert Translator("zh", {"录制中": "recording"}).text("录制中") == "录制中"
