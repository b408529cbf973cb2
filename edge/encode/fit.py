"""A picture of any size or layout becomes yuv420p of the configured size, never distorted. Owns no picture."""

from __future__ import annotations

import av
import numpy as np

from edge.capture.planes import plane_of


def fit_picture(picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """The picture itself when it fits already; else scaled to fit, with black bars where its shape is another."""
    if (picture.width, picture.height) == (width, height):
        return picture if picture.format.name == "yuv420p" else picture.reformat(format="yuv420p")
    scale = min(width / picture.width, height / picture.height)
    inner_width, inner_height = _even(picture.width * scale, width), _even(picture.height * scale, height)
    scaled = picture.reformat(width=inner_width, height=inner_height, format="yuv420p", interpolation="BILINEAR")
    if (inner_width, inner_height) == (width, height):
        return scaled
    canvas = black_picture(width, height)
    left, top = (width - inner_width) // 4 * 2, (height - inner_height) // 4 * 2
    for index in range(3):
        share = 1 if index == 0 else 2
        source = plane_of(scaled, index)
        target = plane_of(canvas, index)[top // share :, left // share :]
        target[: source.shape[0], : source.shape[1]] = source
    return canvas


def _even(length: float, most: int) -> int:
    return max(2, min(most, round(length / 2) * 2))


def black_picture(width: int, height: int) -> av.VideoFrame:
    """A black yuv420p picture in memory of its own."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = 16
    return av.VideoFrame.from_ndarray(planes, "yuv420p")
