// Tells the page that a person wrote into a field of the form, by typing, pasting or otherwise. Gradio's own events either
// miss what is pasted or come for what the page fills in as well, which makes changing the mode slow.

const PAUSE = 120; // ms without another letter
let waiting = 0;
document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.("#k-form textarea, #k-form input:not([type=radio], [type=checkbox])")) return;
  if (field.closest("#k-touched")) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const touched = document.querySelector("#k-touched textarea, #k-touched input");
    touched.value = String(Date.now());
    touched.dispatchEvent(new Event("input", { bubbles: true }));
  }, PAUSE);
});
// What Generate has to say of the values is not to be wiped away by what was typed before it.
document.addEventListener("click", (event) => event.target.closest?.("#generate, #generate-front") && clearTimeout(waiting), true);
