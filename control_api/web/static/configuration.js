// Shows the fields that belong to the chosen kind of source. Without it all fields of the saved kind show.
function refresh() {
  for (const part of document.querySelectorAll("[data-of]")) {
    const chosen = document.getElementById(`field-${part.dataset.of}`).value;
    part.hidden = !part.dataset.only.split(" ").includes(chosen);
  }
}
document.querySelector("form.configuration").addEventListener("change", refresh);
refresh();
