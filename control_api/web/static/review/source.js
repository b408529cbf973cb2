// Gets footage into the video element: by the browser's own HLS where it has it, else through hls.js.
// A segment that the centre refuses as damaged is named to the caller, who asks for a playlist without it.

const HLS_TYPE = "application/vnd.apple.mpegurl";

export class Source {
  constructor(video, base, failed) {
    Object.assign(this, { video, base, failed, hls: null });
    video.addEventListener("error", () => { if (video.error) failed(); });
  }

  static playable(video) {
    return video.canPlayType(HLS_TYPE) !== "" || Boolean(window.Hls?.isSupported());
  }

  load(skipped, at) {
    const address = `${this.base}/playlist.m3u8${skipped.length ? `?skip=${skipped.join(",")}` : ""}`;
    this.hls?.destroy();
    this.hls = null;
    if (this.video.canPlayType(HLS_TYPE) !== "") {
      this.video.src = address;
    } else {
      this.hls = new window.Hls({ enableWorker: false, startPosition: at });
      this.hls.on("hlsError", (_name, detail) => { if (detail.fatal) this.failed(); });
      this.hls.loadSource(address);
      this.hls.attachMedia(this.video);
    }
    if (at > 0) this.video.addEventListener("loadedmetadata", () => { this.video.currentTime = at; }, { once: true });
  }

  /** Why the piece doesn't come: "damaged", "ended" (no right to it any more), "lost" (no answer) or "fine". */
  async ask(piece) {
    try {
      const answer = await fetch(`${this.base}/segments/${piece.entry}.m4s`, { cache: "no-store" });
      if (answer.ok) return "fine";
      if (answer.status === 409) return "damaged";
      return answer.status >= 500 ? "lost" : "ended";
    } catch {
      return "lost";
    }
  }
}
