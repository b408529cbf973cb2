"""A picture of any size or layout becomes yuv420p of the configured size, never distorted. Owns no picture."""

from __future__ import annotations

import av
import cv2
import numpy as np

from edge.capture.planes import Plane, plane_of


def fit_picture(picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """The picture itself when it fits already; else scaled to fit, with black bars where its shape is another."""
    if (picture.width, picture.height) == (width, height):
        return picture if picture.format.name == "yuv420p" else picture.reformat(format="yuv420p")
    scale = min(width / picture.width, height / picture.height)
    inner_width, inner_height = _even(picture.width * scale, width), _even(picture.height * scale, height)
    scaled = _scaled(picture, inner_width, inner_height)
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


def _scaled(picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """A picture that becomes much smaller is halved first: half the cost of scaling it in one go, and as smooth."""
    if picture.format.name != "yuv420p" or picture.width < 2 * width or picture.height < 2 * height:
        return picture.reformat(width=width, height=height, format="yuv420p", interpolation="BILINEAR", threads=1)
    small = av.VideoFrame(width, height, "yuv420p")
    for index in range(3):
        share = 1 if index == 0 else 2
        plane_of(small, index)[:] = _shrunk(plane_of(picture, index), width // share, height // share)
    return small


def _shrunk(plane: Plane, width: int, height: int) -> Plane:
    while plane.shape[1] >= 2 * width and plane.shape[0] >= 2 * height:
        plane = np.asarray(
            cv2.resize(plane, (plane.shape[1] // 2, plane.shape[0] // 2), interpolation=cv2.INTER_AREA), np.uint8
        )
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _even(length: float, most: int) -> int:
    return max(2, min(most, round(length / 2) * 2))


def black_picture(width: int, height: int) -> av.VideoFrame:
    """A black yuv420p picture in memory of its own."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = 16
    return av.VideoFrame.from_ndarray(planes, "yuv420p")
