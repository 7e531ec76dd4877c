// The page's rooms and their addresses: #create, #queue, and #queue?job=3, which shows one job.

const ROOMS = ["create", "queue"];

// { room, job }; the job is null where the address names none.
export function parse(hash) {
  const [name, query] = hash.replace(/^#/, "").split("?");
  const job = Number(new URLSearchParams(query).get("job"));
  return { room: ROOMS.includes(name) ? name : ROOMS[0], job: Number.isInteger(job) && job > 0 ? job : null };
}

export const queueOf = (job) => (job ? `#queue?job=${job}` : "#queue");

export const current = () => parse(location.hash);

// Shows the room that the address names.
export function showRoom() {
  const { room } = current();
  document.querySelector(".gradio-container").dataset.room = room;
  for (const link of document.querySelectorAll("#k-nav a")) {
    if (link.hash === `#${room}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
