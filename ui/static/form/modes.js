// The list of modes: choosing, finding, the last ones used, and what each still has to download.

const RECENT = "kinora-recent-modes";
const SHOWN = 3;
const buttons = () => [...document.querySelectorAll("#mode-list > section:not(#mode-recent) [data-mode]")];

function choose(mode) {
  const field = document.querySelector("#k-mode textarea, #k-mode input");
  if (!field) return;
  remember(mode);
  mark(mode);
  field.value = `${mode} ${Date.now()}`; // the same mode again, after the form was changed from elsewhere
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// The form may also be changed from elsewhere: the title says which mode it shows.
function mark(mode) {
  document.querySelectorAll("#mode-list [data-mode]").forEach((button) => {
    if (button.dataset.mode === mode) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
}

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT) || "[]").filter((mode) => typeof mode === "string");
  } catch {
    return [];
  }
}

function remember(mode) {
  localStorage.setItem(RECENT, JSON.stringify([mode, ...recent().filter((each) => each !== mode)].slice(0, SHOWN + 1)));
}

// Filled once a visit: a list that moves under the pointer helps nobody.
function showRecent() {
  const section = document.getElementById("mode-recent");
  const known = new Map(buttons().map((button) => [button.dataset.mode, button]));
  const last = recent().filter((mode) => known.has(mode)).slice(0, SHOWN);
  if (!last.length || known.size <= 9) return;
  section.append(Object.assign(document.createElement("h3"), { textContent: "Recently used" }));
  last.forEach((mode) => section.append(known.get(mode).cloneNode(true)));
  section.hidden = false;
}

function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  document.querySelectorAll("#mode-list section").forEach((section) => {
    let any = false;
    section.querySelectorAll("[data-mode]").forEach((button) => {
      const fits = words.every((word) => button.dataset.words.includes(word));
      button.hidden = !fits;
      any ||= fits;
    });
    section.hidden = !any || (section.id === "mode-recent" && words.length > 0);
  });
}

async function showPresence() {
  const answer = await fetch("/api/v1/modes/presence").catch(() => null);
  if (!answer?.ok) return;
  const presence = new Map((await answer.json()).map((each) => [each.mode, each]));
  document.querySelectorAll("#mode-list [data-mode]").forEach((button) => {
    const found = presence.get(button.dataset.mode);
    if (!found) return;
    button.dataset.ready = String(found.files === 0);
    if (!found.files) return;
    const size = found.bytes ? `${(found.bytes / 1e9).toFixed(found.bytes < 1e10 ? 1 : 0)} GB` : "";
    const files = `${found.files} ${found.files === 1 ? "file" : "files"}`;
    button.append(Object.assign(document.createElement("small"), { textContent: size || files, title: `To download: ${files}${size && `, ${size}`}` }));
  });
}

function start() {
  const title = document.getElementById("k-title");
  if (!title || !document.getElementById("mode-list")) return void setTimeout(start, 50);
  showRecent();
  const shown = () => mark(title.querySelector("[data-shown]")?.dataset.shown);
  new MutationObserver(shown).observe(title, { childList: true, subtree: true, attributes: true });
  shown();
  showPresence();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#mode-list [data-mode]");
  if (button) choose(button.dataset.mode);
});
document.addEventListener("input", (event) => {
  if (event.target.id === "mode-search") find(event.target.value);
});
document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.("#k-modes")) return;
  const visible = [...document.querySelectorAll("#mode-list [data-mode]")].filter((each) => each.offsetParent);
  const place = visible.indexOf(document.activeElement);
  if (event.key === "Enter" && event.target.id === "mode-search" && visible.length) choose(visible[0].dataset.mode);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !visible.length) return;
  event.preventDefault();
  visible[Math.max(0, Math.min(visible.length - 1, place + step))].focus();
});
start();
