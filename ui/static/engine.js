// <k-engine>: the engine's state, in the header. It is no component of Gradio's, because each update of one makes the
// browser look at the whole form, and the editor for masks then sends its pictures to the server again.
import { el } from "./dom.js";
import { on } from "./events.js";

class Engine extends HTMLElement {
  connectedCallback() {
    on("engine", ({ state, device }) => {
      this.dataset.state = state;
      this.replaceChildren(el("i"), `Engine ${state}${device ? ` · ${device}` : ""}`);
    });
  }
}

customElements.define("k-engine", Engine);
