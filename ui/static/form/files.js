// A graph's file, chosen or dropped on its field, becomes the field's text; nothing is uploaded before Generate.

const MOST = 4_000_000; // bytes; more is no graph that Kinora takes, and would only make the page slow
const field = () => document.querySelector("#field-graph textarea");
const over = (event) => event.target.closest?.("#field-graph") && [...event.dataTransfer.types].includes("Files");

async function fill(file) {
  if (!file) return;
  field().value = file.size > MOST ? `${file.name} is too large for a graph.` : await file.text();
  field().dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("#k-graph-file")) return;
  fill(event.target.files[0]);
  event.target.value = ""; // so that the same file can be chosen again
});
document.addEventListener("dragover", (event) => over(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!over(event)) return;
  event.preventDefault();
  fill(event.dataTransfer.files[0]);
});
