// The queue's API, and what it tells: one stream of events for the whole page.

const API = "/api/v1";
const listeners = [];
let active = new Map(); // jobs with something to do, by id: told when the last of it has ended
let source = null;

// The answer as an object; an Error with a sentence where there is none.
export async function call(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(API + path, options);
  } catch {
    throw new Error("Kinora does not answer.");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error([content.detail, content.hint].filter(Boolean).join(" ") || "That did not work.");
  return content;
}

const tell = (kind, content) => listeners.forEach((listener) => listener(kind, content));

export function listen() {
  source = new EventSource(`${API}/events`);
  source.addEventListener("state", (event) => tell("state", JSON.parse(event.data)));
  source.addEventListener("tasks", (event) => {
    const { tasks } = JSON.parse(event.data);
    tell("tasks", tasks);
    notify(tasks);
  });
  source.addEventListener("engine", (event) => tell("engine", JSON.parse(event.data)));
  source.onopen = () => tell("up");
  source.onerror = () => {
    tell("down");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

// One message when a job has ended, not one for each of its tasks.
async function notify(tasks) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const ended = new Set();
  for (const task of tasks) {
    if (["queued", "running"].includes(task.status)) active.set(task.job, task.job_name);
    else if (active.has(task.job)) ended.add(task.job);
  }
  for (const id of ended) {
    const job = await call(`/jobs/${id}`).catch(() => null);
    if (!job || job.counts.queued + job.counts.running > 0) continue;
    active.delete(id);
    const failed = job.counts.failed ? `, ${job.counts.failed} failed` : "";
    new Notification("Kinora", { body: `${job.name}: ${job.counts.succeeded} done${failed}`, tag: `kinora-job-${id}` });
  }
}

export const onChange = (listener) => listeners.push(listener);
