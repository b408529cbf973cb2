"""The one form of a case ID. Pure. Two people who mean the same case must end at the same characters."""

from __future__ import annotations

import re
import unicodedata

from config.pattern import LONGEST_TEXT, check_pattern
from config.room import DEFAULT_CASE_PATTERN
from storage.errors import StorageError

DEFAULT_PATTERN = DEFAULT_CASE_PATTERN
MAX_CHARACTERS = LONGEST_TEXT


class BadCaseId(StorageError):
    """Not a case ID. Codes: empty, too-long, control-character, look-alike, pattern, bad-pattern.

    Never holds the whole text.
    """


def normalize_case_id(text: str, pattern: str = DEFAULT_PATTERN) -> str:
    """NFKC, trimmed, upper case, checked against the county's `pattern`. Raises BadCaseId.

    Full-width digits and letters become ASCII. Letters and digits of other scripts that look like ASCII ones are
    refused whatever the pattern says; Chinese characters are left to the pattern.
    """
    if len(text) > MAX_CHARACTERS:
        raise _too_long()
    normal = unicodedata.normalize("NFKC", text).strip(" ")
    if not normal:
        raise BadCaseId("empty", "请输入信访件编号。", "Enter a case ID.")
    if len(normal) > MAX_CHARACTERS:
        raise _too_long()
    for character in normal:
        _check_character(character)
    normal = normal.upper()
    if not _compiled(pattern).fullmatch(normal):
        raise BadCaseId(
            "pattern",
            "信访件编号格式不符，请核对位数、字母和连字符。",
            "This does not have the form of a case ID here; check its length, letters and hyphens.",
        )
    return normal


def _compiled(pattern: str) -> re.Pattern[str]:
    """A room hears the pattern over the line: it is looked at here too before anything is matched."""
    try:
        return check_pattern(pattern)
    except ValueError as error:
        raise BadCaseId(
            "bad-pattern",
            "县中心设置的编号格式无法使用，请联系管理员；可先不填编号开始接访，之后补录。",
            f"The county's pattern for case IDs can't be used ({error}); go on without a number and add it later.",
        ) from None


def _check_character(character: str) -> None:
    category = unicodedata.category(character)
    point = f"U+{ord(character):04X}"
    if category[0] == "C" or category in {"Zl", "Zp"}:
        raise BadCaseId(
            "control-character",
            f"编号中含有不可见字符（{point}），请删除后重新输入。",
            f"The case ID holds an invisible character ({point}); delete it and type it again.",
        )
    if character.isascii() or _is_han(character):
        return
    if category[0] in "LMN" or category == "Pd" or character in "−﹣∕⁄":
        raise BadCaseId(
            "look-alike",
            f"编号中的“{character}”（{point}）不是普通字母、数字或连字符，请用英文输入法重新输入。",
            f"{character!r} ({point}) in the case ID only looks like a plain letter, digit or hyphen; type it again.",
        )


def _is_han(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK UNIFIED IDEOGRAPH")


def _too_long() -> BadCaseId:
    return BadCaseId(
        "too-long",
        f"编号超过 {MAX_CHARACTERS} 个字符。",
        f"The case ID is longer than {MAX_CHARACTERS} characters.",
    )
