"""shilu-recorder whose encoder hangs for ever, as a driver's bug would, once the file named in HANG_WHEN exists."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import av

from edge.encode.video_encoder import EncodedPicture, VideoEncoder
from edge.recorder.command import main

WHEN = Path(os.environ["HANG_WHEN"])
encode = VideoEncoder.encode


def hang(self: VideoEncoder, picture: av.VideoFrame, pts_90k: int, key: bool) -> list[EncodedPicture]:
    if WHEN.exists():
        threading.Event().wait()
    return encode(self, picture, pts_90k, key)


VideoEncoder.encode = hang  # type: ignore[method-assign]
if __name__ == "__main__":
    main()
