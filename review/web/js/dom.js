// Elements from data. Text only ever gets in as text nodes and attributes, so nothing that a payment says can become markup.

const svgNamespace = "http://www.w3.org/2000/svg";

// h makes an HTML element. Properties that start with "on" are listeners, "data" is a map of data attributes, true is an
// attribute without a value; false, null and undefined leave an attribute out.
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

// svg is h for pictures.
export function svg(tag, properties, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

export const find = (selector, within = document) => within.querySelector(selector);

// redraw replaces what is in an element without losing the reader's place: scroll position, focus and what was unfolded
// stay, where the new content has the same data-keep.
export function redraw(element, ...children) {
  const top = element.scrollTop;
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.keep : undefined;
  const open = new Map();
  for (const d of element.querySelectorAll("details[data-keep]")) open.set(d.dataset.keep, d.open);
  element.replaceChildren();
  append(element, children);
  for (const d of element.querySelectorAll("details[data-keep]")) {
    if (open.has(d.dataset.keep)) d.open = open.get(d.dataset.keep);
  }
  element.scrollTop = top;
  if (focused) find(`[data-keep="${CSS.escape(focused)}"]`, element)?.focus({ preventScroll: true });
}
