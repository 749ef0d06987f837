// The wire view: what the relay sees, a row for each event.

import { $, make, show } from "./page.js";
import { listen } from "./stream.js";

const ARROWS = { laptop: "◂──", phone: "──▸" };

/** Rows that are kept. */
const MOST = 200;

export function watchTheWire(list) {
  let start;
  let last = 0;
  listen(() => `/wire/events?after=${last}`, (sight) => {
    last = sight.number;
    show($("[data-wire-empty]"), false);
    const first = start === undefined || sight.begins;
    if (first) start = sight.ms;
    const row = make("li", { className: sight.by });
    if (first) row.classList.add("first");
    if (sight.towards) row.classList.add("message", `to-${sight.towards}`);
    const time = `${((sight.ms - start) / 1000).toFixed(2)} s`;
    row.append(make("span", { className: "time", textContent: time }), what(sight));
    list.append(row);
    while (list.children.length > MOST) list.firstChild.remove();
    const near = innerHeight + scrollY > document.body.scrollHeight - 400;
    if (near) row.scrollIntoView({ block: "nearest" });
  });
}

/** A message has a direction and a length; everything else has words. */
function what({ towards, bytes, what: words }) {
  const cell = make("span", { className: "what" });
  if (!towards) {
    cell.textContent = words;
    return cell;
  }
  const arrow = make("span", { className: "arrow", textContent: ARROWS[towards] });
  arrow.setAttribute("aria-label", `to the ${towards}:`);
  cell.append(arrow, make("b", { textContent: `${bytes} bytes` }));
  return cell;
}
