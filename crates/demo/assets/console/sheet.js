// The sheet on which a phone asks its person.

import { $, $$, make, show, tell } from "./page.js";

export class Sheet {
  /** `decide` is told what the person decided. */
  constructor(phone, decide) {
    this.sheet = $("[data-sheet]", phone);
    this.face = $("[data-face]", phone);
    this.state = $("[data-state]", phone);
    this.decide = decide;
    $("[data-approve]", phone).addEventListener("click", () => this.answer(true));
    $("[data-decline]", phone).addEventListener("click", () => this.answer(false));
    this.sheet.addEventListener("keydown", ({ key }) => key === "Escape" && this.answer(false));
  }

  answer(approve) {
    const chosen = $("[data-ask-accounts] input:checked", this.sheet);
    const account = chosen ? Number(chosen.value) : null;
    this.decide({ ask: this.asked, approve, account });
  }

  /** Shows a question; without one, the sheet goes away. */
  render(ask) {
    const had = this.sheet.contains(document.activeElement);
    show(this.sheet, Boolean(ask));
    this.face.inert = Boolean(ask);
    if (!ask && had) this.state.focus();
    // A question that is shown already keeps the account that was chosen.
    if (!ask || this.asked === ask.number) return;
    this.asked = ask.number;
    $("[data-ask-title]", this.sheet).textContent = ask.title;
    $("[data-ask-site]", this.sheet).textContent = ask.site;
    tell($("[data-ask-name]", this.sheet), ask.site_name && `It calls itself “${ask.site_name}”.`);
    $("[data-approve]", this.sheet).textContent = ask.button;
    show($("[data-ask-verifies]", this.sheet), ask.verifies);
    this.renderAccounts(ask.accounts);
    $("[data-approve]", this.sheet).focus();
  }

  renderAccounts(accounts) {
    const list = $("[data-ask-accounts]", this.sheet);
    show(list, accounts.length > 0);
    $$("label", list).forEach((label) => label.remove());
    accounts.forEach(({ name, display_name }, index) => {
      const label = make("label");
      label.append(
        make("input", { type: "radio", name: "account", value: index, checked: index === 0 }),
        make("bdi", { textContent: name }),
        make("bdi", { className: "meta", textContent: display_name }),
      );
      list.append(label);
    });
    list.toggleAttribute("data-single", accounts.length === 1);
  }
}
