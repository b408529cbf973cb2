"""What a person typed into a search, made into terms. Pure; the errors stand beside the field they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from control_api.sessions.search import SessionQuery
from pages.times import CountyTime
from storage.case_id import BadCaseId, normalize_case_id

FIELDS = ("case_id", "room", "first_day", "last_day", "officer")
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Search:
    """`typed` is shown again as it was; `terms` is None when there is nothing to look for or something is wrong."""

    typed: Mapping[str, str]
    terms: SessionQuery | None = None
    errors: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def read_search(typed: Mapping[str, str], pattern: str, county: CountyTime) -> Search:
    """The form's fields. An error is the sentence in Chinese and in English."""
    kept = {name: typed.get(name, "")[:LONGEST].strip() for name in FIELDS}
    errors: dict[str, tuple[str, str]] = {}
    case_id = ""
    if kept["case_id"]:
        try:
            case_id = normalize_case_id(typed.get("case_id", ""), pattern)
        except BadCaseId as error:
            errors["case_id"] = (error.message, str(error))
    span = _read_days(kept, county, errors)
    if errors or not (case_id or span or kept["room"] or kept["officer"]):
        return Search(kept, None, errors)
    query = SessionQuery(case_id, room_id=kept["room"], officer_id=kept["officer"], span_ns=span)
    return Search(kept, query)


def _read_days(
    kept: Mapping[str, str], county: CountyTime, errors: dict[str, tuple[str, str]]
) -> tuple[int, int] | None:
    days = {}
    for name in ("first_day", "last_day"):
        if kept[name]:
            day = county.day_of(kept[name])
            if day is None:
                errors[name] = ("请按 2026-01-31 的形式填写日期。", "Write the day as in 2026-01-31.")
            else:
                days[name] = day
    if not days:
        return None
    first = days.get("first_day", days.get("last_day"))
    last = days.get("last_day", days.get("first_day"))
    if first is None or last is None:
        return None
    if last < first:
        errors["last_day"] = ("结束日期早于开始日期。", "The last day is before the first one.")
        return None
    return county.day_span(first)[0], county.day_span(last)[1]


def read_text(text: str, rooms: Sequence[tuple[str, str]], county: CountyTime) -> dict[str, str]:
    """One line from the bar as fields: a day, else a room whose name holds it, else a case ID."""
    text = text.strip()
    if county.day_of(text):
        return {"first_day": text, "last_day": text}
    plain = "".join(text.split())
    named = [room_id for room_id, name in rooms if plain and plain in "".join(name.split())]
    if len(named) == 1:
        return {"room": named[0]}
    return {"case_id": text}
