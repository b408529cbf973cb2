"""The picture that stands where there is none: dark, and it says so. Keeps a lost camera from starving the muxer."""

from __future__ import annotations

import av
import numpy as np

from edge.encode.lettering import letter_tile

RATE = 5  # pictures a second


def draw_slate(width: int, height: int) -> av.VideoFrame:
    """A yuv420p picture "无画面 / No picture". The caller copies it before writing into it."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    luma = planes[:height]
    luma[:] = 40
    tile = letter_tile(["无画面", "No picture"], max(16, height // 12))[:height, :width]
    top, left = (height - tile.shape[0]) // 2, (width - tile.shape[1]) // 2
    luma[top : top + tile.shape[0], left : left + tile.shape[1]] = 40 + (tile.astype(np.uint16) * 190 // 255)
    return av.VideoFrame.from_ndarray(planes, "yuv420p")


def copy_of(picture: av.VideoFrame) -> av.VideoFrame:
    """The same picture in memory of its own."""
    return av.VideoFrame.from_ndarray(picture.to_ndarray(), "yuv420p")
