// Lists of rows (LoRAs, stages): a plain editor beside a hidden field, which holds the rows as JSON.

const drawn = new WeakMap(); // editor -> the text it was drawn from

const columns = (editor) => JSON.parse(editor.dataset.columns);
let files = []; // LoRAs that are there
const look = () =>
  fetch("/api/v1/loras")
    .then(async (answer) => (files = answer.ok ? await answer.json() : files))
    .catch(() => {}); // without Kinora nothing else works either, and the page says so
const empty = (editor) => Object.fromEntries(columns(editor).map((column) => [column.name, column.default]));

function tell(editor) {
  const rows = [...editor.querySelectorAll(".k-row")].map((row) =>
    Object.fromEntries(
      [...row.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell.type === "checkbox" ? cell.checked : cell.value]),
    ),
  );
  const field = document.querySelector(`#field-${editor.dataset.rows} textarea, #field-${editor.dataset.rows} input`);
  field.value = JSON.stringify(rows);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// Rows are numbered from 1, and there are never more or fewer than the mode takes.
function count(editor) {
  const rows = [...editor.querySelectorAll(".k-row")];
  editor.querySelector(".k-add").hidden = rows.length >= Number(editor.dataset.most);
  rows.forEach((row, index) => {
    row.querySelectorAll("[data-numbered]").forEach((name) => (name.textContent = `${name.dataset.numbered} ${index + 1}`));
    const remove = row.querySelector(".k-remove");
    remove.hidden = rows.length <= Number(editor.dataset.least);
    remove.setAttribute("aria-label", `Remove row ${index + 1}`);
  });
}

function cell(column, value) {
  const label = document.createElement("label");
  const name = document.createElement("span");
  name.textContent = column.label;
  if (column.kind === "prompt") name.dataset.numbered = column.label;
  const kind = { prompt: "textarea", file: "select" }[column.kind] || "input";
  const input = document.createElement(kind);
  input.dataset.cell = column.name;
  label.className = `k-cell-${column.kind}`;
  if (column.kind === "switch") Object.assign(input, { type: "checkbox", checked: Boolean(value) });
  else if (column.kind === "file") {
    const choices = !value || files.includes(value) ? files : [value, ...files];
    input.append(...["", ...choices].map((file) => new Option(file || "none", file, false, file === value)));
  } else {
    if (kind === "input") input.inputMode = "decimal";
    else input.rows = 2;
    input.value = value ?? "";
  }
  label.append(name, input);
  return label;
}

function addRow(editor, values) {
  const list = editor.querySelector(".k-list");
  const row = document.createElement("div");
  row.className = "k-row";
  row.append(...columns(editor).map((column) => cell(column, values[column.name] ?? column.default)));
  const remove = Object.assign(document.createElement("button"), { type: "button", className: "k-remove", textContent: "Remove" });
  row.append(remove);
  list.append(row);
  count(editor);
  return row;
}

function draw(editor) {
  if (drawn.get(editor) === editor.dataset.value) return;
  drawn.set(editor, editor.dataset.value);
  const list = Object.assign(document.createElement("div"), { className: "k-list" });
  const add = Object.assign(document.createElement("button"), { type: "button", className: "k-add", textContent: editor.dataset.add });
  editor.replaceChildren(list, add);
  count(editor);
  JSON.parse(editor.dataset.value).forEach((row) => addRow(editor, row));
}

document.addEventListener("click", async (event) => {
  const editor = event.target.closest?.("[data-rows]");
  if (!editor) return;
  if (event.target.classList.contains("k-add")) {
    await look(); // a file may have come since
    addRow(editor, empty(editor)).querySelector("[data-cell]").focus();
    tell(editor);
  } else if (event.target.classList.contains("k-remove")) {
    event.target.closest(".k-row").remove();
    count(editor);
    tell(editor);
  }
});
document.addEventListener("change", (event) => {
  const editor = event.target.closest?.("[data-rows]");
  if (editor) tell(editor);
});
const drawAll = () => document.querySelectorAll("[data-rows]").forEach(draw);
look().then(() => {
  drawAll();
  new MutationObserver(drawAll).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-value"],
  });
});
