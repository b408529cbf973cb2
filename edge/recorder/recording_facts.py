"""Reads what the status is made of from a recording that runs. Changes nothing."""

from __future__ import annotations

from dataclasses import replace

from edge.recorder.recording import RoomRecording
from edge.recorder.status import Facts

OPENING_NS = 3_000_000_000  # how long what was held may take to reach the disk


def with_recording(facts: Facts, recording: RoomRecording) -> Facts:
    """`facts` with what the spool, the pipeline and the sources say now."""
    facts = replace(
        facts,
        session=recording.keeping.sessions.current,
        sources=tuple(recording.sources.states.values()),
        backlog=recording.keeping.index.backlog(),
        queued_90k=recording.keeping.queued_90k,
        lasting_problems=(*facts.lasting_problems, *recording.keeping.problems),
        reports=recording.reports,
    )
    if (keeper := recording.keeping.keeper) is not None:
        facts = replace(
            facts,
            run=keeper.run,
            halted=facts.halted or keeper.halted,
            settled=keeper.settled,
            segments_sealed=keeper.segments_sealed,
        )
    facts = _with_gate(facts, recording)
    if (pipeline := recording.pipeline) is not None:
        facts = replace(
            facts,
            levels_dbfs=tuple(pipeline.levels_dbfs),
            encoder=pipeline.encoder,
            frames=pipeline.frames,
            frames_lost=pipeline.frames_lost,
        )
    return facts


def _with_gate(facts: Facts, recording: RoomRecording) -> Facts:
    """After a pause, footage counts as recorded once some of what is kept now is on the disk."""
    gate = recording.gate
    if gate is None:
        return facts
    if not gate.open:  # standing by means that footage comes and is held; before that it is starting
        return replace(facts, standby=gate.come_mono_ns is not None, held_mono_ns=gate.come_mono_ns)
    if gate.opened_mono_ns is None or gate.kept_from_mono_ns is None:
        return facts
    facts = replace(facts, keeping_since_mono_ns=gate.opened_mono_ns)
    if facts.settled is not None and facts.settled.mono_ns > gate.kept_from_mono_ns:
        return facts
    return replace(facts, settled=None, standby=facts.now.mono_ns - gate.opened_mono_ns < OPENING_NS)
