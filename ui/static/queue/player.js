// A file of a task's, shown or offered.
import { fileAddress } from "../api.js";
import { el } from "../dom.js";
import { SHOWN_AS } from "../kinds.js";

export function player({ name, url, bytes }) {
  if (bytes === null) return el("p", {}, `${name} no longer exists.`);
  const address = fileAddress(url);
  switch (SHOWN_AS[name.slice(name.lastIndexOf(".")).toLowerCase()]) {
    case "video":
      return el("video", { src: address, controls: true, preload: "metadata", loop: true, playsInline: true });
    case "audio":
      return el("audio", { src: address, controls: true });
    case "image":
      return el("img", { src: address, alt: name });
    default: // browsers cannot show it
      return el("a", { href: address, download: name }, name);
  }
}
