// <k-queue>: the queue's page. It holds the store, asks REST for what the person looks at, and hands out what comes.
import { call } from "../api.js";
import { el } from "../dom.js";
import { on } from "../events.js";
import { edit, show } from "../form/handover.js";
import { number } from "../format.js";
import { startNotifying } from "../notify.js";
import { current, queueOf, showView } from "../route.js";
import { act, cancelQueued, pause, rerun, tasksIn } from "./actions.js";
import { QueueStore } from "./store.js";
import "../list.js";
import "./bulk.js";
import "./head.js";
import "./row.js";

const RELOAD = 1000; // ms between two loads of the list, however much happens
const SILENT = "Kinora is not responding. It may be restarting. This page keeps trying.";

class QueuePage extends HTMLElement {
  #store = new QueueStore();
  #reloading = 0;
  #loaded = false;
  #parts = {};

  connectedCallback() {
    if (this.firstChild) return;
    this.#parts = {
      head: el("k-queue-head"),
      trouble: el("p", { class: "k-notice", id: "q-trouble", hidden: true, role: "alert" }, SILENT),
      said: el("p", { class: "q-said", role: "status", "aria-live": "polite" }),
      empty: el("p", { class: "q-empty" }, "Loading the queue."),
      list: el("k-list", { id: "q-list" }),
      pages: el("div", { class: "q-pages" }),
      bulk: el("k-bulk", { id: "q-bulk", hidden: true }),
    };
    const { head, trouble, said, empty, list, pages, bulk } = this.#parts;
    this.append(head, trouble, said, empty, list, pages, bulk);
    list.setup({
      create: () => el("k-task"),
      update: (row, task) => row.show(task, {
        open: this.#store.open.has(task.id), selected: this.#store.selected.has(task.id),
      }),
      keep: (row) => row.isOpen,
      height: 64,
    });
    this.#listen();
    startNotifying();
    window.addEventListener("hashchange", () => this.#route());
    this.#route();
  }

