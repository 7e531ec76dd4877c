// Hotkeys as people know them from ComfyUI: Ctrl/Cmd+Enter generates, with Shift in front of all that waits, and
// Ctrl/Cmd+Alt+Enter cancels.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    // A field tells its value when it loses focus; without this the last words typed would be missing.
    if (document.activeElement) document.activeElement.blur();
    const button = document.getElementById(event.altKey ? "cancel" : event.shiftKey ? "generate-front" : "generate");
    setTimeout(() => button?.click(), 50);
  },
  true,
);

function hand(task, to) {
  const field = document.querySelector(`#${to} textarea, #${to} input`);
  field.value = String(task);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  location.hash = "#create";
}

// What the queue's page and the form ask of each other.
window.kinora = Object.assign(window.kinora || {}, {
  // Fills the form with a task's values.
  edit: (task) => hand(task, "k-edit"),
  // Shows a task and what came of it, to be used as an input.
  show: (task) => hand(`${task} ${Date.now()}`, "k-show"), // the same task again is a change, too
  // Shows the tasks of a job that was just submitted.
  showJob(job) {
    if (job) location.hash = `#queue?job=${job}`;
  },
});
