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
