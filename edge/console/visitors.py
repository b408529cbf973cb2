"""What the visitors' page says is recorded: picture, sound, both or neither, as the sources are now. Pure; words are
Chinese sentences that the template translates.

Visitors read it as a promise, so it names only what reaches the recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.console.view import State, sources
from pages.translation import mark as _

# Who stands before a lens or speaks into a microphone with one of these is not, or hardly, in the recording.
_UNSEEN = frozenset(
    {
        "encoder-behind",
        "frames-lost",
        "picture-black",
        "picture-covered",
        "picture-frozen",
        "picture-too-bright",
        "picture-too-dark",
    }
)
_UNHEARD = frozenset({"sound-silent", "sound-stuck", "sound-clipped"})
_UNKEPT = frozenset({"footage-late", "footage-undecodable"})


@dataclass(frozen=True, slots=True)
class VisitorsWord:
    """`whole`: both picture and sound are recorded as they should be. `then`: a line below, or nothing."""

    word: str
    then: str
    whole: bool


_WHOLE = VisitorsWord(_("本接谈室正在同步录音录像"), "", True)
_FAULTY = {
    "picture": _("画面有故障，可能看不清或不完整；已在接谈员屏幕上提示"),
    "sound": _("声音有故障，可能听不清或不完整；已在接谈员屏幕上提示"),
    "both": _("画面和声音都有故障，可能不完整；已在接谈员屏幕上提示"),
}


def visitors_word(state: State, recorder: Mapping[str, Any]) -> VisitorsWord:
    """`state` says whether anything is recorded at all, `recorder` (its status) what of it comes in."""
    if not state.recording:
        return VisitorsWord(_("本接谈室目前没有录音录像"), state.visitors, False)
    known = sources(recorder)
    if not known:
        return _WHOLE  # a recorder that names no sources records what it has
    picture = [one.ok for one in known if one.kind == "video"]
    sound = [one.ok for one in known if one.kind == "audio"]
    if not any(picture) and not any(sound):
        return VisitorsWord(_("本接谈室目前录不到画面和声音"), _("设备有故障；已在接谈员屏幕上提示"), False)
    if not any(sound):
        return VisitorsWord(
            _("本接谈室正在录像，目前录不到声音") if sound else _("本接谈室正在录像，不录声音"),
            _("麦克风有故障；已在接谈员屏幕上提示") if sound else "",
            False,
        )
    if not any(picture):
        return VisitorsWord(_("本接谈室正在录音，目前录不到画面"), _("摄像头有故障；已在接谈员屏幕上提示"), False)
    return _of_the_rest(recorder, not all(picture), not all(sound))


def _of_the_rest(recorder: Mapping[str, Any], picture: bool, sound: bool) -> VisitorsWord:
    """One of two sources is gone, or what comes in shows or says nothing."""
    problems = recorder.get("problems")
    codes = {one.get("code") for one in problems if isinstance(one, dict)} if isinstance(problems, list) else set()
    both = bool(codes & _UNKEPT)
    picture, sound = both or picture or bool(codes & _UNSEEN), both or sound or bool(codes & _UNHEARD)
    if not picture and not sound:
        return _WHOLE
    part = "both" if picture and sound else "picture" if picture else "sound"
    return VisitorsWord(_WHOLE.word, _FAULTY[part], False)
