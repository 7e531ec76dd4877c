// What the engine does, in the header. Not by Gradio: each of its updates makes the browser look at the whole form, and
// the editor for masks sends its pictures to the server again.
import { el } from "./dom.js";
import { onChange } from "./live.js";

onChange((kind, engine) => {
  const pill = document.querySelector("#engine .k-pill");
  if (kind !== "engine" || !pill) return;
  pill.dataset.state = engine.state;
  pill.replaceChildren(el("i"), `Engine ${engine.state}${engine.device ? ` · ${engine.device}` : ""}`);
});
