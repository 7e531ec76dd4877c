// <k-bulk>: what to do with the tasks that are selected.
//
// Events: k-bulk ({ act, more }) and k-select-none.
import { el, emit } from "../dom.js";
import { number } from "../format.js";

class Bulk extends HTMLElement {
  #selected = el("b");

  connectedCallback() {
    if (this.firstChild) return;
    const button = (name, label, { act = name, more = () => ({}) } = {}) => el("button", {
      type: "button", "data-act": name, click: () => emit(this, "k-bulk", { act, more: more() }),
    }, label);
    const priority = el("input", {
      id: "q-priority", type: "number", min: -100, max: 100, value: 0, "aria-label": "Priority",
    });
    this.append(
      this.#selected,
      button("cancel", "Cancel"),
      button("retry", "Retry"),
      button("retry-new", "Retry with new seeds", { act: "retry", more: () => ({ new_seeds: true }) }),
      button("front", "Move to front"),
      el("span", { class: "q-priority" }, priority,
        button("priority", "Set priority", { more: () => ({ priority: Number(priority.value) }) })),
      el("button", { type: "button", click: () => emit(this, "k-select-none") }, "Select none"));
  }

  show(selected) {
    this.hidden = !selected;
    this.#selected.textContent = `${number(selected)} selected`;
  }
}

customElements.define("k-bulk", Bulk);
