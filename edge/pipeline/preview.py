"""A small JPEG of the latest picture, made when somebody asks. Keeps nothing."""

from __future__ import annotations

import io

import av
from av.codec import CodecContext
from PIL import Image

from edge.encode.video_encoder import EncodedPicture


def preview_of(latest: av.VideoFrame | EncodedPicture, max_width: int) -> bytes | None:
    """JPEG at most `max_width` wide; None when a copied key picture can't be decoded."""
    picture = latest if isinstance(latest, av.VideoFrame) else _decode(latest)
    if picture is None:
        return None
    width = min(max_width, picture.width) // 2 * 2
    height = max(2, round(picture.height * width / picture.width / 2) * 2)
    pixels = picture.reformat(width=width, height=height, format="rgb24").to_ndarray()
    jpeg = io.BytesIO()
    Image.fromarray(pixels).save(jpeg, "JPEG", quality=80)
    return jpeg.getvalue()


def _decode(encoded: EncodedPicture) -> av.VideoFrame | None:
    decoder = CodecContext.create("h264", "r")
    try:
        pictures = [*decoder.decode(av.Packet(encoded.data)), *decoder.decode(None)]
    except av.FFmpegError:
        return None
    return pictures[-1] if pictures else None
