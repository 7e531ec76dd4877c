// The one event stream of the page.
//
// Kinds: "state" (the queue), "tasks" (those that changed), "engine", and "connected" (true or false).
import { API } from "./api.js";

const RETRY = 2000; // ms, where the browser does not try again by itself
const KINDS = ["state", "tasks", "engine"];

const listeners = new Map();
const newest = new Map();
let source = null;

// Calls the listener with what comes. Whoever comes late gets the newest state, engine and connection at once.
export function on(kind, listener) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
  if (newest.has(kind)) listener(newest.get(kind));
  if (!source) open();
}

function publish(kind, content) {
  if (kind !== "tasks") newest.set(kind, content);
  for (const listener of listeners.get(kind) ?? []) listener(content);
}

function open() {
  source = new EventSource(`${API}/events`);
  for (const kind of KINDS) source.addEventListener(kind, (event) => publish(kind, JSON.parse(event.data)));
  source.onopen = () => publish("connected", true);
  source.onerror = () => {
    publish("connected", false);
    if (source.readyState === EventSource.CLOSED) setTimeout(open, RETRY);
  };
}
