// <k-task>: a task's row in the list, and its details once it is opened.
//
// It tells what a person does by the events k-act ({ act, task }), k-select ({ task, on }), k-toggle ({ task }) and
// k-trouble (a sentence).
import { call } from "../api.js";
import { el, emit } from "../dom.js";
import { STATUSES, duration, joined, moment } from "../format.js";
import "./detail.js";

const ACTS = [
  ["cancel", "Cancel", (task) => ["queued", "running"].includes(task.status) && !task.stopping],
  ["retry", "Retry", (task) => ["failed", "cancelled"].includes(task.status)],
  ["front", "Move to front", (task) => task.status === "queued"],
];

class TaskRow extends HTMLElement {
  #task = null;
  #detail = null;
  #boxes = {}; // what of the line changes with the person, not with the task

  get isOpen() {
    return this.#detail !== null;
  }

  // Shows a task. The line is made again only when the task has changed, and the details are loaded again only when the
  // task began, ended or came to another phase.
  show(task, { open, selected }) {
    const before = this.#task;
    this.#task = task;
    if (task !== before) this.#drawLine();
    this.#boxes.select.checked = selected;
    this.#boxes.expand.ariaExpanded = String(open);
    if (!open) {
      this.#detail?.remove();
      this.#detail = null;
    } else if (!this.#detail) {
      this.#detail = el("k-task-detail", { "data-of": task.id });
      this.#load();
    } else if (task !== before) {
      if (task.status !== before.status || task.progress?.stage !== before.progress?.stage) this.#load();
      else if (task.status === "running") this.#detail.refreshPreview(task.id);
    }
  }

  async #load() {
    const { id } = this.#task;
    const detail = this.#detail;
    try {
      detail.show(await call(`/tasks/${id}`));
      if (detail === this.#detail && !detail.isConnected) this.append(detail);
    } catch (error) {
      emit(this, "k-trouble", error.message);
    }
  }

  #drawLine() {
    const task = this.#task;
    const focused = this.firstChild?.contains(document.activeElement) ? document.activeElement.classList[0] : null;
    this.dataset.task = task.id;
    this.dataset.status = task.status;
    this.#boxes = {
      select: el("input", {
        type: "checkbox", class: "q-select", "aria-label": `Select task ${task.id}`,
        change: (event) => emit(this, "k-select", { task, on: event.target.checked }),
      }),
      expand: el("button", {
        type: "button", class: "q-expand", title: task.label, click: () => emit(this, "k-toggle", { task }),
      }, el("b", {}, task.label.split("\n")[0] || task.mode),
      el("small", {}, `${task.mode} · job ${task.job} · task ${task.id}`)),
    };
    const line = el("div", { class: "q-line" },
      this.#boxes.select,
      el("span", { class: "q-status" }, statusOf(task)),
      this.#boxes.expand,
      el("span", { class: "q-how" }, ...howItGoes(task)),
      el("span", { class: "q-buttons" }, ACTS.filter(([, , fits]) => fits(task)).map(([act, label]) => el("button", {
        type: "button", class: `q-${act}`, "data-act": act, click: () => emit(this, "k-act", { act, task }),
      }, label))));
    if (this.firstChild) this.firstChild.replaceWith(line);
    else this.append(line);
    if (focused) line.querySelector(`.${focused}`)?.focus();
  }
}

const statusOf = (task) => (task.stopping && task.status === "running" ? "Stopping" : STATUSES[task.status]);

// What a row says of its task's state: elements.
function howItGoes(task) {
  if (task.status === "running" && task.progress) {
    const { stage, step, steps, fraction, left } = task.progress;
    const ofSteps = steps && `step ${step} of ${steps}`;
    const words = joined(", ", stage, ofSteps, left !== null && `about ${duration(left)} left`);
    const bar = el("progress", { max: 1, "aria-label": stage });
    if (fraction !== null) bar.value = fraction;
    return [el("span", {}, words), bar];
  }
  if (task.status === "failed") return [el("span", { class: "q-bad" }, task.error)];
  if (task.status === "queued") return [el("span", {}, task.priority ? `priority ${task.priority}` : "waiting")];
  return [el("span", {}, joined(" · ", duration(task.seconds), moment(task.ended)))];
}

customElements.define("k-task", TaskRow);
