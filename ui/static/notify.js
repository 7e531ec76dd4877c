// A notification of the browser's when a job has ended: one for the job, not one for each of its tasks.
import { call } from "./api.js";
import { on } from "./events.js";
import { joined } from "./format.js";

const unfinished = new Set(); // jobs with tasks that are queued or running, by id

export const canAsk = () => "Notification" in window && Notification.permission === "default";

// The jobs that may have ended with these tasks. `active`, the jobs seen unfinished so far, grows with those that are.
export function perhapsEnded(active, tasks) {
  const ended = new Set();
  for (const { job, status } of tasks) {
    if (["queued", "running"].includes(status)) active.add(job);
    else if (active.has(job)) ended.add(job);
  }
  return ended;
}

export function startNotifying() {
  on("tasks", async ({ tasks }) => {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    for (const id of perhapsEnded(unfinished, tasks)) {
      const job = await call(`/jobs/${id}`).catch(() => null); // deleted, or Kinora is gone: nothing to tell
      if (!job || job.counts.queued + job.counts.running > 0) continue;
      unfinished.delete(id);
      const { succeeded, failed } = job.counts;
      const body = `${job.name}: ${joined(", ", `${succeeded} done`, failed && `${failed} failed`)}`;
      new Notification("Kinora", { body, tag: `kinora-job-${id}` });
    }
  });
}
