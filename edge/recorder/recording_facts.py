"""Reads what the status is made of from a recording that runs. Changes nothing."""

from __future__ import annotations

from dataclasses import replace

from edge.recorder.recording import RoomRecording
from edge.recorder.status import Facts


def with_recording(facts: Facts, recording: RoomRecording) -> Facts:
    """`facts` with what the spool, the pipeline and the sources say now."""
    facts = replace(
        facts,
        session=recording.sessions.current,
        sources=tuple(recording.sources.states.values()),
        backlog=recording.index.backlog(),
        queued_90k=recording.queued_90k,
        disk_reserve_bytes=recording.reserve_bytes,
        lasting_problems=(*facts.lasting_problems, *recording.problems),
        reports=recording.reports,
    )
    if (keeper := recording.keeper) is not None:
        facts = replace(
            facts,
            run=keeper.run,
            halted=facts.halted or keeper.halted,
            settled=keeper.settled,
            segments_sealed=keeper.segments_sealed,
        )
    if (pipeline := recording.pipeline) is not None:
        facts = replace(
            facts,
            levels_dbfs=tuple(pipeline.levels_dbfs),
            encoder=pipeline.encoder,
            frames=pipeline.frames,
            frames_lost=pipeline.frames_lost,
        )
    return facts
