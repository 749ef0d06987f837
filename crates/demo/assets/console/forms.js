// Forms, made easier. Without scripts they work all the same.

import { $ } from "./page.js";

/** Puts somebody of the demo into the sign-in form. */
export function fillIn(person) {
  person.addEventListener("click", () => {
    $("input[name=user]").value = person.dataset.person;
    $("input[name=password]").value = person.dataset.password;
    $("form.stack button").focus();
  });
}

/** Sends a form when something of the group is chosen. */
export function submitWhenChosen(group) {
  document.documentElement.classList.add("scripted");
  // A click chooses. Keys walk through the modes, and none of those on the way is meant: they show
  // the button instead.
  let clicked = false;
  group.addEventListener("pointerdown", () => { clicked = true; });
  group.addEventListener("keydown", () => { clicked = false; });
  group.addEventListener("change", () => {
    if (clicked) group.form.requestSubmit();
    else group.form.classList.add("changed");
  });
}
