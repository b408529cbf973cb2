"""What happened to a session's footage, in Chinese and English, for who takes it away: the words of the replay page.

Pure. No case number, no name: a package says neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from control_api.review.causes import cause_in_words
from control_api.review.marks import Translate, decision_of, marks_of
from control_api.review.timeline import Timeline
from pages.times import CountyTime
from storage.manifest import NoteManifest

Notes = Sequence[tuple[int, NoteManifest]]
NOTHING = "  无 / none\n"
_TRACKS = {"all": "没有录像 / no footage", "video": "缺画面 / picture", "audio": "缺声音 / sound"}


def account_of(line: Timeline, notes: Notes, english: Translate, county: CountyTime) -> str:
    """`english` translates what is Chinese here."""
    missing, marks = _missing(line, english, county), _marks(notes, english, county)
    corrected = [piece for piece in line.pieces if piece.signed_wall_ns is not None]
    parts = ["\n二、中断和未保存的录像 / What is missing\n", *(missing or [NOTHING])]
    parts += ["\n三、房间记录 / What the room noted\n", *(marks or [NOTHING])]
    if corrected:
        signed, really = (county.moment(at or 0) for at in (corrected[0].signed_wall_ns, corrected[0].start_wall_ns))
        parts += [
            "\n四、时间更正 / Corrected time\n",
            f"  房间时钟当时有误：{really} 的录像签名时记为 {signed}。详见 TIMES.txt。\n",
            f"  The room's clock was wrong: footage of {really} was signed as of {signed}. See TIMES.txt.\n",
        ]
    return "".join(parts)


def _missing(line: Timeline, english: Translate, county: CountyTime) -> list[str]:
    found = []
    for gap in line.missing:
        words = cause_in_words(gap.cause, gap.source)
        span = f"{county.moment(gap.start_wall_ns)} – {county.clock(gap.end_wall_ns)}"
        length = f"{(gap.end_wall_ns - gap.start_wall_ns) / 1e9:.1f} s"
        found.append(f"  {span}  {length}  {_TRACKS.get(gap.track, gap.track)}\n    {words} / {english(words)}\n")
    return found


def _marks(notes: Notes, english: Translate, county: CountyTime) -> list[str]:
    found = []
    for wall_ns, note in notes:
        for mark, mark_en in zip(marks_of([(wall_ns, note)], str), marks_of([(wall_ns, note)], english), strict=True):
            found.append(f"  {county.moment(wall_ns)}  {mark.words} / {mark_en.words}\n")
        decision = decision_of(wall_ns, note)
        if decision is not None:
            reason = decision.reason
            found.append(f"    理由：{reason} / reason: {english(reason)}\n")
    return found
