// Elements without markup: whatever comes from outside becomes text.

// An element with attributes and children. Functions become listeners, strings become text; children that are false or
// empty are left out.
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (key in made && typeof value === "boolean") made[key] = value;
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child));
  return made;
}

// Tells the elements around `from` what a person did.
export function emit(from, type, detail) {
  from.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
}
