"""An RTSP camera: H.264 and G.711 sound with digest authentication. Runs with Debian's Python (GStreamer's bindings).

Prints READY once it listens. Owns nothing of ours and imports nothing of ours.
"""

import argparse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PICTURE = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width={width},height={height},framerate={rate}/1 "
    "! timeoverlay ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={key} bitrate=1500 "
    "! rtph264pay name=pay0 pt=96 config-interval=1"
)
SOUND = "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=97"
PLAYED = (
    "filesrc location={file} ! qtdemux name=demux "
    "demux.video_0 ! queue ! h264parse config-interval=1 ! rtph264pay name=pay0 pt=96 config-interval=1"
)
PLAYED_SOUND = (
    "demux.audio_0 ! queue ! decodebin ! audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 "
    "! alawenc ! rtppcmapay name=pay1 pt=97"
)


def main():
    options = read_options()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(f"( {describe(options)} )")
    factory.set_shared(True)
    require_password(server, factory, options)
    server.get_mount_points().add_factory("/camera", factory)
    if not server.attach(None):
        raise SystemExit(f"port {options.port} is taken")
    print("READY", flush=True)
    GLib.MainLoop().run()


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", default="camera")
    parser.add_argument("--password", required=True)
    parser.add_argument(
        "--file", default="", help="an MP4 with H.264 (and sound) to send, once, instead of a test picture"
    )
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--rate", type=int, default=25)
    parser.add_argument("--key", type=int, default=50, help="pictures between key frames")
    parser.add_argument("--silent", action="store_true", help="without sound")
    return parser.parse_args()


def describe(options):
    picture, sound = (PLAYED, PLAYED_SOUND) if options.file else (PICTURE, SOUND)
    return picture.format(**vars(options)) + ("" if options.silent else " " + sound)


def require_password(server, factory, options):
    auth = GstRtspServer.RTSPAuth.new()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(options.user, options.password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions.new()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


main()
