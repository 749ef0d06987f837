// What is on the page: found, made, shown, told.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An element that is not on the page yet. */
export function make(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

export function show(element, shown = true) {
  if (element) element.hidden = !shown;
}

/** Words for the person; without any, the element is hidden. */
export function tell(element, words) {
  element.textContent = words ?? "";
  show(element, Boolean(words));
}
