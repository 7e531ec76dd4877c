// <k-task-detail>: all there is to know of a task, in the opened part of its row.
import { API, fileAddress } from "../api.js";
import { el, emit } from "../dom.js";
import { duration, moment } from "../format.js";
import { player } from "./player.js";

const ACTS = [
  ["edit", "Duplicate and edit", () => true],
  ["use", "Use as input", (task) => task.outputs_list.length > 0],
  ["rerun", "Rerun the whole job", () => true],
  ["cancel-job", "Cancel this job", (task) => ["queued", "running"].includes(task.status)],
  ["only-job", "Show only this job", () => true],
];

class TaskDetail extends HTMLElement {
  #preview = null;

  connectedCallback() {
    this.classList.add("q-detail");
  }

  // Shows a task with all its details. Folds that are open stay open.
  show(task) {
    const open = [...this.querySelectorAll("details")].map((fold) => fold.open);
    this.#preview = task.status === "running" ? preview(task.id) : null;
    this.replaceChildren(...[
      failure(task.failure),
      el("div", { class: "q-results" }, task.outputs_list.map(player), this.#preview),
      el("div", { class: "q-actions" }, ACTS.filter(([, , fits]) => fits(task)).map(([act, label]) =>
        el("button", { type: "button", "data-act": act, click: () => emit(this, "k-act", { act, task }) }, label))),
      facts(task),
      task.inputs.length > 0 && el("div", { class: "q-inputs" }, task.inputs.map(input)),
      el("ol", { class: "q-phases" }, task.stages.map(({ label, seconds }) =>
        el("li", {}, label, seconds === null ? "" : el("span", {}, duration(seconds))))),
      fold("Parameters", el("dl", { class: "q-values" }, Object.entries(task.values).flatMap(([name, value]) =>
        [el("dt", {}, name), el("dd", {}, typeof value === "string" ? value : JSON.stringify(value))]))),
      fold("Log", el("ul", { class: "q-log" }, task.log.map(({ time, text }) =>
        el("li", {}, el("time", {}, moment(time)), text)))),
      graphFold(task.graph),
    ].filter(Boolean));
    const folds = [...this.querySelectorAll("details")];
    if (folds.length === open.length) folds.forEach((each, place) => { each.open = open[place]; });
  }

  // Loads the newest preview of a task that runs.
  refreshPreview(id) {
    if (this.#preview) this.#preview.src = previewAddress(id);
  }
}

const previewAddress = (id) => `${API}/tasks/${id}/preview?${Date.now()}`;

// Hidden while there is none.
function preview(id) {
  const image = el("img", {
    class: "q-preview", alt: "Preview", src: previewAddress(id),
    error: () => { image.hidden = true; },
    load: () => { image.hidden = false; },
  });
  return image;
}

const fold = (title, ...content) => el("details", {}, el("summary", {}, title), ...content);

function failure(failed) {
  if (!failed) return null;
  const { message, hint, detail } = failed;
  return el("div", { class: "k-error" },
    el("h3", {}, message), el("p", {}, hint), detail && fold("Details", el("pre", {}, detail)));
}

function input({ parameter, original, widget, url }) {
  const shown = widget === "audio"
    ? el("audio", { src: fileAddress(url), controls: true, preload: "none" })
    : el("img", { src: `${fileAddress(url)}?thumbnail=true`, alt: parameter, loading: "lazy" });
  return el("figure", {}, shown,
    el("figcaption", { title: original }, `${parameter}: ${original.split("/").pop()}`));
}

function facts(task) {
  const pairs = [
    ["Job", `${task.job}, ${task.job_name}`],
    ["Seed", task.seed],
    ["Size", task.size],
    ["Took", duration(task.seconds)],
    ["Priority", task.priority],
    ["Engine crashes", task.attempts || ""],
    ["Submitted", moment(task.created)],
  ].filter(([, value]) => value !== "" && value !== null);
  return el("dl", { class: "k-facts" }, pairs.map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));
}

function graphFold(graph) {
  const text = JSON.stringify(graph, null, 2);
  const copy = el("button", {
    type: "button",
    click: async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    },
  }, "Copy");
  return fold("Graph (ComfyUI's API format)", copy, el("pre", {}, text));
}

customElements.define("k-task-detail", TaskDetail);
