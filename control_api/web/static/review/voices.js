// Which channel of the sound is heard: both, or one of two alone, then in both ears. Knows no timeline.
// The sound goes through Web Audio only once somebody chose one: until then the video plays as it is.

export class Voices {
  constructor(video) {
    Object.assign(this, { video, context: null });
  }

  /** `which`: "both", "0" (left: the officer's microphone) or "1" (right: the visitor's). */
  hear(which) {
    if (!this.context && which === "both") return;
    if (!this.context) this.#open();
    this.context.resume();
    for (const node of [this.sound, this.split]) node.disconnect();
    if (which === "both") {
      this.sound.connect(this.context.destination);
      return;
    }
    this.sound.connect(this.split);
    for (const ear of [0, 1]) this.split.connect(this.merge, Number(which), ear);
  }

  #open() {
    this.context = new AudioContext();
    this.sound = this.context.createMediaElementSource(this.video);
    this.split = this.context.createChannelSplitter(2);
    this.merge = this.context.createChannelMerger(2);
    this.merge.connect(this.context.destination);
  }
}
