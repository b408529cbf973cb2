// Shows the fields that belong to the chosen kind of source, moves the boxes of the sketch, copies Monday's hours.
// Without it all fields of the saved kind show, and the sketch shows what is saved.

const form = document.querySelector("form.configuration");
const KEYS = ["x", "y", "width", "height"];

function refresh() {
  for (const part of form.querySelectorAll("[data-of]")) {
    const chosen = document.getElementById(`field-${part.dataset.of}`).value;
    part.hidden = !part.dataset.only.split(" ").includes(chosen);
  }
}

function sketch() {
  for (const box of form.querySelectorAll("[data-box]")) {
    for (const key of KEYS) {
      const value = Number(document.getElementById(`field-${box.dataset.box}.${key}`).value);
      if (Number.isFinite(value) && value >= 0 && value <= 100) box.setAttribute(key, `${value}%`);
    }
  }
}

function copyMonday() {
  const days = [...form.querySelectorAll(".week input")];
  for (const day of days.slice(1, 5)) day.value = days[0].value;
}

const workdays = form.querySelector("[data-workdays]");
workdays.hidden = false;
workdays.addEventListener("click", copyMonday);
form.addEventListener("change", refresh);
form.addEventListener("input", sketch);
refresh();
