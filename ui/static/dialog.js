// Questions to the person, asked before something is done.
import { el } from "./dom.js";

// Resolves to the value of the choice, or to null where the person dismissed the question.
// `choices` are pairs of value and label; the first is the main one.
export function choose({ title, text = "", choices, dismiss }) {
  return new Promise((resolve) => {
    const close = (value) => () => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    const buttons = choices.map(([value, label], place) => el("button", {
      id: place ? null : "q-dialog-yes", class: place ? null : "q-primary", type: "button", click: close(value),
    }, label));
    const no = el("button", { id: "q-dialog-no", type: "button", click: close(null) }, dismiss);
    const dialog = el("dialog", { id: "q-dialog", cancel: close(null), "aria-labelledby": "q-dialog-title" },
      el("h3", { id: "q-dialog-title" }, title),
      el("p", {}, text),
      el("div", { class: "q-actions" }, buttons, no));
    document.querySelector("#k-queue").append(dialog);
    dialog.showModal();
    no.focus();
  });
}

// Resolves to whether the person agreed.
export const confirm = async ({ title, text, yes, no }) =>
  (await choose({ title, text, choices: [[true, yes]], dismiss: no })) === true;
