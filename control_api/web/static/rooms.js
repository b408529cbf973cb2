// Brings what needs a person onto the page as soon as the centre hears of it, instead of at the next round.
// Levels and counts change all the time and wait for that round.

const part = document.querySelector("#rooms, #room-state");
const only = part?.dataset.room;

function signature(rooms) {
  const wanted = only ? rooms.filter((room) => room.room_id === only) : rooms;
  return JSON.stringify(wanted.map((room) => [room.room_id, room.state, room.session, room.fault, room.problems.map((one) => [one.code, one.source])]));
}

if (part && "EventSource" in window) {
  const id = part.id;
  let before = null;
  new EventSource("/api/rooms/events").addEventListener("rooms", (event) => {
    const now = signature(JSON.parse(event.data));
    if (before !== null && now !== before) window.htmx?.trigger(`#${id}`, "room-changed");
    before = now;
  });
}
