// The editor of a list parameter (LoRAs, segments). The list is the value of a gr.HTML: it is drawn from there, and
// what a person enters is written back to it.
import { call } from "../api.js";
import { el } from "../dom.js";

let files = []; // the LoRA files that there are
const findFiles = () =>
  call("/loras")
    .then((found) => (files = found))
    .catch(() => {}); // the page itself says that Kinora is away
const found = findFiles();

export async function start({ element, props, trigger, watch }) {
  const list = el("div", { class: "k-list" });
  const add = el("button", { type: "button", class: "k-add", click: addEmpty }, props.add);
  element.querySelector(".k-rows").append(list, add);

  // Keeps the value, and triggers `input` for what is not text; announcement.js notices text.
  function keep(event) {
    props.value = [...list.children].map(values);
    if (!event?.target.matches("textarea, input:not([type=checkbox])")) trigger("input");
  }

  async function addEmpty() {
    await findFiles(); // one may have been added since
    append({}).querySelector("[data-cell]").focus();
    number();
    keep();
  }

  function append(item) {
    const remove = el("button", {
      type: "button",
      class: "k-remove",
      click: (event) => {
        event.target.closest(".k-row").remove();
        number();
        keep();
      },
    }, "Remove");
    const cells = props.columns.map((column) => cell(column, item[column.name] ?? column.default));
    const row = el("div", { class: "k-row" }, cells, remove);
    list.append(row);
    return row;
  }

  // Numbers the items from 1, and keeps their count within what the mode takes.
  function number() {
    const rows = [...list.children];
    add.hidden = rows.length >= props.most;
    rows.forEach((row, index) => {
      for (const name of row.querySelectorAll("[data-numbered]")) {
        name.textContent = `${name.dataset.numbered} ${index + 1}`;
      }
      const remove = row.querySelector(".k-remove");
      remove.hidden = rows.length <= props.least;
      remove.setAttribute("aria-label", `Remove item ${index + 1}`);
    });
  }

  function draw() {
    list.replaceChildren();
    props.value.forEach(append);
    number();
  }

  list.addEventListener("input", keep);
  watch("value", draw);
  await found;
  draw();
}

function values(row) {
  const cells = [...row.querySelectorAll("[data-cell]")];
  const value = (cell) => (cell.type === "checkbox" ? cell.checked : cell.value);
  return Object.fromEntries(cells.map((cell) => [cell.dataset.cell, value(cell)]));
}

function cell(column, value) {
  const name = el("span", {}, column.label);
  if (column.kind === "prompt") name.dataset.numbered = column.label;
  return el("label", { class: `k-cell-${column.kind}` }, name, input(column, value));
}

function input(column, value) {
  const made = el({ prompt: "textarea", file: "select" }[column.kind] ?? "input", { "data-cell": column.name });
  if (column.kind === "switch") {
    Object.assign(made, { type: "checkbox", checked: Boolean(value) });
  } else if (column.kind === "file") {
    const choices = !value || files.includes(value) ? files : [value, ...files];
    made.append(...["", ...choices].map((file) => new Option(file || "none", file, false, file === value)));
  } else {
    if (column.kind === "prompt") made.rows = 2;
    else made.inputMode = "decimal";
    made.value = value;
  }
  return made;
}
