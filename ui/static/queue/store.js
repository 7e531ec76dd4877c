// What the queue's page knows. Pure: nothing here touches the document or the network.

export const PAGE = 50; // tasks

export class QueueStore {
  state = null; // of the queue as a whole, as the event stream tells it
  filter = "all"; // or a status
  search = "";
  job = null; // the only job to show, by id
  tasks = []; // of the page that is shown, in its order
  total = 0; // on all pages
  open = new Set(); // ids
  selected = new Set(); // ids
  #before = []; // the cursors of the pages before this one
  #cursor = null;
  #next = null;
  #asked = "";

  // Another view of the queue, from its first page: any of filter, search and job.
  look(changes) {
    Object.assign(this, changes);
    this.#before = [];
    this.#cursor = null;
  }

  // The parameters to ask REST with. Only the answer to the newest question counts.
  question() {
    const asked = new URLSearchParams({ limit: PAGE });
    if (this.filter !== "all") asked.set("status", this.filter);
    if (this.search.trim()) asked.set("search", this.search.trim());
    if (this.job) asked.set("job", this.job);
    if (this.#cursor) asked.set("cursor", this.#cursor);
    this.#asked = asked.toString();
    return this.#asked;
  }

  // Takes an answer in; returns whether the page has to be asked for again, because the one that was shown is gone.
  answer(question, { tasks, total, next }) {
    if (question !== this.#asked) return false;
    if (!tasks.length && this.#before.length) {
      this.goBack();
      return true;
    }
    const known = new Map(this.tasks.map((task) => [task.id, task]));
    this.tasks = tasks.map((task) => same(known.get(task.id), task));
    this.total = total;
    this.#next = next;
    return false;
  }

  // Takes in tasks that changed; those that are not shown are left out.
  change(tasks) {
    const changed = new Map(tasks.map((task) => [task.id, task]));
    this.tasks = this.tasks.map((task) => (changed.has(task.id) ? same(task, changed.get(task.id)) : task));
  }

  get isUnfiltered() {
    return this.filter === "all" && !this.search && !this.job;
  }

  get hasPrevious() {
    return this.#before.length > 0;
  }

  get hasNext() {
    return Boolean(this.#next);
  }

  // The first and the last task on this page, counted from 1.
  get span() {
    const start = this.#before.length * PAGE;
    return [start + 1, start + this.tasks.length];
  }

  goOn() {
    this.#before.push(this.#cursor);
    this.#cursor = this.#next;
  }

  goBack() {
    this.#cursor = this.#before.pop();
  }
}

// The object known already where nothing changed, so that rows can tell by identity.
function same(known, task) {
  return known && JSON.stringify(known) === JSON.stringify(task) ? known : task;
}
