// One task: its row in the list, and all there is to know of it once the row is opened.
import { el, time, clock } from "../dom.js";
import { edit, show } from "../form/handover.js";

const WORDS = { queued: "Queued", running: "Running", succeeded: "Done", failed: "Failed", cancelled: "Cancelled" };
const ACTS = [
  ["cancel", "Cancel", (task) => ["queued", "running"].includes(task.status) && !task.stopping],
  ["retry", "Retry", (task) => ["failed", "cancelled"].includes(task.status)],
  ["front", "To the front", (task) => task.status === "queued"],
];

// The row's own line. `acts` are the list's: select, toggle, act.
export function taskLine(task, state, acts) {
  return el("div", { class: "q-line" },
    el("input", {
      type: "checkbox", class: "q-select", checked: state.selected, "aria-label": `Select task ${task.id}`,
      change: (event) => acts.select(task.id, event.target.checked),
    }),
    el("span", { class: "q-status" }, task.stopping && task.status === "running" ? "Stopping" : WORDS[task.status]),
    el("button", {
      type: "button", class: "q-expand", "aria-expanded": String(state.open), title: task.label,
      click: () => acts.toggle(task.id),
    }, el("b", {}, task.label.split("\n")[0] || task.mode), el("small", {}, `${task.mode} · job ${task.job} · task ${task.id}`)),
    el("span", { class: "q-how" }, ...now(task)),
    el("span", { class: "q-buttons" }, ACTS.filter(([, , fits]) => fits(task)).map(([act, label]) =>
      el("button", { type: "button", "data-act": act, click: () => acts.act(act, { tasks: [task.id] }, 1) }, label))));
}

// What a row says of its state, in words.
function now(task) {
  if (task.status === "running" && task.progress) {
    const { stage, step, steps, fraction, left } = task.progress;
    const words = [stage, steps ? `step ${step} of ${steps}` : "", left === null ? "" : `about ${time(left)} left`];
    const bar = el("progress", { max: 1, "aria-label": stage });
    if (fraction !== null) bar.value = fraction;
    return [el("span", {}, words.filter(Boolean).join(", ")), bar];
  }
  if (task.status === "failed") return [el("span", { class: "q-bad" }, task.error)];
  if (task.status === "queued") return [el("span", {}, task.priority ? `priority ${task.priority}` : "waiting")];
  return [el("span", {}, [time(task.seconds), clock(task.ended)].filter(Boolean).join(" · "))];
}

function player(output) {
  if (output.bytes === null) return el("p", {}, `${output.name} is not there any more.`);
  const kind = output.name.split(".").pop().toLowerCase();
  if (["mp4", "webm", "mov", "mkv"].includes(kind)) {
    return el("video", { src: output.url, controls: true, preload: "metadata", loop: true, playsInline: true });
  }
  if (["wav", "mp3", "flac", "opus", "ogg", "m4a"].includes(kind)) return el("audio", { src: output.url, controls: true });
  if (kind === "exr") return el("a", { href: output.url, download: output.name }, output.name);
  return el("img", { src: output.url, alt: output.name });
}

function preview(task) {
  const image = el("img", {
    class: "q-preview", alt: "Preview", src: `/api/v1/tasks/${task.id}/preview?${Date.now()}`,
    error: () => { image.hidden = true; },
    load: () => { image.hidden = false; },
  });
  return image;
}

function facts(pairs) {
  return el("dl", { class: "k-facts" }, pairs.filter(([, value]) => value !== "" && value !== null).map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));
}

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function graph(task) {
  const text = JSON.stringify(task.graph, null, 2);
  const copy = el("button", {
    type: "button",
    click: async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    },
  }, "Copy");
  return el("details", {}, el("summary", {}, "Workflow (ComfyUI's API format)"), copy, el("pre", {}, text));
}

// The opened part of a row.
export function taskDetail(task, acts) {
  const failure = task.failure && el("div", { class: "k-error" },
    el("h3", {}, task.failure.message), el("p", {}, task.failure.hint),
    task.failure.detail && el("details", {}, el("summary", {}, "Details"), el("pre", {}, task.failure.detail)));
  const given = task.inputs.map((input) => el("figure", {},
    input.widget === "audio" ? el("audio", { src: input.url, controls: true, preload: "none" })
      : el("img", { src: `${input.url}?thumbnail=true`, alt: input.parameter, loading: "lazy" }),
    el("figcaption", { title: input.original }, `${input.parameter}: ${input.original.split("/").pop()}`)));
  return el("div", { class: "q-detail", "data-of": task.id },
    failure,
    el("div", { class: "q-results" }, task.outputs_list.map(player), task.status === "running" && preview(task)),
    el("div", { class: "q-actions" },
      el("button", { type: "button", "data-act": "edit", click: () => edit(task.id) }, "Duplicate and edit"),
      task.outputs_list.length > 0
        && el("button", { type: "button", "data-act": "use", click: () => show(task.id) }, "Use as input"),
      el("button", { type: "button", "data-act": "again", click: () => acts.again(task) }, "Run the whole job again"),
      ["queued", "running"].includes(task.status)
        && el("button", { type: "button", "data-act": "cancel-job", click: () => acts.cancelJob(task) }, "Cancel this job"),
      el("button", { type: "button", "data-act": "only-job", click: () => acts.showJob(task.job) }, "Show only this job")),
    facts([["Job", `${task.job}, ${task.job_name}`], ["Seed", task.seed], ["Size", task.size], ["Took", time(task.seconds)],
      ["Priority", task.priority], ["Engine deaths", task.attempts || ""], ["Submitted", clock(task.created)]]),
    given.length > 0 && el("div", { class: "q-inputs" }, given),
    el("ol", { class: "q-stages" }, task.stages.map((stage) =>
      el("li", {}, stage.label, stage.seconds === null ? "" : el("span", {}, time(stage.seconds))))),
    el("details", {}, el("summary", {}, "Parameters"), el("dl", { class: "q-values" },
      Object.entries(task.values).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, shown(value))]))),
    el("details", {}, el("summary", {}, "Log"), el("ul", { class: "q-log" }, task.log.map((entry) =>
      el("li", {}, el("time", {}, clock(entry.time)), entry.text)))),
    graph(task));
}
