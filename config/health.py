"""When a picture, a sound or the recording itself counts as bad."""

from __future__ import annotations

from pydantic import Field

from config.strict import Strict


class HealthSettings(Strict):
    """When a picture or a sound counts as bad. Each is seen within ten seconds and clears by itself.

    Brightness is that of video, 16 black to 235 white, looked at in a grey picture of 160x90.
    """

    black_luma: float = Field(20, ge=16, le=60, description="mean brightness below which the picture is black")
    dark_luma: float = Field(36, ge=16, le=90, description="mean brightness below which it may be too dark")
    bright_luma: float = Field(225, ge=150, le=235, description="mean brightness above which it is washed out")
    exposure_share: float = Field(
        0.5, ge=0.1, le=1, description="clipped white, or clipped black while dark: this share of it is badly exposed"
    )
    covered_detail: float = Field(
        0.9, ge=0.1, le=20, description="mean bend of brightness, the strength of edges; below it it is covered"
    )
    covered_share: float = Field(
        0.45, ge=0.05, le=0.9, description="of the edges that this camera usually shows; below it it may be covered"
    )
    frozen_change: float = Field(
        0.003, ge=0.0, le=2, description="mean change between looks; below it not even noise changed. 0: never frozen"
    )
    silent_dbfs: float = Field(-75, ge=-96, le=-40, description="a microphone quieter than this for 5 s is silent")
    clipped_share: float = Field(0.01, ge=0.001, le=0.5, description="share of samples at full scale, for 3 s")
    lost_share: float = Field(0.02, ge=0.001, le=0.5, description="share of pictures lost over ten seconds")
