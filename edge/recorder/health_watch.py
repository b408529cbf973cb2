"""The attendant that looks whether what is recorded is fit for evidence: pictures, sound, frames, the decode proof."""

from __future__ import annotations

from dataclasses import dataclass, field

from config.room import RoomConfiguration
from edge.health.expectation import is_expected, told
from edge.health.frames import FramesWatch
from edge.health.picture import PictureWatch
from edge.health.sound import SoundWatch
from edge.pipeline.observation import HeardSound, SeenPicture
from edge.recorder.attendant import Problem, Recorded, Report, Surroundings
from storage.manifest import Moment, SourceName

UNSEEN_NS = 30_000_000_000  # a copied camera with rare key pictures is looked at as rarely
UNPROVED_NS = 30_000_000_000


@dataclass
class _Watched:
    picture: PictureWatch | None = None
    sound: SoundWatch | None = None

    @property
    def last_ns(self) -> int | None:
        one = self.picture or self.sound
        return one.last_ns if one else None

    def faults(self) -> list[tuple[str, int]]:
        one = self.picture or self.sound
        return one.faults() if one else []


@dataclass
class HealthWatch:
    """An attendant. Forgets what a camera usually shows when another one is configured.

    It looks at night too, and says what it found once the room opens or a session does.
    """

    around: Surroundings
    recorded: Recorded
    _sources: dict[SourceName, _Watched] = field(default_factory=dict)
    _frames: FramesWatch = field(default_factory=FramesWatch)
    _undecodable_since: int | None = None
    _configured: tuple[object, ...] = ()
    _problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        self._configured = _sources_of(self.around.configuration())

    def see(self, picture: SeenPicture) -> None:
        watched = self._sources.setdefault(picture.source, _Watched(picture=PictureWatch()))
        if watched.picture is not None:
            watched.picture.see(picture.luma, picture.mono_ns, self.around.configuration().health)

    def hear(self, sound: HeardSound) -> None:
        watched = self._sources.setdefault(sound.source, _Watched(sound=SoundWatch()))
        if watched.sound is not None:
            watched.sound.hear(sound.samples, sound.mono_ns, self.around.configuration().health)

    def tick(self, now: Moment) -> None:
        self._forget_former_sources(self.around.configuration())
        counters = self.recorded.counters
        if counters is not None:
            self._frames.count(counters, now.mono_ns, self.around.configuration().health)
        found = [*self._of_the_footage(now.mono_ns), *self._of_sources(now.mono_ns, expected=self._is_expected(now))]
        found += [(code, None, since_ns) for code, since_ns in self._frames.faults()]
        self._problems = tuple(
            Problem(code, source, now.wall_ns - max(0, now.mono_ns - since_ns)) for code, source, since_ns in found
        )

    def report(self) -> Report:
        return Report(self._problems)

    def _of_the_footage(self, mono_ns: int) -> list[tuple[str, SourceName | None, int]]:
        if not self.recorded.undecodable:
            self._undecodable_since = None
        elif self._undecodable_since is None:
            self._undecodable_since = mono_ns
        since_ns = self.recorded.unproved_since_mono_ns
        if self._undecodable_since is not None:
            return [("footage-undecodable", None, self._undecodable_since)]
        late = since_ns is not None and mono_ns - since_ns > UNPROVED_NS
        return [("footage-unproved", None, since_ns)] if late and since_ns is not None else []

    def _is_expected(self, now: Moment) -> bool:
        configuration = self.around.configuration()
        return is_expected(
            configuration.recording.hours,
            configuration.timezone,
            now.wall_ns,
            synchronized=self.around.clock_state().synchronized,
            session_open=self.around.session() is not None,
        )

    def _of_sources(self, mono_ns: int, *, expected: bool) -> list[tuple[str, SourceName | None, int]]:
        found: list[tuple[str, SourceName | None, int]] = []
        lost = self.recorded.lost_sources
        for source, watched in self._sources.items():
            if source in lost or watched.last_ns is None:
                continue
            if mono_ns - watched.last_ns > UNSEEN_NS:
                found.append(("source-unwatched", source, watched.last_ns))
            else:
                found += [(code, source, since_ns) for code, since_ns in told(watched.faults(), expected=expected)]
        return found

    def _forget_former_sources(self, configuration: RoomConfiguration) -> None:
        sources = _sources_of(configuration)
        if sources != self._configured:
            self._configured = sources
            self._sources.clear()


def _sources_of(configuration: RoomConfiguration) -> tuple[object, ...]:
    second = configuration.second_camera
    return (
        configuration.camera,
        configuration.microphone,
        second.camera if second else None,
        configuration.second_microphone,
    )
