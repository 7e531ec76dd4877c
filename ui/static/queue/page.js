// The queue's page: counters, search, the list with what is open or selected in it, and what to do with it.
import { el, time, count, ask } from "../dom.js";
import { show } from "../form/handover.js";
import { call, listen, onChange } from "../live.js";
import { taskDetail, taskLine } from "./task.js";

const PAGE = 50;
const FILTERS = [["all", "All"], ["running", "Running"], ["failed", "Failed"], ["queued", "Queued"], ["succeeded", "Done"], ["cancelled", "Cancelled"]];
const PAST = { cancel: "cancelled", retry: "queued once more", front: "moved to the front", priority: "given a new priority" };

const view = { filter: "all", search: "", job: null, cursors: [null], next: null, total: 0, tasks: new Map(), order: [] };
const open = new Set();
const selected = new Set();
const details = new Map(); // task -> the opened part, kept while its task does not change
let parts, state = null, reloading = null;

function build(root) {
  parts = {
    head: el("div", { class: "q-head" }),
    trouble: el("p", { class: "k-notice", id: "q-trouble", hidden: true, role: "alert" }),
    filters: el("div", { class: "q-filters", role: "group", "aria-label": "Show" }),
    said: el("p", { class: "q-said", role: "status", "aria-live": "polite" }),
    list: el("div", { id: "q-list", role: "list", keydown: keys }),
    empty: el("p", { class: "q-empty" }, "Loading the queue."),
    pages: el("div", { class: "q-pages" }),
    bulk: el("div", { id: "q-bulk", hidden: true }),
  };
  const search = el("input", {
    id: "q-search", type: "search", placeholder: "Search prompts, names, seeds", "aria-label": "Search",
    input: (event) => { view.search = event.target.value; first(); },
  });
  root.replaceChildren(parts.head, parts.trouble, el("div", { class: "q-tools" }, parts.filters, search),
    parts.said, parts.empty, parts.list, parts.pages, parts.bulk);
  onChange(changed);
  listen();
  route();
}

function changed(kind, content) {
  if (kind === "state") { state = content; showState(); schedule(); }
  if (kind === "tasks") content.filter((task) => view.tasks.has(task.id)).forEach(update);
  if (kind === "down") { parts.trouble.hidden = false; parts.trouble.textContent = "Kinora does not answer. It may be restarting; this page tries again by itself."; }
  if (kind === "up") { parts.trouble.hidden = true; schedule(); }
  parts.list.classList.toggle("q-old", kind === "down");
}

// The list is asked for again at most once a second, however much happens.
function schedule() {
  if (!reloading && location.hash.startsWith("#queue")) reloading = setTimeout(() => { reloading = null; load(); }, view.order.length ? 1000 : 0);
}

function first() { view.cursors = [null]; load(); }

async function load() {
  const asked = new URLSearchParams({ limit: PAGE });
  if (view.filter !== "all") asked.set("status", view.filter);
  if (view.search.trim()) asked.set("search", view.search.trim());
  if (view.job) asked.set("job", view.job);
  const cursor = view.cursors.at(-1);
  if (cursor) asked.set("cursor", cursor);
  const key = asked.toString();
  view.asked = key;
  let page;
  try { page = await call(`/tasks?${key}`); } catch { return; } // the stream says that nobody answers
  if (view.asked !== key) return; // something else was asked for meanwhile
  if (!page.tasks.length && view.cursors.length > 1) { view.cursors.pop(); load(); return; }
  Object.assign(view, { next: page.next, total: page.total, order: page.tasks.map((task) => task.id) });
  const before = view.tasks;
  view.tasks = new Map(page.tasks.map((task) => [task.id, before.get(task.id) || null]));
  page.tasks.forEach(update);
  arrange();
  showPages();
  parts.empty.hidden = page.tasks.length > 0;
  parts.empty.replaceChildren(...(view.filter === "all" && !view.search && !view.job
    ? ["Nothing is queued. What you make appears here. ", el("a", { href: "#create" }, "Create something")]
    : ["Nothing fits."]));
}

// A row is made anew only when its task has changed, and its opened part only when it has ended or begun.
function update(task) {
  const before = view.tasks.get(task.id);
  view.tasks.set(task.id, task);
  let row = parts.list.querySelector(`[data-task="${task.id}"]`);
  if (!row) {
    row = el("div", { "data-task": task.id, role: "listitem", tabindex: 0 });
    parts.list.append(row);
  } else if (before && JSON.stringify(before) === JSON.stringify(task)) return;
  const focused = row.contains(document.activeElement) && document.activeElement.className;
  row.dataset.status = task.status;
  const line = taskLine(task, { open: open.has(task.id), selected: selected.has(task.id) }, acts);
  if (row.firstChild) row.firstChild.replaceWith(line); else row.append(line);
  if (focused) row.querySelector(`.${focused.split(" ")[0]}`)?.focus();
  if (open.has(task.id) && (!row.querySelector(".q-detail") || !before || before.status !== task.status || before.progress?.stage !== task.progress?.stage)) expand(task.id);
  const preview = row.querySelector(".q-preview");
  if (preview && task.status === "running") preview.src = `/api/v1/tasks/${task.id}/preview?${Date.now()}`;
}

