"""The planes of a picture as numpy arrays that share its memory. Owns no picture."""

from __future__ import annotations

from typing import cast

import av
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]


def plane_of(picture: av.VideoFrame, index: int) -> Plane:
    """Plane `index` of an 8-bit planar picture as [height, width], without copying."""
    plane = picture.planes[index]
    rows = np.frombuffer(cast(memoryview, plane), np.uint8)[: plane.line_size * plane.height]
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]
