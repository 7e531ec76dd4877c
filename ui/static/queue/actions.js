// What a person can do to tasks and jobs. Each function asks first where something could be lost, and resolves to a
// sentence that says what happened, or to null where the person changed their mind.
import { call } from "../api.js";
import { choose, confirm } from "../dialog.js";
import { count } from "../format.js";

const QUESTIONS = {
  cancel: { verb: "Cancel", no: "Keep them", text: "Tasks that have ended keep their results." },
  retry: { verb: "Retry", no: "Do not retry", text: "Failed and cancelled tasks will run again." },
};
const DONE = {
  cancel: "cancelled",
  retry: "queued again",
  front: "moved to the front",
  priority: "given a new priority",
};
const WITH_SELECTION = ["retry", "priority"]; // these take more than a selection

export const tasksIn = (number) => count(number, "task", "tasks");

// `act` is cancel, retry, front or priority; `selection` says which tasks, as REST does, and `what` in words; `more` is
// what the act takes besides. With `ask`, cancel and retry ask first.
export async function act({ act: name, selection, what, more = {}, ask = true }) {
  if (ask && name in QUESTIONS) {
    const { verb, no, text } = QUESTIONS[name];
    const yes = `${verb} ${what}`;
    if (!(await confirm({ title: `${yes}?`, text, yes, no }))) return null;
  }
  const { changed, pending } = await call(
    `/tasks/${name}`,
    WITH_SELECTION.includes(name) ? { selection, ...more } : selection,
  );
  const still = pending ? ` ${count(pending, "running task is", "running tasks are")} about to stop.` : "";
  return `${tasksIn(changed)} ${DONE[name]}.${still}`;
}

export async function cancelQueued(size) {
  const yes = `Cancel ${tasksIn(size)}`;
  const title = `Cancel all queued tasks: ${tasksIn(size)}?`;
  if (!(await confirm({ title, text: "Running tasks continue.", yes, no: "Keep them" }))) return null;
  return act({ act: "cancel", selection: { status: "queued" }, ask: false });
}

// The new job, or null.
export async function rerun(job) {
  const key = crypto.randomUUID(); // a second click on the same question makes no second job
  const seeds = await choose({
    title: "Rerun the whole job?",
    text: "It becomes a new job at the end of the queue.",
    choices: [["new", "With new seeds"], ["same", "With the same seeds"]],
    dismiss: "Do not rerun it",
  });
  return seeds && call(`/jobs/${job}/again`, { new_seeds: seeds === "new", key });
}

export async function pause(paused) {
  const now = await call(paused ? "/queue/resume" : "/queue/pause", {});
  return now.paused ? "The queue is paused. Running tasks will finish." : "The queue is running again.";
}
