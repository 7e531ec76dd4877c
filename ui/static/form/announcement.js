// The line above Generate. It triggers two events that Gradio does not have: `edit` when a person changed a text
// anywhere in the form, and `submit` when they ask to generate before everything that waits.
import { listen } from "./shortcuts.js";

// Gradio's own events either miss what is pasted or also come for what the page fills in, which makes changing modes
// slow.
const TEXT = "textarea, input:not([type=radio], [type=checkbox])";
const PAUSE = 120; // ms without another letter

export function start({ element, trigger }) {
  const form = element.closest("#k-form");
  let waiting = 0;
  // Generate reports what is wrong with the values; what was typed before it must not clear that report.
  const forget = () => clearTimeout(waiting);

  form.addEventListener("input", (event) => {
    if (!event.target.matches(TEXT)) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => trigger("edit"), PAUSE);
  });
  form.addEventListener("click", (event) => event.target.closest("#generate") && forget(), true);
  listen(() => {
    forget();
    trigger("submit");
  });
}
