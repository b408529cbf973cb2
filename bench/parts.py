"""What single parts of the recorder cost, in CPU seconds of their thread per recorded second."""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from config.room import PictureSettings, SecondCamera, SyntheticSource
from edge.capture.frame import SOUND_RATE, AudioBlock, VideoFrame
from edge.capture.stamp import StampPainter, StampSound
from edge.encode.audio_encoder import AudioEncoder
from edge.encode.composition import Composition
from edge.encode.overlay import Overlay
from edge.encode.video_encoder import VideoEncoder
from edge.health.decode_proof import Sample, fault_in
from edge.health.proven_sink import ProvenSink
from edge.pipeline.observation import Observation, SeenPicture, Tap
from edge.presence.movement import MovementDetector
from edge.presence.voice import VoiceDetector
from edge.segment.muxer import RunShape
from edge.segment.run_writer import RunWriter
from edge.timeline.sound_line import Piece
from storage.manifest import Moment
from storage.sealed_writer import SealedWriter
from storage.sealing import generate_identity
from tests.edge.pipeline.collecting_sink import CollectingSink

_PARTS_PER_S = 4  # fragments
_SYNCS_PER_S = 2
_PROOFS = 20


def overlay_cost(picture: PictureSettings, seconds: int) -> float:
    overlay = Overlay(picture.height, "Asia/Shanghai", "第一接谈室", "青石镇人民群众来访接待中心")
    planes = np.full((picture.height * 3 // 2, picture.width), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
    begun = time.process_time()
    for number in range(picture.rate * seconds):
        overlay.blend(frame, 1_795_000_000_000_000_000 + number * 10**9 // picture.rate, "AB12CD34")
    return (time.process_time() - begun) / seconds


def composed_pictures(picture: PictureSettings, count: int) -> list[av.VideoFrame]:
    """What two cameras of the synthetic kind look like together, the second one in its usual place."""
    composition = Composition(picture.width, picture.height, SecondCamera(camera=SyntheticSource()))
    painter = StampPainter(picture.width, picture.height, picture.rate)
    return [composition.compose(painter.paint(number), painter.paint(number)) for number in range(count)]


def composing_cost(picture: PictureSettings, seconds: int) -> float:
    """Scaling each picture of the second camera and pasting it; both cameras at the picture's own rate."""
    composition = Composition(picture.width, picture.height, SecondCamera(camera=SyntheticSource()))
    painter = StampPainter(picture.width, picture.height, picture.rate)
    mains, seconds_pictures = ([painter.paint(number) for number in range(picture.rate)] for _ in range(2))
    begun = time.process_time()
    for _ in range(seconds):
        for main, second in zip(mains, seconds_pictures, strict=True):
            composition.compose(main, second)
    return (time.process_time() - begun) / seconds


def sealing_cost(bitrate_kbps: int, seconds: int) -> float:
    """Sealing with two recipients, both hashes and the syncs of `seconds` of footage at a bitrate."""
    recipients = [generate_identity()[1] for _ in range(2)]
    size = bitrate_kbps * 125 // _PARTS_PER_S
    part = np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8).tobytes()
    with tempfile.TemporaryDirectory() as directory:
        begun = time.process_time()
        writer = SealedWriter(Path(directory) / "segment.age", recipients)
        whole = hashlib.sha256()
        for number in range(seconds * _PARTS_PER_S):
            whole.update(part)
            hashlib.sha256(part).digest()
            writer.write(part)
            if number % (_PARTS_PER_S // _SYNCS_PER_S) == 0:
                writer.pad()
                writer.sync()
        writer.finish()
        return (time.process_time() - begun) / seconds


def aac_cost(seconds: int) -> float:
    """Encoding one channel of sound as the recorder does; a copied camera's G.711 needs it too."""
    with av.open(io.BytesIO(), "w", format="mp4", options={"movflags": "empty_moov"}) as output:
        encoder = AudioEncoder(output.add_stream("aac", rate=SOUND_RATE), 1, 96)
        output.start_encoding()
        sound, begun = StampSound(), time.process_time()
        for number in range(50 * seconds):
            for packet in encoder.encode(number * 960, sound.samples(number * 960, 960)):
                output.mux_one(packet)
        return (time.process_time() - begun) / seconds


def drawing_cost(picture: PictureSettings, seconds: int) -> float:
    """The synthetic source itself: in the recorder's figure and in the bare script's alike."""
    painter, sound = StampPainter(picture.width, picture.height, picture.rate), StampSound()
    begun = time.process_time()
    for number in range(picture.rate * seconds):
        painter.paint(number)
    for number in range(50 * seconds):
        sound.samples(number * 960, 960)
    return (time.process_time() - begun) / seconds


def proving_cost(picture: PictureSettings, segment_s: int) -> float:
    """Decoding the beginning of each segment, as often as segments of `segment_s` begin."""
    encoder, painter, sound = (
        VideoEncoder(picture),
        StampPainter(picture.width, picture.height, picture.rate),
        StampSound(),
    )
    taken: list[Sample] = []
    anchor = Moment(wall_ns=0, mono_ns=0, pts_90k=0)
    shape = RunShape(picture.width, picture.height, picture.rate, 1, 96)
    writer = RunWriter("0" * 32, anchor, shape, segment_s, ProvenSink(CollectingSink(), taken.append))
    for number in range(2 * picture.rate):
        pts_90k = 1920 + number * 90_000 // picture.rate
        for unit in encoder.encode(painter.paint(number), pts_90k, key=number == 0):
            writer.add_picture(unit)
        start, count = number * SOUND_RATE // picture.rate, SOUND_RATE // picture.rate
        writer.add_sound(Piece(1024 + start, sound.samples(start, count), False))
    writer.end(None)
    begun = time.process_time()
    for _ in range(_PROOFS):
        if (fault := fault_in(taken[0])) is not None:
            raise RuntimeError(fault)
    return (time.process_time() - begun) / _PROOFS / segment_s


def presence_cost(picture: PictureSettings, seconds: int) -> float:
    """Looking at four small pictures a second, made from full ones, and listening to a voice that never stops."""
    random = np.random.default_rng(1)
    planes = [random.integers(16, 235, (picture.height * 3 // 2, picture.width), dtype=np.uint8) for _ in range(4)]
    frames = [av.VideoFrame.from_ndarray(plane, "yuv420p") for plane in planes]
    noise = (random.standard_normal((480, 1)) * 3000).astype(np.int16)
    watched: list[Observation] = []
    tap = Tap(lambda _item: None, watched.append)
    movement, voice, begun = MovementDetector(), VoiceDetector(), time.process_time()
    for number in range(100 * seconds):
        mono_ns = number * 10_000_000
        if number % 4 == 0:
            tap(VideoFrame(mono_ns, frames[number // 4 % len(frames)]))
        tap(AudioBlock(mono_ns, noise))
        for seen in watched:
            if isinstance(seen, SeenPicture):
                movement.look(seen.mono_ns, seen.luma, 0.004)
            else:
                voice.hear(seen.mono_ns, seen.samples, -60)
        watched.clear()
    return (time.process_time() - begun) / seconds
