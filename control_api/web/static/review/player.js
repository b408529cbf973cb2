// The replay page: one video, one clock, one line. Wires the parts together; each part knows only its own.

import { Line } from "./line.js";
import { Source } from "./source.js";
import { Voices } from "./voices.js";
import { countyClock, mediaAt, missingAt, pieceAt, wallAt } from "./wall_clock.js";

const page = document.getElementById("replay");
const find = (name) => document.getElementById(name);
const video = find("video");
const base = page.dataset.review;
const county = countyClock(page.dataset.zone);
const skipped = [];
let timeline = null;
let trouble = false;
let wanted = null; // media second where a seek is to end
const OFF_S = 0.3;

const line = new Line(find("line"), find("line-drawing"), find("hint"), county, goTo);
const voices = new Voices(video);
const source = new Source(video, base, () => explain());

function say(words) {
  find("message").textContent = words ?? "";
  find("message").hidden = !words;
}

async function loadTimeline() {
  const answer = await fetch(`${base}/timeline.json${skipped.length ? `?skip=${skipped.join(",")}` : ""}`);
  if (!answer.ok) throw new Error(String(answer.status));
  timeline = await answer.json();
  line.draw(timeline);
  listGaps();
  listMarks();
  showVoices();
}

// Two microphones are officer and visitor; of other two channels only left and right is known.
function showVoices() {
  find("voices").hidden = !timeline.voices;
  for (const option of find("voices-choice").options) option.textContent = option.dataset[timeline.voices] ?? option.textContent;
}

async function start(at) {
  try {
    await loadTimeline();
  } catch (error) {
    say(["401", "403", "404"].includes(error.message) ? page.dataset.ended : page.dataset.lost);
    setTimeout(() => start(at), 5000);
    return;
  }
  if (!Source.playable(video)) return say(page.dataset.nativeMissing);
  if (!timeline.pieces.length) return say(page.dataset.nothing);
  source.load(skipped, at ?? mediaAt(timeline.pieces, timeline.session?.opened_ms ?? timeline.from_ms) ?? 0);
  show();
}

// The video stopped for a reason that it does not tell: ask the centre about the pieces around this place.
async function explain() {
  if (trouble || !timeline) return;
  trouble = true;
  const at = video.currentTime;
  const here = timeline.pieces.indexOf(pieceAt(timeline.pieces, at));
  let verdict = "lost";
  for (const piece of timeline.pieces.slice(here, here + 4)) {
    verdict = await source.ask(piece);
    if (verdict !== "fine") {
      if (verdict === "damaged") skipped.push(piece.entry);
      break;
    }
  }
  trouble = false;
  if (verdict === "ended") return say(page.dataset.ended);
  const playing = !video.paused;
  say(verdict === "damaged" ? page.dataset.damaged : page.dataset.lost);
  setTimeout(async () => {
    await start(at);
    if (playing) play();
    if (verdict === "fine" || verdict === "lost") setTimeout(() => { if (!video.error) say(null); }, 2000);
    else setTimeout(() => say(null), 6000);
  }, verdict === "damaged" ? 0 : 3000);
}

function play() {
  video.play().catch(() => undefined);
}

function toggle() {
  if (video.paused) play();
  else video.pause();
}

function goTo(wall) {
  const at = timeline && mediaAt(timeline.pieces, wall);
  if (at !== null) seek(at);
  show();
}

function seek(at) {
  wanted = at;
  video.currentTime = at;
}

// Chromium's own HLS sometimes ends a seek over a gap at the beginning of what follows it: ask for the place once more.
function arrive() {
  const at = wanted;
  wanted = null;
  if (at !== null && Math.abs(video.currentTime - at) > OFF_S) video.currentTime = at;
}

function skip(seconds) {
  const end = Number.isFinite(video.duration) ? video.duration - 0.05 : Infinity;
  seek(Math.min(Math.max(video.currentTime + seconds, 0), end));
  show();
}

function show() {
  if (!timeline) return;
  const wall = wallAt(timeline.pieces, video.currentTime);
  if (wall === null) return;
  find("clock").textContent = county.clock(wall);
  find("clock").dataset.wallMs = String(Math.round(wall));
  find("clock-day").textContent = county.day(wall);
  if (document.activeElement !== find("note-text") && find("note-time")) {
    find("note-time").textContent = county.clock(wall);
    find("note-time").dataset.wallMs = String(Math.round(wall));
  }
  const words = missingAt(timeline.missing, wall).map((gap) => gap.words);
  const piece = pieceAt(timeline.pieces, video.currentTime);
  if (piece?.signed_ms != null) {
    const signed = piece.signed_ms + (wall - piece.wall_ms);
    words.push(page.dataset.corrected.replace("{time}", `${county.day(signed)} ${county.clock(signed)}`));
  }
  if (piece?.copied) words.push(page.dataset.copied);
  find("where").textContent = words.join(document.documentElement.lang === "en" ? ". " : "；");
  line.show(wall);
}

