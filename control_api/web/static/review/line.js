// Draws a session's line: footage, the session's own span, gaps striped, marked notes, the place that plays.
// Knows no video; says by callback where a person wants to go.

const SVG = "http://www.w3.org/2000/svg";
const STEPS_S = [5, 10, 30, 60, 300, 600, 1800, 3600];

function add(parent, name, attributes, title) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (title) {
    const words = document.createElementNS(SVG, "title");
    words.textContent = title;
    element.append(words);
  }
  parent.append(element);
  return element;
}

export class Line {
  constructor(slider, drawing, hint, clock, go) {
    Object.assign(this, { slider, drawing, hint, clock, go });
    this.parts = add(drawing, "g", {});
    this.place = add(drawing, "g", { class: "place" });
    add(this.place, "line", { x1: 0, x2: 0, y1: 0, y2: 46 });
    add(this.place, "circle", { cx: 0, cy: 5, r: 5 });
    slider.addEventListener("pointerdown", (event) => this.#drag(event));
    slider.addEventListener("pointermove", (event) => this.#show(event));
    slider.addEventListener("pointerleave", () => { this.hint.hidden = true; });
  }

  draw(timeline) {
    this.timeline = timeline;
    this.parts.replaceChildren();
    const { clock } = this.clock;
    const box = (from, to, y, height, name, title) => {
      const x = this.#percent(Math.max(from, timeline.from_ms));
      const width = Math.max(this.#percent(Math.min(to, timeline.to_ms)) - x, 0.15);
      add(this.parts, "rect", { x: `${x}%`, width: `${width}%`, y, height, class: name }, title);
    };
    box(timeline.from_ms, timeline.to_ms, 12, 26, "track");
    for (const piece of timeline.pieces) box(piece.wall_ms, piece.wall_ms + piece.length_s * 1000, 12, 26, "footage");
    if (timeline.session) box(timeline.session.opened_ms, timeline.session.closed_ms ?? timeline.to_ms, 33, 5, "session");
    for (const gap of timeline.missing) {
      const words = `${clock(gap.from_ms)}–${clock(gap.to_ms)} ${gap.words}`;
      const [y, height] = gap.track === "all" ? [12, 26] : [12, 7];
      box(gap.from_ms, gap.to_ms, y, height, gap.calm ? "calm" : "gap", words);
    }
    for (const note of timeline.marks) {
      const x = `${this.#percent(note.wall_ms)}%`;
      add(this.parts, "line", { x1: x, x2: x, y1: 9, y2: 38, class: `note note-${note.kind}` }, `${clock(note.wall_ms)} ${note.words}`);
    }
    for (const note of timeline.findings) {
      const x = `${this.#percent(note.wall_ms)}%`;
      add(add(this.parts, "svg", { x, y: 0, overflow: "visible" }), "path", { d: "M0 12 -5 3H5Z", class: "mark" }, `${clock(note.wall_ms)} ${note.text}`);
    }
    this.#ticks();
    this.slider.setAttribute("aria-valuemin", timeline.from_ms);
    this.slider.setAttribute("aria-valuemax", timeline.to_ms);
  }

  show(wall) {
    const x = (this.#percent(wall) / 100) * this.drawing.clientWidth;
    this.place.setAttribute("transform", `translate(${x.toFixed(1)} 0)`);
    this.slider.setAttribute("aria-valuenow", Math.round(wall));
    this.slider.setAttribute("aria-valuetext", this.clock.clock(wall));
  }

  #ticks() {
    const { from_ms: from, to_ms: to } = this.timeline;
    const most = this.drawing.clientWidth / 90;
    const step = (STEPS_S.find((seconds) => (to - from) / 1000 / seconds <= most) ?? 7200) * 1000;
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      const x = this.#percent(at);
      add(this.parts, "line", { x1: `${x}%`, x2: `${x}%`, y1: 40, y2: 45, class: "tick" });
      const anchor = x < 4 ? "start" : x > 96 ? "end" : "middle";
      add(this.parts, "text", { x: `${x}%`, y: 59, "text-anchor": anchor }).textContent = this.clock.clock(at);
    }
  }

  #percent(wall) {
    const { from_ms: from, to_ms: to } = this.timeline;
    return ((Math.min(Math.max(wall, from), to) - from) / (to - from)) * 100;
  }

  #wallOf(event) {
    const box = this.drawing.getBoundingClientRect();
    const part = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    return this.timeline.from_ms + part * (this.timeline.to_ms - this.timeline.from_ms);
  }

  #drag(event) {
    if (!this.timeline || event.button !== 0) return;
    this.slider.setPointerCapture(event.pointerId);
    this.go(this.#wallOf(event));
    const move = (next) => this.go(this.#wallOf(next));
    const end = () => {
      this.slider.removeEventListener("pointermove", move);
      this.slider.removeEventListener("pointerup", end);
      this.slider.removeEventListener("pointercancel", end);
    };
    this.slider.addEventListener("pointermove", move);
    this.slider.addEventListener("pointerup", end);
    this.slider.addEventListener("pointercancel", end);
  }

  #show(event) {
    if (!this.timeline) return;
    const wall = this.#wallOf(event);
    const gap = this.timeline.missing.find((one) => wall >= one.from_ms && wall < one.to_ms);
    this.hint.hidden = false;
    this.hint.textContent = this.clock.clock(wall) + (gap ? ` · ${gap.words}` : "");
    const box = this.drawing.getBoundingClientRect();
    const half = this.hint.offsetWidth / 2;
    this.hint.style.left = `${Math.min(Math.max(event.clientX - box.left, half), box.width - half)}px`;
  }
}
