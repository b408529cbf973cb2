"""The attendant that looks and listens for presence: steers what is kept, reports a reception without a session."""

from __future__ import annotations

from edge.gate.steering import Steering
from edge.pipeline.observation import HeardSound, SeenPicture
from edge.presence.missed_session import Look, MissedSession
from edge.presence.movement import MovementDetector
from edge.presence.presence import Kind, Presence
from edge.presence.voice import VoiceDetector
from edge.recorder.attendant import Report, Surroundings
from storage.manifest import Moment, NoteKind, SourceName


class PresenceWatch:
    """Signs carry the time at which they were taken; on the wall they stand as far back from the last tick."""

    def __init__(self, surroundings: Surroundings, steering: Steering) -> None:
        self._around, self._steering = surroundings, steering
        self._cameras: dict[SourceName, MovementDetector] = {}
        self._microphones: dict[SourceName, VoiceDetector] = {}
        self._presence = Presence()
        self._missed = MissedSession()
        self._now: Moment | None = None

    def see(self, picture: SeenPicture) -> None:
        detector = self._cameras.setdefault(picture.source, MovementDetector())
        share = self._around.configuration().recording.presence.movement_share
        self._steering.sensed(picture.mono_ns)
        if detector.look(picture.mono_ns, picture.luma, share) is not None:
            self._sign("movement", picture.mono_ns)

    def hear(self, sound: HeardSound) -> None:
        if sound.source not in self._microphones:
            self._microphones[sound.source] = VoiceDetector()
        level = self._around.configuration().recording.presence.voice_level_dbfs
        self._steering.sensed(sound.mono_ns)
        if self._microphones[sound.source].hear(sound.mono_ns, sound.samples, level) is not None:
            self._sign("voice", sound.mono_ns)

    def tick(self, now: Moment) -> None:
        self._now = now
        self._steering.decide()
        since = self._missed.look(self._look(now))
        if since is not None:
            self._around.note_later(NoteKind.PRESENCE_WITHOUT_SESSION, detail=f"since_wall_ns={since.wall_ns}")

    def report(self) -> Report:
        now, last = self._now, self._presence.last
        cause = self._steering.cause
        there = {kind: now is not None and self._presence.is_there(kind, now.mono_ns) for kind in _KINDS}
        return Report(
            fields={
                "mode": self._around.configuration().recording.mode,
                "standby_cause": cause.value if cause else None,
                "presence": {**there, "last_wall_ns": last.wall_ns if last else None},
            }
        )

    def _sign(self, kind: Kind, mono_ns: int) -> None:
        now = self._now
        if now is None:
            return
        self._presence.sign(kind, Moment(wall_ns=max(0, now.wall_ns + mono_ns - now.mono_ns), mono_ns=mono_ns))
        self._steering.present(mono_ns)

    def _look(self, now: Moment) -> Look:
        configuration = self._around.configuration()
        settings = configuration.recording
        believed = settings.hours.known and self._around.clock_state().synchronized is True
        return Look(
            now=now,
            stretch=self._presence.stretch,
            in_hours=believed and settings.hours.is_open(now.wall_ns, configuration.timezone),
            session_open=self._around.session() is not None,
            least_ns=settings.missed_session_s * 1_000_000_000,
        )


_KINDS: tuple[Kind, ...] = ("movement", "voice")
