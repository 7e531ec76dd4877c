// Which rows of a long list are in the document. Pure: heights in, places out.

// The rows that are between `top` and `bottom` (px from the list's top edge), and those in `kept` (indexes) wherever
// they are. Each comes with the gap before it, in px, which stands for the rows that are left out; `tail` is the gap
// after the last.
export function visibleRows(heights, { top, bottom, kept = new Set() }) {
  const rows = [];
  let offset = 0;
  let gap = 0;
  heights.forEach((height, index) => {
    if ((offset + height > top && offset < bottom) || kept.has(index)) {
      rows.push({ index, gap });
      gap = 0;
    } else gap += height;
    offset += height;
  });
  return { rows, tail: gap };
}
