// The list of modes: choosing, searching, the last ones used, and what each still has to download. The chosen mode is
// the value of a gr.HTML, which triggers `select` when a person chooses.
import { call } from "../api.js";
import { el } from "../dom.js";

const RECENT = "kinora-recent-modes";
const SHOWN = 3;

export function start({ element, props, trigger, watch }) {
  const list = element.querySelector("#mode-list");
  const search = element.querySelector("#mode-search");
  const buttons = () => [...list.querySelectorAll("[data-mode]")];

  function choose(mode) {
    remember(mode);
    props.value = mode;
    mark();
    trigger("select");
  }

  function mark() {
    for (const button of buttons()) {
      if (button.dataset.mode === props.value) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  // Filled once per visit: a list that moves under the pointer helps nobody.
  function showRecent() {
    const section = list.querySelector("#mode-recent");
    const known = new Map(buttons().map((button) => [button.dataset.mode, button]));
    const last = recent().filter((mode) => known.has(mode)).slice(0, SHOWN);
    if (!last.length || known.size <= 9) return;
    section.append(el("h3", {}, "Recently used"), ...last.map((mode) => known.get(mode).cloneNode(true)));
    section.hidden = false;
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.querySelectorAll("section").forEach((section) => {
      let any = false;
      section.querySelectorAll("[data-mode]").forEach((button) => {
        const fits = words.every((word) => button.dataset.words.includes(word));
        button.hidden = !fits;
        any ||= fits;
      });
      section.hidden = !any || (section.id === "mode-recent" && words.length > 0);
    });
  }

  async function showDownloads() {
    const answer = await call("/modes/presence").catch(() => []); // the page itself says that Kinora is away
    const presence = new Map(answer.map((each) => [each.mode, each]));
    for (const button of buttons()) {
      const found = presence.get(button.dataset.mode);
      if (!found) continue;
      button.dataset.ready = String(found.files === 0);
      if (!found.files) continue;
      const size = found.bytes ? `${(found.bytes / 1e9).toFixed(found.bytes < 1e10 ? 1 : 0)} GB` : "";
      const files = `${found.files} ${found.files === 1 ? "file" : "files"}`;
      button.append(el("small", { title: `To download: ${[files, size].filter(Boolean).join(", ")}` }, size || files));
    }
  }

  function press(event) {
    const visible = buttons().filter((button) => button.offsetParent);
    if (!visible.length) return;
    if (event.key === "Enter" && event.target === search) choose(visible[0].dataset.mode);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const place = visible.indexOf(document.activeElement) + step;
    visible[Math.max(0, Math.min(visible.length - 1, place))].focus();
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mode]");
    if (button) choose(button.dataset.mode);
  });
  search.addEventListener("input", filter);
  element.addEventListener("keydown", press);
  watch("value", mark); // the form may also be changed from elsewhere
  showRecent();
  mark();
  showDownloads();
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
