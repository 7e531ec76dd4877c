// Numbers, times and statuses in words.

export const STATUSES = {
  queued: "Queued", running: "Running", succeeded: "Done", failed: "Failed", cancelled: "Cancelled",
};

export const number = (value) => value.toLocaleString("en");

export const count = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

// Seconds in the units that people use, as ui/snippets.py writes them; "" where the time is not known.
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return minutes ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${whole} s`;
}

// A moment, given in seconds since 1970, on the reader's clock; "" for none.
export const moment = (seconds) => (seconds ? new Date(seconds * 1000).toLocaleString() : "");

// Only the parts that say something, with `between` them.
export const joined = (between, ...parts) => parts.filter(Boolean).join(between);