// Rows into the list's order, moving only those that are elsewhere: a video that plays goes on.
function arrange() {
  for (const row of [...parts.list.children]) if (!view.tasks.has(Number(row.dataset.task))) row.remove();
  view.order.forEach((id, place) => {
    const row = parts.list.querySelector(`[data-task="${id}"]`);
    if (parts.list.children[place] !== row) parts.list.insertBefore(row, parts.list.children[place] || null);
  });
}

async function expand(id) {
  const task = await call(`/tasks/${id}`).catch((error) => { say(error.message); return null; });
  const row = parts.list.querySelector(`[data-task="${id}"]`);
  if (!task || !row || !open.has(id)) return;
  const folds = [...row.querySelectorAll("details")].map((fold) => fold.open);
  const made = taskDetail(task, acts);
  if (folds.length === made.querySelectorAll("details").length) made.querySelectorAll("details").forEach((fold, place) => { fold.open = folds[place]; });
  row.querySelector(".q-detail")?.remove();
  row.append(made);
}

const acts = {
  select(id, on) { if (on) selected.add(id); else selected.delete(id); showBulk(); },
  toggle(id) {
    const row = parts.list.querySelector(`[data-task="${id}"]`);
    if (open.delete(id)) row.querySelector(".q-detail")?.remove(); else { open.add(id); expand(id); }
    row.querySelector(".q-expand").setAttribute("aria-expanded", String(open.has(id)));
  },
  async act(act, selection, many, more = {}, sure = many < 2) {
    const questions = {
      cancel: ["Cancel", "Keep them", "What is done stays."],
      retry: ["Retry", "Do not retry", "Those of them that failed or were cancelled run again."],
    };
    if (act in questions && !sure) {
      const [verb, no, text] = questions[act];
      const what = `${verb} ${count(many, "task", "tasks")}`;
      if (!(await ask(`${what}?`, what, no, text))) return;
    }
    const body = ["retry", "priority"].includes(act) ? { selection, ...more } : selection;
    await doing(`/tasks/${act}`, body, (done) => {
      const pending = done.pending ? `, ${done.pending} still running and asked to stop` : "";
      return `${count(done.changed, "task", "tasks")} ${PAST[act]}${pending}.`;
    });
    if (act === "retry" && selection.tasks?.length) await attend({ ids: selection.tasks[0] });
  },
  async again(task) {
    const key = crypto.randomUUID(); // a second click on the same question makes no second job
    const anew = await ask("Run the whole job again?", "With new seeds", "Not with new seeds", "As a new job, at the end of the queue.");
    if (!anew && !(await ask("Run the whole job again, with the same seeds?", "With the same seeds", "Do not run it"))) return;
    await doing(`/jobs/${task.job}/again`, { new_seeds: anew, key }, (job) => {
      attend({ job: job.id });
      return `Job ${job.id}: ${count(job.counts.queued, "task", "tasks")} queued.`;
    });
  },
  cancelJob: (task) => acts.act("cancel", { jobs: [task.job] }, Math.max(2, [...view.tasks.values()].filter((each) => each?.job === task.job).length)),
  showJob(job) { location.hash = `#queue?job=${job}`; },
};

async function doing(path, body, words) {
  try { say(words(await call(path, body))); } catch (error) { say(error.message); }
  selectNone();
  load();
}

// Where the GPU is lent to whoever watches, a task runs only once it is shown.
async function attend(which) {
  if (!state.attended) return;
  const { tasks: [task] } = await call(`/tasks?${new URLSearchParams({ ...which, limit: 1 })}`);
  if (task?.status === "queued") show(task.id);
}

function say(text) { parts.said.textContent = text; }

