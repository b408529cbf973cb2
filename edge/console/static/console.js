// The console's life: parts that change by themselves, meters, clock, preview, forms. Holds no state of the room:
// everything comes from the agent on this PC, and the page that it rendered works without this but for pressing.

const body = document.body;
const page = body.dataset.page;
const cutOff = document.getElementById("cut-off");
let heard = Date.now();

function listen() {
  const source = new EventSource(`/events/${page}`);
  source.addEventListener("part", (event) => {
    const { name, html } = JSON.parse(event.data);
    replacePart(document.getElementById(`part-${name}`), html);
  });
  source.addEventListener("levels", (event) => {
    heard = Date.now();
    cutOff.hidden = true;
    drawLevels(JSON.parse(event.data));
  });
  source.addEventListener("page", () => { source.close(); location.reload(); });
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000, source.close()); };
}

// A part never takes away what is being typed: it waits until the field is left or empty.
const waiting = new Map();
function replacePart(place, html) {
  if (!place || place.dataset.shown === html) return;
  const typing = [...place.querySelectorAll("input:not([type=hidden]):not([type=radio]), textarea")].some((field) => field.value !== "");
  if (typing && place.id !== "part-session") { waiting.set(place, html); return; }
  waiting.delete(place);
  if (place.dataset.shown === undefined && sameText(place, html)) { place.dataset.shown = html; return; }
  place.dataset.shown = html;
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const chosen = place.querySelector("input[type=radio]:checked");
  place.innerHTML = html;
  if (chosen) same(place, chosen)?.click();
  if (focused) same(place, focused)?.focus();
  if (place.id === "part-fault") tellOfFault();
}

// The element that stands where another one stood before.
const same = (place, before) => before.id ? document.getElementById(before.id)
  : before.name ? place.querySelector(`[name="${CSS.escape(before.name)}"][value="${CSS.escape(before.value)}"]`) : null;

// A new fault is heard too, where the browser lets the page play: somebody has pressed something on it before.
let told = document.querySelector("[data-fault]")?.dataset.fault;
function tellOfFault() {
  const fault = document.querySelector("[data-fault]");
  if (!fault || fault.dataset.fault === told) return;
  told = fault.dataset.fault;
  fault.scrollIntoView({ block: "nearest" });
  if (navigator.userActivation?.hasBeenActive) chime();
}

function chime() {
  const sound = new AudioContext();
  for (const [at, pitch] of [[0, 660], [0.25, 520]]) {
    const tone = new OscillatorNode(sound, { frequency: pitch });
    const loudness = new GainNode(sound, { gain: 0.12 });
    tone.connect(loudness).connect(sound.destination);
    tone.start(sound.currentTime + at);
    tone.stop(sound.currentTime + at + 0.2);
  }
  setTimeout(() => sound.close(), 1000);
}

function sameText(place, html) {
  const other = document.createElement("div");
  other.innerHTML = html;
  const plain = (node) => node.textContent.replace(/\s+/g, " ").trim();
  return plain(place) === plain(other);
}

function showWaiting() {
  for (const [place, html] of waiting) replacePart(place, html);
}
document.addEventListener("focusout", showWaiting);

const pad = (value) => String(value).padStart(2, "0");
function lasts(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest;
}

const countyTime = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: body.dataset.timezone,
});
function tick() {
  const now = Date.now();
  for (const clock of document.querySelectorAll("[data-clock]")) clock.textContent = countyTime.format(now);
  for (const span of document.querySelectorAll("[data-lasts]")) span.textContent = lasts(now - Number(span.dataset.lasts));
  if (now - heard > 5000) cutOff.hidden = false;
}

const QUIETEST = -60;
function drawLevels(levels) {
  const meters = document.getElementById("meters");
  if (!meters) return;
  if (meters.childElementCount !== Math.max(1, levels.length) || meters.dataset.count !== String(levels.length)) {
    buildMeters(meters, levels.length);
  }
  levels.forEach((level, channel) => {
    const meter = meters.children[channel];
    meter.querySelector("meter").value = Math.max(QUIETEST, level);
    meter.querySelector("output").textContent = `${Math.round(level)} dB`;
  });
}

