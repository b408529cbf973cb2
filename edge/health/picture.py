"""Whether a camera's picture shows anything: black, covered, badly exposed, standing still. Pure.

Told of a small grey picture a few times a second, each camera by itself. What a camera showed before is its own
measure: a bare wall is no hand before the lens.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from config.health import HealthSettings
from edge.health.hold import Hold

Luma = npt.NDArray[np.uint8]
Coarse = npt.NDArray[np.float32]

RAISE_NS = 3_000_000_000
CLEAR_NS = 4_000_000_000
STILL_NS = 5_000_000_000
TILES = 9  # in each direction
WRITTEN_SHARE = 0.2  # of the tiles at most hold what a camera writes into its picture
LEAST_STILL_LOOKS = 3  # a copied camera is looked at in its key pictures alone
ALIVE_SHARE = 0.2  # of the looks must differ before a picture that stood still counts as alive again
BLACK, SHADOW, GLARE = 16, 24, 233  # where a camera's shadows and lights are clipped
USUAL_NS = 60_000_000_000  # how fast the measure follows what the camera usually shows
SMOOTH_NS = 700_000_000
RELATIVE_BELOW = (
    3.0  # times `covered_detail`: with more edges than that nothing is covered, whatever stood there before
)
_JUMPED_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Look:
    """What one picture measures. `detail`: the strength of its edges."""

    mean: float
    shadow_share: float
    glare_share: float
    detail: float

    @property
    def edges(self) -> float:
        """Detail against brightness: a room in which a lamp goes out keeps it, one behind a cloth does not."""
        return self.detail / max(self.mean - BLACK, 8.0)


def coarse_of(luma: Luma) -> Coarse:
    """The picture at half its size, fine noise averaged out."""
    height, width = (side // 2 * 2 for side in luma.shape)
    coarse: Coarse = luma[:height, :width].reshape(height // 2, 2, width // 2, 2).mean((1, 3), np.float32)
    return coarse


def look_at(luma: Luma, smooth: Coarse | None = None) -> Look:
    """`smooth`: the coarse picture over the last second, in which a camera's noise is gone."""
    coarse = coarse_of(luma)
    return Look(
        mean=float(coarse.mean()),
        shadow_share=float((luma <= SHADOW).mean()),
        glare_share=float((luma >= GLARE).mean()),
        detail=detail_of(coarse if smooth is None else smooth),
    )


def detail_of(coarse: Coarse) -> float:
    """The mean bend of brightness from point to point: edges have it, light that falls off behind a cloth does not.

    Without the tiles that have the most: there a camera writes its clock and its name.
    """
    bends = np.zeros_like(coarse)
    bends[:, 1:-1] += np.abs(coarse[:, 2:] - 2 * coarse[:, 1:-1] + coarse[:, :-2])
    bends[1:-1] += np.abs(coarse[2:] - 2 * coarse[1:-1] + coarse[:-2])
    tall, wide = coarse.shape[0] // TILES, coarse.shape[1] // TILES
    tiles = bends[: tall * TILES, : wide * TILES].reshape(TILES, tall, TILES, wide).mean((1, 3))
    return float(np.sort(tiles, axis=None)[: int(tiles.size * (1 - WRITTEN_SHARE))].mean())


def fault_of(look: Look, usual_edges: float | None, settings: HealthSettings) -> str | None:
    """What is wrong with this one picture. `usual_edges`: what the camera showed before."""
    if look.mean < settings.black_luma:
        return "picture-black"
    if look.mean > settings.bright_luma or look.glare_share > settings.exposure_share:
        return "picture-too-bright"
    if look.mean < settings.dark_luma and look.shadow_share > settings.exposure_share:
        return "picture-too-dark"
    if look.detail < settings.covered_detail:
        return _washed_out(look, settings) or "picture-covered"
    weak = look.detail < RELATIVE_BELOW * settings.covered_detail
    if weak and usual_edges is not None and look.edges < settings.covered_share * usual_edges:
        return _washed_out(look, settings) or "picture-covered"
    return None


def _washed_out(look: Look, settings: HealthSettings) -> str | None:
    """Edges go in too much light as well as behind a cloth; clipped light tells which."""
    return "picture-too-bright" if look.glare_share > settings.exposure_share / 2 else None


class PictureWatch:
    """One camera. `see` every look in time order, `faults` at any moment."""

    def __init__(self) -> None:
        self._view = Hold(RAISE_NS, CLEAR_NS)
        self._usual_edges: float | None = None
        self._before: Luma | None = None
        self._smooth: Coarse | None = None
        self._changes: deque[tuple[int, bool]] = deque()
        self._still_since_ns: int | None = None
        self.last_ns: int | None = None

    def see(self, luma: Luma, now_ns: int, settings: HealthSettings) -> None:
        if self.last_ns is not None and not 0 <= now_ns - self.last_ns < _JUMPED_NS:
            self._before, self._smooth, self._changes = None, None, deque()
        look = look_at(luma, self._smoothed(coarse_of(luma), now_ns))
        fault = fault_of(look, self._usual_edges, settings)
        if fault is None:
            self._learn(look, now_ns)
        self._view.tell(fault, now_ns)
        self._compare(luma, now_ns, settings)
        self.last_ns = now_ns

    def faults(self) -> list[tuple[str, int]]:
        """Codes with the time since which each is found; what can't be seen does not count as standing still too."""
        if self._view.code is not None:
            return [(self._view.code, self._view.since_ns)]
        return [("picture-frozen", self._still_since_ns)] if self._still_since_ns is not None else []

    def _smoothed(self, coarse: Coarse, now_ns: int) -> Coarse:
        if self._smooth is None or self.last_ns is None or self._smooth.shape != coarse.shape:
            self._smooth = coarse
        else:
            share = 1 - math.exp(-max(0, now_ns - self.last_ns) / SMOOTH_NS)
            self._smooth = self._smooth + np.float32(share) * (coarse - self._smooth)
        return self._smooth

    def _learn(self, look: Look, now_ns: int) -> None:
        if self._usual_edges is None:
            self._usual_edges = look.edges
            return
        step_ns = 0 if self.last_ns is None else min(max(0, now_ns - self.last_ns), 10_000_000_000)
        self._usual_edges += (look.edges - self._usual_edges) * step_ns / USUAL_NS

    def _compare(self, luma: Luma, now_ns: int, settings: HealthSettings) -> None:
        """A picture stands still while every look is the same as the one before: noise alone changes more."""
        before, self._before = self._before, luma
        if before is None or before.shape != luma.shape:
            return
        changed = float(np.abs(luma.astype(np.int16) - before).mean()) >= settings.frozen_change
        self._changes.append((now_ns, changed))
        while now_ns - self._changes[0][0] > STILL_NS:
            self._changes.popleft()
        moved = sum(one for _, one in self._changes)
        first_ns = self._changes[0][0]
        if self._still_since_ns is not None:
            if moved > ALIVE_SHARE * len(self._changes):
                self._still_since_ns = None
        elif not moved and len(self._changes) >= LEAST_STILL_LOOKS and now_ns - first_ns >= STILL_NS * 0.9:
            self._still_since_ns = first_ns
