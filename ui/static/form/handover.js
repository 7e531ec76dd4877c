// What the form and the queue's page ask of each other. The queue's page, a gr.HTML, triggers `edit` and `select` with
// a task, and the id of a batch's job arrives in its property `job`.

let ask = () => {};

export function start({ props, trigger, watch }) {
  ask = (event, task) => {
    trigger(event, { task });
    location.hash = "#create";
  };
  watch("job", () => {
    location.hash = `#queue?job=${props.job}`;
  });
}

// Fills the form with a task's values.
export const edit = (task) => ask("edit", task);

// Shows a task and its results, which can then be used as inputs.
export const show = (task) => ask("select", task);
