// The keyboard shortcuts of the form, as people know them from ComfyUI: Ctrl or Cmd+Enter generates; with Shift, before
// everything that waits; with Alt, it cancels.

export function listen(generateInFront) {
  const press = (event) => {
    if (event.altKey) document.getElementById("cancel").click();
    else if (event.shiftKey) generateInFront();
    else document.getElementById("generate").click();
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      event.stopPropagation();
      document.activeElement?.blur(); // some fields pass on their value when they lose focus
      setTimeout(press, 0, event); // Gradio reads that value in microtasks, which all run before this
    },
    true,
  );
}
