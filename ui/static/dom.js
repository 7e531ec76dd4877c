// Small helpers. Whatever comes from outside becomes text, never markup.

// An element with attributes (functions become listeners) and children (strings become text).
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (key in made && typeof value === "boolean") made[key] = value;
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child));
  return made;
}

export function time(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return minutes ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${whole} s`;
}

export const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
export const clock = (moment) => (moment ? new Date(moment * 1000).toLocaleString() : "");

// Asks before something is done; resolves to whether the person agreed.
export function ask(title, yes, no, text = "") {
  return new Promise((resolve) => {
    const close = (agreed) => () => {
      dialog.close();
      dialog.remove();
      resolve(agreed);
    };
    const dialog = el("dialog", { id: "q-dialog", cancel: close(false), "aria-labelledby": "q-dialog-title" },
      el("h3", { id: "q-dialog-title" }, title),
      el("p", {}, text),
      el("div", { class: "q-actions" },
        el("button", { id: "q-dialog-yes", class: "q-primary", type: "button", click: close(true) }, yes),
        el("button", { id: "q-dialog-no", type: "button", click: close(false) }, no)));
    document.querySelector("#k-queue").append(dialog);
    dialog.showModal();
    dialog.querySelector("#q-dialog-no").focus();
  });
}
