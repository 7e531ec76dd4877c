// <k-list>: a list of any length, of which only the rows near the visible part are in the document.
//
// Rows are keyed by their items' `id`: an item keeps its element while it is shown, so that what is open, focused or
// playing goes on when the list changes. Rows are in the normal flow; the margin of a row stands for the rows left out
// before it.
import { visibleRows } from "./windowing.js";

const BEYOND = 600; // px above and below the visible part, so that scrolling shows no gap
const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

class List extends HTMLElement {
  #items = [];
  #rows = new Map(); // id -> element: those in the document, and those to be kept for later
  #keys = new WeakMap(); // element -> id
  #heights = new Map(); // id -> px, as last measured
  #drawing = 0;
  #sizes = new ResizeObserver((entries) => this.#measured(entries));

  // `create` makes an empty row, and `update` shows an item in a row. `height` is a row's in px until it is measured.
  // `keep` says which rows hold something that must not be lost while they are out of sight.
  setup({ create, update, height, keep = () => false }) {
    Object.assign(this, { create, update, rowHeight: height, keep });
    this.setAttribute("role", "list");
    this.addEventListener("keydown", (event) => this.#step(event));
    document.addEventListener("scroll", () => this.#schedule(), { capture: true, passive: true });
    window.addEventListener("resize", () => this.#schedule());
    this.#sizes.observe(this);
  }

  get items() {
    return this.#items;
  }

  set items(items) {
    this.#items = items;
    const keys = new Set(items.map((item) => item.id));
    for (const known of [this.#rows, this.#heights]) {
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key);
    }
    this.draw();
    // A list that is hidden for less than a frame does not change its size, so its ResizeObserver says nothing.
    if (!this.checkVisibility()) this.#schedule();
  }

  draw() {
    if (!this.checkVisibility()) return; // drawn once it is shown: its ResizeObserver says when
    const focused = this.contains(document.activeElement) ? document.activeElement : null;
    const { top } = this.getBoundingClientRect();
    const { rows, tail } = visibleRows(this.#allHeights(), {
      top: -top - BEYOND,
      bottom: window.innerHeight - top + BEYOND,
      kept: this.#inUse(),
    });
    const shown = rows.map(({ index }) => this.#filled(index));
    this.#leaveOut(new Set(shown));
    shown.forEach((row, place) => {
      this.#put(row, this.children[place] ?? null);
      row.style.marginTop = `${rows[place].gap}px`;
      // Gradio's styles of text take the last margin away, and say that it is important.
      row.style.setProperty("margin-bottom", `${place === shown.length - 1 ? tail : 0}px`, "important");
    });
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  focusRow(index) {
    if (!this.#items[index]) return;
    const row = this.#filled(index);
    if (!row.isConnected) this.append(row); // the next drawing puts it where it belongs
    row.focus({ preventScroll: true });
    this.draw();
    row.scrollIntoView({ block: "nearest" });
  }

  #allHeights() {
    return this.#items.map((item) => this.#heights.get(item.id) ?? this.rowHeight);
  }

  // Rows that stay wherever they are: the one with the focus, and those whose video or sound plays.
  #inUse() {
    const playing = (row) => [...row.querySelectorAll("video, audio")].some((media) => !media.paused);
    const used = (row) => row?.isConnected && (row.contains(document.activeElement) || playing(row));
    return new Set([...this.#items.keys()].filter((index) => used(this.#rows.get(this.#items[index].id))));
  }

  #filled(index) {
    const item = this.#items[index];
    const key = item.id;
    let row = this.#rows.get(key);
    if (!row) {
      row = this.create(item);
      row.setAttribute("role", "listitem");
      row.tabIndex = 0;
      this.#rows.set(key, row);
      this.#keys.set(row, key);
      this.#sizes.observe(row);
    }
    row.ariaPosInSet = index + 1;
    row.ariaSetSize = this.#items.length;
    this.update(row, item);
    return row;
  }

  #leaveOut(shown) {
    for (const row of [...this.children]) if (!shown.has(row)) row.remove();
    for (const [key, row] of this.#rows) {
      if (shown.has(row) || this.keep(row)) continue;
      this.#sizes.unobserve(row);
      this.#rows.delete(key);
    }
  }

  // Only a row that is elsewhere moves, and where the browser can, it moves without being taken out: media play on.
  #put(row, before) {
    if (row === before) return;
    if (row.isConnected && this.moveBefore) this.moveBefore(row, before);
    else this.insertBefore(row, before);
  }

  #measured(entries) {
    for (const { target, borderBoxSize } of entries) {
      if (target !== this && target.isConnected) {
        this.#heights.set(this.#keys.get(target), borderBoxSize[0].blockSize);
      }
    }
    this.#schedule();
  }

  #schedule() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.draw();
    });
  }

  #step(event) {
    if (!(event.key in STEPS) || event.target.parentElement !== this) return;
    event.preventDefault();
    const place = Number(event.target.ariaPosInSet) - 1 + STEPS[event.key];
    this.focusRow(Math.max(0, Math.min(this.#items.length - 1, place)));
  }
}

customElements.define("k-list", List);