  #listen() {
    const store = this.#store;
    const heard = {
      "k-pause": () => this.#do(() => pause(store.state.paused)),
      "k-cancel-all": () => this.#do(() => cancelQueued(store.state.counts.queued)),
      "k-filter": (filter) => this.#look({ filter }),
      "k-search": (search) => this.#look({ search }),
      "k-act": ({ act: name, task }) => this.#actOn(name, task),
      "k-toggle": ({ task }) => this.#toggle(task.id),
      "k-select": ({ task, on: selected }) => this.#select(task.id, selected),
      "k-select-none": () => this.#selectNone(),
      "k-trouble": (text) => this.#say(text),
      "k-bulk": ({ act: name, more }) => {
        const tasks = [...store.selected];
        this.#act({ act: name, selection: { tasks }, what: tasksIn(tasks.length), more, ask: tasks.length > 1 });
      },
    };
    for (const [type, handle] of Object.entries(heard)) this.addEventListener(type, ({ detail }) => handle(detail));
    this.#parts.list.addEventListener("keydown", (event) => this.#key(event));
    on("state", (state) => {
      store.state = state;
      this.#showState();
      this.#schedule();
    });
    on("tasks", ({ tasks }) => {
      store.change(tasks);
      this.#parts.list.items = store.tasks;
    });
    on("connected", (connected) => {
      this.#parts.trouble.hidden = connected;
      this.#parts.list.classList.toggle("q-old", !connected);
      if (connected) this.#schedule();
    });
  }

  #route() {
    showView();
    const { view, job } = current();
    if (view === "queue") this.#look({ job });
  }

  #look(changes) {
    this.#store.look(changes);
    this.#parts.head.show(this.#store);
    this.#load();
  }

  #schedule() {
    if (current().view !== "queue") return;
    this.#reloading ||= setTimeout(() => {
      this.#reloading = 0;
      this.#load();
    }, this.#loaded ? RELOAD : 0);
  }

  async #load() {
    const question = this.#store.question();
    const answer = await call(`/tasks?${question}`).catch(() => null); // the event stream tells of what is wrong
    if (!answer) return;
    if (this.#store.answer(question, answer)) {
      this.#load();
      return;
    }
    this.#loaded = true;
    this.#showList();
  }

  #showList() {
    const { list, empty } = this.#parts;
    list.items = this.#store.tasks;
    empty.hidden = this.#store.tasks.length > 0;
    empty.replaceChildren(...(this.#store.isUnfiltered
      ? ["The queue is empty. Everything you create appears here. ", el("a", { href: "#create" }, "Create something")]
      : ["No task matches."]));
    this.#showPages();
    this.#showSelected();
  }

  #showPages() {
    const store = this.#store;
    const turn = (id, label, possible, go) => el("button", {
      type: "button", id, disabled: !possible, click: () => { go(); this.#load(); },
    }, label);
    const [from, to] = store.span;
    this.#parts.pages.replaceChildren(...(store.hasPrevious || store.hasNext ? [
      turn("q-previous", "Previous", store.hasPrevious, () => store.goBack()),
      el("span", {}, `${number(from)} to ${number(to)} of ${number(store.total)}`),
      turn("q-next", "Next", store.hasNext, () => store.goOn()),
    ] : []));
  }

  #showState() {
    const { queued, running } = this.#store.state.counts;
    document.querySelector("#k-nav-count").textContent = queued + running ? number(queued + running) : "";
    this.#parts.head.show(this.#store);
  }

  #showSelected() {
    this.#parts.bulk.show(this.#store.selected.size);
  }

  #toggle(id) {
    const { open } = this.#store;
    if (!open.delete(id)) open.add(id);
    this.#parts.list.draw();
  }

  #select(id, selected) {
    if (selected) this.#store.selected.add(id);
    else this.#store.selected.delete(id);
    this.#parts.list.draw();
    this.#showSelected();
  }

  #selectNone() {
    this.#store.selected.clear();
    this.#parts.list.draw();
    this.#showSelected();
  }

  // Space selects, Enter opens, Delete asks to cancel. The list moves between rows by itself.
  #key(event) {
    const row = event.target;
    if (row.parentElement !== this.#parts.list) return;
    const id = Number(row.dataset.task);
    if (event.key === " ") this.#select(id, !this.#store.selected.has(id));
    else if (event.key === "Enter") this.#toggle(id);
    else if (event.key === "Delete") {
      this.#act({ act: "cancel", selection: { tasks: [id] }, what: tasksIn(1) });
    } else return;
    event.preventDefault();
  }

  #actOn(name, task) {
    const { job, id } = task;
    const alone = () => this.#act({ act: name, selection: { tasks: [id] }, ask: false });
    const acts = {
      cancel: alone,
      front: alone,
      retry: alone,
      rerun: () => this.#do(async () => {
        const made = await rerun(job);
        if (!made) return null;
        await this.#attend({ job: made.id });
        return `Job ${made.id}: ${tasksIn(made.counts.queued)} queued.`;
      }),
      "cancel-job": () => this.#act({ act: "cancel", selection: { jobs: [job] }, what: `job ${job}` }),
      "only-job": () => { location.hash = queueOf(job); },
      edit: () => edit(id),
      use: () => show(id),
    };
    acts[name]();
  }

  #act(options) {
    return this.#do(async () => {
      const said = await act(options);
      if (said && options.act === "retry") await this.#attend({ ids: options.selection.tasks[0] });
      return said;
    });
  }

  // Where the GPU is lent to whoever watches, a task runs only once it is shown.
  async #attend(which) {
    if (!this.#store.state.attended) return;
    const { tasks: [task] } = await call(`/tasks?${new URLSearchParams({ ...which, limit: 1 })}`);
    if (task?.status === "queued") show(task.id);
  }

  // Does what `work` does, and says what came of it; nothing where the person changed their mind.
  async #do(work) {
    try {
      const said = await work();
      if (said === null) return;
      this.#say(said);
    } catch (error) {
      this.#say(error.message);
    }
    this.#selectNone();
    this.#load();
  }

  #say(text) {
    this.#parts.said.textContent = text;
  }
}

customElements.define("k-queue", QueuePage);
