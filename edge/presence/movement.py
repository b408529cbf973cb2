"""Movement in small grey pictures, four a second or fewer. Pure: pictures in time order, the state is its own.

What moves changes place over several looks. What only changes brightness does not count: lamps switched on or off,
daylight, an exposure that settles, bands of flickering lamps, noise in the dark; a fan or a screen that never stops
is learned within about a minute. Knows no faces and no bodies.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
_Plane = npt.NDArray[np.float32]

SHIFT_SHARE = 0.5  # more than this at once is the light, or a camera that was turned
SETTLING_NS = 1_500_000_000
_COMPARE_NS = 400_000_000  # with the latest picture that is at least this old
_FORGET_NS = 20_000_000_000  # a picture older than this is nothing to compare with
_NOISE = 4.5  # so many times the usual difference, and at least:
_LEAST = 0.06  # of the logarithm of brightness
_LIGHT_STEP = 0.12
_HABIT_S = 40.0
_HABITUAL = 0.45  # a place that changes at this share of all looks is a fan or a screen
_LOOKS = 6


class MovementDetector:
    """One camera. `share`: how much of the picture must change, as `PresenceSettings.movement_share` says."""

    def __init__(self) -> None:
        self._past: deque[tuple[int, _Plane, float]] = deque(maxlen=8)
        self._hits: deque[int] = deque(maxlen=_LOOKS)
        self._looks = 0
        self._habit: _Plane | None = None
        self._settled_ns = 0
        self._last_ns: int | None = None

    def look(self, mono_ns: int, picture: Picture, share: float) -> int | None:
        """When the movement that is seen now began; None while nothing moves."""
        plane, brightness = _prepared(picture)
        before = self._before(mono_ns)
        step_ns = mono_ns - self._last_ns if self._last_ns is not None else 0
        self._last_ns = mono_ns
        self._past.append((mono_ns, plane, brightness))
        if before is None:
            return None
        changed = _changed(plane, before[0])
        if changed.mean() > SHIFT_SHARE or abs(brightness - before[1]) > _LIGHT_STEP:
            self._settled_ns = mono_ns + SETTLING_NS
            self._hits.clear()
            return None
        moved = self._without_habits(changed, step_ns)
        if mono_ns < self._settled_ns:
            return None
        return self._counted(mono_ns, float(moved.mean()) >= share, step_ns)

    def _before(self, mono_ns: int) -> tuple[_Plane, float] | None:
        old = [(plane, light) for at, plane, light in self._past if _COMPARE_NS <= mono_ns - at <= _FORGET_NS]
        return old[-1] if old else None

    def _without_habits(self, changed: npt.NDArray[np.bool_], step_ns: int) -> npt.NDArray[np.bool_]:
        weight = np.float32(min(0.25, step_ns / 1e9 / _HABIT_S))
        if self._habit is None:
            self._habit = np.zeros(changed.shape, np.float32)
        around = cv2.dilate(changed.astype(np.float32), _AROUND)
        self._habit += weight * (around - self._habit)
        return changed & (self._habit < _HABITUAL)

    def _counted(self, mono_ns: int, moved: bool, step_ns: int) -> int | None:
        """Light that changes once shows in two looks; what moves, in more."""
        window_ns = _LOOKS * max(step_ns, 250_000_000)
        if moved:
            self._hits.append(mono_ns)
        while self._hits and mono_ns - self._hits[0] > window_ns:
            self._hits.popleft()
        needed = 3 if step_ns < 500_000_000 else 2
        return self._hits[0] if moved and len(self._hits) >= needed else None


_AROUND = np.ones((3, 3), np.uint8)


def _prepared(picture: Picture) -> tuple[_Plane, float]:
    """Logarithm of brightness, in which a lamp adds the same everywhere; and its median."""
    smooth = cv2.GaussianBlur(picture, (5, 5), 0).astype(np.float32)
    plane = np.log(smooth + np.float32(12))
    return plane, float(np.median(plane))


def _changed(plane: _Plane, before: _Plane) -> npt.NDArray[np.bool_]:
    """Where it differs by more than noise and more than its whole row does."""
    difference = plane - before
    difference -= np.median(difference, axis=1, keepdims=True)
    size = np.abs(difference)
    least = max(_LEAST, _NOISE * 1.4826 * float(np.median(size)))
    mask = (size > least).astype(np.uint8)
    opened: npt.NDArray[np.bool_] = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _AROUND) > 0
    return opened