function buildMeters(meters, count) {
  meters.dataset.count = String(count);
  meters.replaceChildren();
  if (count === 0) {
    const none = document.createElement("p");
    none.className = "meter-none";
    none.textContent = meters.dataset.none;
    meters.append(none);
    return;
  }
  for (let channel = 1; channel <= count; channel += 1) {
    const row = document.createElement("label");
    row.className = "meter-row";
    const name = document.createElement("span");
    name.textContent = count > 1 ? `${meters.dataset.label} ${channel}` : meters.dataset.label;
    const meter = Object.assign(document.createElement("meter"), { min: QUIETEST, max: 0, high: -6, low: -50, optimum: -20 });
    row.append(name, meter, document.createElement("output"));
    meters.append(row);
  }
}

// The preview costs the recorder a picture each time: only while somebody can see it, twice in three seconds.
const preview = document.getElementById("preview");
let shown = "";
async function look() {
  if (document.visibilityState === "visible") {
    // An old picture is not shown as if it were now.
    const answer = await fetch("/api/preview.jpeg", { cache: "no-store", signal: AbortSignal.timeout(2500) }).catch(() => null);
    const blob = answer?.ok ? await answer.blob() : null;
    preview.hidden = !blob;
    document.getElementById("no-preview").hidden = Boolean(blob);
    if (blob) {
      const before = shown;
      shown = URL.createObjectURL(blob);
      preview.src = shown;
      if (before) URL.revokeObjectURL(before);
    }
  }
  setTimeout(look, 700);
}

// Forms speak JSON to the agent; the error stands beside the field, in the page's language.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-api]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (form.dataset.confirm && !askedTwice(button, form.dataset.confirm)) return;
  const values = Object.fromEntries(new FormData(form, event.submitter));
  button.disabled = true;
  try {
    await send(form, values);
  } finally {
    button.disabled = false;
  }
});

function askedTwice(button, question) {
  if (button.dataset.asked) return true;
  const words = button.textContent;
  button.dataset.asked = "1";
  button.textContent = question;
  setTimeout(() => { delete button.dataset.asked; button.textContent = words; }, 4000);
  return false;
}

async function send(form, values) {
  const headers = { "content-type": "application/json", "x-csrf-token": body.dataset.csrf };
  const answer = await fetch(form.dataset.api, { method: "POST", headers, body: JSON.stringify(values) }).catch(() => null);
  const content = await answer?.json().catch(() => null);
  if (!answer?.ok) { showError(form, content?.error); return; }
  form.reset();
  showWaiting();
  showError(form, null);
  if ("reload" in form.dataset || form.dataset.api === "/api/sign-out") { location.reload(); return; }
  const details = form.closest("details");
  if (details) details.open = false;
  if (form.dataset.done) sayDone(form.dataset.done);
}

let doneTimer = 0;
function sayDone(words) {
  const done = document.getElementById("done");
  if (!done) return;
  clearTimeout(doneTimer);
  done.textContent = words;
  doneTimer = setTimeout(() => { done.textContent = ""; }, 6000);
}

function showError(form, error) {
  const place = form.querySelector("[data-error]");
  const fields = form.querySelectorAll("input:not([type=hidden]), textarea");
  if (error?.code === "wrong-token") { location.reload(); return; }
  if (!place) return;
  const english = document.documentElement.lang === "en";
  const silent = english ? "The program on this PC does not answer; recording is not affected" : "本机程序没有应答，录像不受影响，请稍后再试";
  place.hidden = error === null;
  place.textContent = error === null ? "" : (english ? error?.message_en : error?.message) ?? silent;
  fields.forEach((field) => field.toggleAttribute("aria-invalid", false));
  if (error !== null) fields.forEach((field) => field.setAttribute("aria-invalid", "true"));
}

listen();
tick();
setInterval(tick, 500);
if (preview) look();
