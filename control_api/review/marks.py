"""What a room noted beside its footage, as marks on a timeline: health, pauses, decisions on faults, the clock.

Pure: notes in, words out. `detail` of a note holds codes alone; one that is not understood is shown as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from control_api.web.problem_words import FAULT_REASONS, problem_word
from control_api.web.words import SOURCES, word
from pages.translation import mark as _
from storage.manifest import NoteKind, NoteManifest

_PLAIN = {
    NoteKind.PRESENCE_WITHOUT_SESSION: _("开放时间内有人，没有开始接访"),
    NoteKind.CLOCK_STEPPED: _("房间时钟跳变"),
    NoteKind.CLOCK_CORRECTED: _("时间已由签名更正"),
}
_PAUSED = {
    "outside-hours": _("暂停保存：不在开放时间"),
    "nobody-present": _("暂停保存：无人"),
}
CHOICES = {"go-on": _("继续接访"), "stop": _("停止接访")}
_CLEARED = _("恢复：%(what)s")
_DECIDED = _("故障“%(what)s”：接谈员选择%(choice)s")
_BESIDE = _("%(what)s（%(source)s）")


@dataclass(frozen=True, slots=True)
class Mark:
    """`kind`: raised, cleared or noted."""

    wall_ns: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer chose when recording failed in a session; words are Chinese sentences to translate."""

    wall_ns: int
    choice: str
    fault: str
    reason: str
    officer: str | None


Translate = Callable[[str], str]


def marks_of(notes: Iterable[tuple[int, NoteManifest]], translate: Translate) -> list[Mark]:
    """`notes`: each with its time as it counts here."""
    return [mark for wall_ns, note in notes if (mark := _mark(wall_ns, note, translate)) is not None]


def decisions_of(notes: Iterable[tuple[int, NoteManifest]], session_id: str) -> list[Decision]:
    return [
        decision
        for wall_ns, note in notes
        if note.session == session_id and (decision := decision_of(wall_ns, note)) is not None
    ]


def decision_of(wall_ns: int, note: NoteManifest) -> Decision | None:
    """`go-on|stop CODE REASON` as words."""
    if note.note is not NoteKind.FAULT_DECISION:
        return None
    choice, code, reason = (*(note.detail or "").split(" ", 2), "", "", "")[:3]
    return Decision(wall_ns, word(CHOICES, choice), problem_word(code), word(FAULT_REASONS, reason), note.officer)


def _mark(wall_ns: int, note: NoteManifest, translate: Translate) -> Mark | None:
    if note.note is NoteKind.HEALTH:
        return _health(wall_ns, note.detail or "", translate)
    if note.note is NoteKind.RECORDING_PAUSED:
        return Mark(wall_ns, "noted", translate(word(_PAUSED, note.detail or "")))
    decision = decision_of(wall_ns, note)
    if decision is not None:
        values = {"what": translate(decision.fault), "choice": translate(decision.choice)}
        return Mark(wall_ns, "noted", translate(_DECIDED) % values)
    return Mark(wall_ns, "noted", translate(_PLAIN[note.note])) if note.note in _PLAIN else None


def _health(wall_ns: int, detail: str, translate: Translate) -> Mark:
    """`raised CODE SOURCE` or `cleared CODE SOURCE`; the source may be left out."""
    act, code, source = (*detail.split(" "), "", "", "")[:3]
    words = translate(problem_word(code))
    if source in SOURCES:
        words = translate(_BESIDE) % {"what": words, "source": translate(SOURCES[source])}
    if act == "cleared":
        return Mark(wall_ns, "cleared", translate(_CLEARED) % {"what": words})
    return Mark(wall_ns, "raised", words)
