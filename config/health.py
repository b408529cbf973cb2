"""When a picture, a sound or the recording itself counts as bad."""

from __future__ import annotations

from pydantic import Field

from config.strict import Strict


class HealthSettings(Strict):
    """When a picture or a sound counts as bad. Each is seen within ten seconds and clears by itself."""

    black_luma: float = Field(20, ge=16, le=60, description="mean brightness (16 to 235) below which it is black")
    bright_luma: float = Field(225, ge=150, le=235, description="mean brightness above which it is washed out")
    covered_detail: float = Field(1.2, ge=0.1, le=20, description="edges weaker than this: a hand or cloth before it")
    frozen_change: float = Field(0.02, ge=0.0, le=2, description="mean change between pictures below which it stands")
    silent_dbfs: float = Field(-75, ge=-96, le=-40, description="a microphone quieter than this for 8 s is silent")
    clipped_share: float = Field(0.01, ge=0.001, le=0.5, description="share of samples at full scale")
    lost_share: float = Field(0.02, ge=0.001, le=0.5, description="share of pictures lost over ten seconds")
