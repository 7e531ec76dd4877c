// What the queue hands over to the form, through the form's hidden fields.

function hand(value, to) {
  const field = document.querySelector(`#${to} textarea, #${to} input`);
  field.value = String(value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  location.hash = "#create";
}

// Fills the form with a task's values.
export const edit = (task) => hand(task, "k-edit");

// Shows a task and its results, which can then be used as inputs.
export const show = (task) => hand(`${task} ${Date.now()}`, "k-show"); // the same task again is a change, too
