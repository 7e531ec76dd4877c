// <k-queue-head>: how the queue as a whole is doing, what to do with all of it, and which tasks to show.
//
// Events: k-pause, k-cancel-all, k-filter (a filter) and k-search (a text).
import { el, emit } from "../dom.js";
import { STATUSES, count, duration, joined, number } from "../format.js";
import { canAsk } from "../notify.js";
import { queueOf } from "../route.js";

const FILTERS = ["all", "running", "failed", "queued", "succeeded", "cancelled"];

class QueueHead extends HTMLElement {
  #parts = {};

  connectedCallback() {
    if (this.firstChild) return;
    const button = (id, label, click) => el("button", { id, type: "button", click }, label);
    const parts = {
      words: el("p"),
      pause: button("q-pause", "Pause", () => emit(this, "k-pause")),
      cancelAll: button("q-cancel-all", "Cancel all queued tasks", () => emit(this, "k-cancel-all")),
      notify: button("q-notify", "Notify me", async () => {
        await Notification.requestPermission();
        parts.notify.hidden = !canAsk();
      }),
      errors: el("div"),
      filters: FILTERS.map((id) => el("button", {
        id: `q-filter-${id}`, type: "button", click: () => emit(this, "k-filter", id),
      }, `${STATUSES[id] ?? "All"} `, el("span"))),
      job: button("q-job", "", () => { location.hash = queueOf(null); }),
    };
    this.#parts = parts;
    const search = el("input", {
      id: "q-search", type: "search", placeholder: "Search prompts, names, seeds", "aria-label": "Search",
      input: (event) => emit(this, "k-search", event.target.value),
    });
    parts.notify.hidden = !canAsk();
    parts.job.hidden = true;
    parts.job.ariaPressed = "true";
    this.append(
      el("div", { class: "q-head" }, el("h2", {}, "Queue"), parts.words,
        el("div", { class: "q-actions" }, parts.pause, parts.cancelAll, parts.notify)),
      parts.errors,
      el("div", { class: "q-tools" },
        el("div", { class: "q-filters", role: "group", "aria-label": "Show" }, parts.filters, parts.job), search));
  }

  show({ state, filter, job }) {
    const { words, pause, cancelAll, errors, filters, job: onlyJob } = this.#parts;
    onlyJob.hidden = !job;
    onlyJob.textContent = `Only job ${job} ×`;
    for (const button of filters) button.ariaPressed = String(button.id === `q-filter-${filter}`);
    if (!state) return;
    const { counts, paused, engines } = state;
    words.textContent = sentenceOf(state);
    pause.textContent = paused ? "Resume" : "Pause";
    cancelAll.disabled = !counts.queued;
    errors.replaceChildren(...engines.filter((engine) => engine.error).map((engine) =>
      el("p", { class: "k-error", role: "alert" }, engine.error)));
    const totals = { ...counts, all: Object.values(counts).reduce((sum, each) => sum + each, 0) };
    FILTERS.forEach((id, place) => { filters[place].lastChild.textContent = number(totals[id]); });
  }
}

// The queue's state in one line.
export function sentenceOf({ counts, paused, held, engines, seconds_left: left }) {
  const unfinished = counts.queued + counts.running;
  const work = unfinished ? `${count(unfinished, "task", "tasks")} left` : "No tasks are waiting";
  const names = engines.map(({ name, state }) => `${name.replace("-", " ")}: ${state}`);
  return joined(" · ", paused ? "Paused" : work, left !== null && `about ${duration(left)} until all are done`,
    ...(held && unfinished ? [held] : names));
}

customElements.define("k-queue-head", QueueHead);
