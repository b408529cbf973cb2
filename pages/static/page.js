// What every page can do: say that the centre is out of reach, copy a code, print, open dialogs, send a form once.
// Works on what the server rendered; holds no state but the time of the last answer.

const stale = document.querySelector("[data-stale]");
let lastAnswer = Date.now();

function reached() {
  lastAnswer = Date.now();
  if (!stale || stale.hidden) return;
  stale.hidden = true;
  document.querySelectorAll("[data-live]").forEach((part) => part.classList.remove("is-stale"));
}

function lost() {
  if (!stale) return;
  const age = Math.round((Date.now() - lastAnswer) / 1000);
  stale.hidden = false;
  stale.textContent = stale.dataset.stale.replace("{seconds}", String(age));
  document.querySelectorAll("[data-live]").forEach((part) => part.classList.add("is-stale"));
}

document.addEventListener("htmx:afterRequest", (event) => (event.detail.successful ? reached() : lost()));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) window.location.reload();
});

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(document.getElementById(button.dataset.copy));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return;
  }
  const words = button.querySelector("[data-words]") ?? button;
  const before = words.textContent;
  words.textContent = button.dataset.copied;
  setTimeout(() => { words.textContent = before; }, 2000);
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-copy], [data-print], [data-open], [data-close]");
  if (!target) return;
  if (target.dataset.copy) copy(target);
  if ("print" in target.dataset) window.print();
  if (target.dataset.open) document.getElementById(target.dataset.open).showModal();
  if ("close" in target.dataset) target.closest("dialog").close();
});

// A dialog whose form was refused stands open again.
for (const dialog of document.querySelectorAll("dialog[data-show]")) dialog.showModal();

// A form is sent once: a second press while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent && !form.hasAttribute("data-again")) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => { delete form.dataset.sent; }, 5000);
});

// Ticking clocks: <time data-since="ms"> shows how long something has lasted.
function tick() {
  for (const clock of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Number(clock.dataset.since)) / 1000));
    const pad = (value) => String(value).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
    clock.textContent = hours ? `${hours}:${rest}` : rest;
  }
}
if (document.querySelector("[data-since]")) setInterval(tick, 1000);
