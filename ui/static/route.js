// The page's views and their addresses: #create, #queue, and #queue?job=3, which shows one job.

const VIEWS = ["create", "queue"];

// { view, job }; the job is null where the address names none.
export function parse(hash) {
  const [name, query] = hash.replace(/^#/, "").split("?");
  const job = Number(new URLSearchParams(query).get("job"));
  return { view: VIEWS.includes(name) ? name : VIEWS[0], job: Number.isInteger(job) && job > 0 ? job : null };
}

export const queueOf = (job) => (job ? `#queue?job=${job}` : "#queue");

export const current = () => parse(location.hash);

// Shows the view that the address names.
export function showView() {
  const { view } = current();
  document.querySelector(".gradio-container").dataset.view = view;
  for (const link of document.querySelectorAll("#k-nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