function showState() {
  const paused = video.paused;
  page.querySelector("[data-icon-play]").hidden = !paused;
  page.querySelector("[data-icon-pause]").hidden = paused;
  find("play").setAttribute("aria-label", paused ? find("play").dataset.play : find("play").dataset.pause);
  find("big-play").hidden = !paused;
}

function listed(at, words, name, seek) {
  const item = document.createElement("li");
  const time = document.createElement("button");
  Object.assign(time, { type: "button", className: `note-time ${name}`, textContent: county.clock(at) });
  time.dataset.seek = String(seek);
  const text = document.createElement("div");
  text.textContent = words;
  item.append(time, text);
  return item;
}

function listGaps() {
  const gaps = timeline.missing.filter((gap) => !gap.calm);
  find("gaps-card").hidden = gaps.length === 0;
  find("gaps").replaceChildren(...gaps.map((gap) => {
    const length = Math.max(1, Math.round((gap.to_ms - gap.from_ms) / 1000));
    return listed(gap.from_ms, `${gap.words} · ${length} s`, "gap-time", gap.from_ms - 3000);
  }));
}

function listMarks() {
  find("marks-card").hidden = timeline.marks.length === 0;
  find("marks").replaceChildren(...timeline.marks.map((one) => listed(one.wall_ms, one.words, `mark-${one.kind}`, one.wall_ms - 3000)));
}

const KEYS = { " ": toggle, k: toggle, j: () => skip(-10), l: () => skip(10) };

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.target.closest("button, a") && event.key === " ") return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const end = { Home: timeline?.from_ms, End: timeline?.to_ms }[event.key];
  const act = end !== undefined ? () => goTo(end) : step ? () => skip(step * (event.shiftKey ? 1 : 5)) : KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

async function addNote(event) {
  event.preventDefault();
  const body = new URLSearchParams({ text: find("note-text").value, wall_ms: find("note-time").dataset.wallMs ?? "0", marked: "1" });
  const answer = await fetch(event.target.action, { method: "POST", body, headers: { "X-CSRF-Token": page.dataset.csrf } }).catch(() => null);
  if (!answer?.ok) {
    const refusal = await answer?.json().catch(() => null);
    const english = document.documentElement.lang === "en";
    find("note-error").textContent = refusal?.error ? (english ? refusal.error.message_en : refusal.error.message) : page.dataset.lost;
    return;
  }
  find("notes-list").innerHTML = await answer.text();
  find("note-error").textContent = "";
  find("note-text").value = "";
  find("note-text").blur();
  await loadTimeline();
  show();
}

function tick() {
  const now = Date.now();
  const words = `${county.day(now)} ${county.clock(now)}`;
  for (const place of page.querySelectorAll("[data-viewing-time]")) place.textContent = words;
}

for (const name of ["timeupdate", "seeking", "seeked", "loadedmetadata"]) video.addEventListener(name, show);
video.addEventListener("seeked", arrive);
for (const name of ["play", "pause", "ended"]) video.addEventListener(name, showState);
video.addEventListener("contextmenu", (event) => event.preventDefault());
video.addEventListener("click", toggle);
find("play").addEventListener("click", toggle);
find("big-play").addEventListener("click", play);
find("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : find("stage").requestFullscreen()));
find("speed").addEventListener("change", (event) => { video.playbackRate = Number(event.target.value); });
find("voices-choice").addEventListener("change", (event) => voices.hear(event.target.value));
find("volume").addEventListener("input", (event) => { video.volume = Number(event.target.value); });
find("note-form")?.addEventListener("submit", addNote);
document.addEventListener("keydown", onKey);
page.addEventListener("click", (event) => {
  const target = event.target.closest("[data-seek], [data-skip]");
  if (target?.dataset.seek) goTo(Number(target.dataset.seek));
  if (target?.dataset.skip) skip(Number(target.dataset.skip));
});
new ResizeObserver(() => { if (timeline) { line.draw(timeline); show(); } }).observe(find("line"));
setInterval(tick, 1000);
tick();
start(null);
