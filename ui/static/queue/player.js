// A file of a task's, shown or offered.
import { el } from "../dom.js";
import { SHOWN_AS } from "../kinds.js";

export function player({ name, url, bytes }) {
  if (bytes === null) return el("p", {}, `${name} no longer exists.`);
  switch (SHOWN_AS[name.slice(name.lastIndexOf(".")).toLowerCase()]) {
    case "video":
      return el("video", { src: url, controls: true, preload: "metadata", loop: true, playsInline: true });
    case "audio":
      return el("audio", { src: url, controls: true });
    case "image":
      return el("img", { src: url, alt: name });
    default: // browsers cannot show it
      return el("a", { href: url, download: name }, name);
  }
}
