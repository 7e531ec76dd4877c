// A graph's file, chosen or dropped on its field, becomes the field's text. Nothing is uploaded before Generate.

const MOST = 4_000_000; // bytes; a larger file is no graph that Kinora takes, and would only make the page slow

export function start({ element }) {
  const cell = element.closest(".k-cell");
  const trouble = element.querySelector("[role=alert]");
  const over = (event) => event.target.closest("#field-graph") && [...event.dataTransfer.types].includes("Files");

  async function fill(file) {
    if (!file) return;
    const tooLarge = file.size > MOST;
    trouble.textContent = tooLarge ? `${file.name} is too large for a graph.` : "";
    trouble.classList.toggle("k-wrong", tooLarge);
    if (tooLarge) return;
    const field = cell.querySelector("#field-graph textarea");
    field.value = await file.text();
    field.dispatchEvent(new Event("input", { bubbles: true })); // as if a person had pasted it
  }

  element.querySelector("#k-graph-file").addEventListener("change", (event) => {
    fill(event.target.files[0]);
    event.target.value = ""; // so that the same file can be chosen again
  });
  cell.addEventListener("dragover", (event) => over(event) && event.preventDefault());
  cell.addEventListener("drop", (event) => {
    if (!over(event)) return;
    event.preventDefault();
    fill(event.dataTransfer.files[0]);
  });
}