function showState() {
  const { counts, paused, held, engines, seconds_left: left } = state;
  const waiting = counts.queued + counts.running;
  const badge = document.querySelector("#k-nav-count");
  if (badge) badge.textContent = waiting ? waiting.toLocaleString("en") : "";
  const bad = engines.filter((engine) => engine.error);
  const words = paused ? "Paused" : waiting ? `${count(waiting, "task", "tasks")} to do` : "Nothing to do";
  parts.head.replaceChildren(
    el("h2", {}, "Queue"),
    el("p", {}, [words, left === null ? "" : `about ${time(left)} until all is done`, ...(held && waiting ? [held] : engines.map((engine) => `${engine.name.replace("-", " ")}: ${engine.state}`))].filter(Boolean).join(" · ")),
    el("div", { class: "q-actions" },
      el("button", { id: "q-pause", type: "button", click: () => doing(paused ? "/queue/resume" : "/queue/pause", {}, (now) => (now.paused ? "Paused: what runs goes on to its end." : "Going on.")) }, paused ? "Resume" : "Pause"),
      el("button", { id: "q-cancel-all", type: "button", disabled: !counts.queued, click: () => cancelAll(counts.queued) }, "Cancel everything queued"),
      "Notification" in window && Notification.permission === "default" && el("button", { id: "q-notify", type: "button", click: () => Notification.requestPermission().then(showState) }, "Notify me")),
    ...bad.map((engine) => el("p", { class: "k-error", role: "alert" }, engine.error)));
  const all = Object.values(counts).reduce((sum, each) => sum + each, 0);
  parts.filters.replaceChildren(...FILTERS.map(([id, label]) => el("button", {
    id: `q-filter-${id}`, type: "button", "aria-pressed": String(view.filter === id),
    click: () => { view.filter = id; showState(); first(); },
  }, `${label} `, el("span", {}, (id === "all" ? all : counts[id]).toLocaleString("en")))),
  view.job && el("button", { id: "q-job", type: "button", "aria-pressed": "true", click: () => { location.hash = "#queue"; } }, `Only job ${view.job} ×`) || "");
}

async function cancelAll(queued) {
  if (await ask(`Cancel everything queued: ${count(queued, "task", "tasks")}?`, `Cancel ${count(queued, "task", "tasks")}`, "Keep them", "What runs now goes on.")) {
    await acts.act("cancel", { status: "queued" }, 1);
  }
}

function showPages() {
  const start = view.cursors.length > 1 ? (view.cursors.length - 1) * PAGE : 0;
  parts.pages.replaceChildren(...(view.total > PAGE ? [
    el("button", { type: "button", id: "q-previous", disabled: view.cursors.length < 2, click: () => { view.cursors.pop(); load(); } }, "Previous"),
    el("span", {}, `${(start + 1).toLocaleString("en")} to ${(start + view.order.length).toLocaleString("en")} of ${view.total.toLocaleString("en")}`),
    el("button", { type: "button", id: "q-next", disabled: !view.next, click: () => { view.cursors.push(view.next); load(); } }, "Next"),
  ] : []));
  showBulk();
}

function showBulk() {
  const ids = [...selected];
  parts.bulk.hidden = !ids.length;
  const button = (act, label, more) => el("button", { type: "button", "data-act": act, click: () => acts.act(act.split("-")[0], { tasks: ids }, ids.length, more) }, label);
  const priority = el("input", { id: "q-priority", type: "number", min: -100, max: 100, value: 0, "aria-label": "Priority" });
  parts.bulk.replaceChildren(el("b", {}, `${ids.length.toLocaleString("en")} selected`),
    button("cancel", "Cancel"), button("retry", "Retry"), button("retry-new", "Retry with new seeds", { new_seeds: true }), button("front", "To the front"),
    el("span", { class: "q-priority" }, priority, el("button", { type: "button", "data-act": "priority", click: () => acts.act("priority", { tasks: ids }, ids.length, { priority: Number(priority.value) }) }, "Set priority")),
    el("button", { type: "button", click: selectNone }, "Select none"));
}

function selectNone() {
  selected.clear();
  parts.list.querySelectorAll(".q-select").forEach((box) => { box.checked = false; });
  showBulk();
}

// Arrows move, Space selects, Enter opens, Delete asks to cancel.
function keys(event) {
  const row = event.target.closest("[data-task]");
  if (!row || event.target !== row) return;
  const id = Number(row.dataset.task);
  const moves = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling };
  if (event.key in moves) moves[event.key]?.focus();
  else if (event.key === " ") { const box = row.querySelector(".q-select"); box.checked = !box.checked; acts.select(id, box.checked); }
  else if (event.key === "Enter") acts.toggle(id);
  else if (event.key === "Delete") acts.act("cancel", { tasks: [id] }, 1, {}, false);
  else return;
  event.preventDefault();
}

// #create and #queue are the page's two rooms; #queue?job=3 shows one job.
function route() {
  const [room, query] = (location.hash || "#create").slice(1).split("?");
  const chosen = room === "queue" ? "queue" : "create";
  document.querySelector(".gradio-container").dataset.room = chosen;
  document.querySelectorAll("#k-nav a").forEach((link) => {
    if (link.hash === `#${chosen}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  });
  if (chosen !== "queue" || !parts) return;
  view.job = Number(new URLSearchParams(query).get("job")) || null;
  if (state) showState();
  first();
}

window.addEventListener("hashchange", route);
new MutationObserver((_, observer) => {
  const root = document.querySelector("#k-queue");
  if (root && document.querySelector("#k-nav")) { observer.disconnect(); build(root); }
}).observe(document, { childList: true, subtree: true });
