// A phone of the demo: the page is its screen.

import { Camera } from "./camera.js";
import { $, make, show, tell } from "./page.js";
import { Sheet } from "./sheet.js";
import { NO_ANSWER, post } from "./site.js";
import { listen } from "./stream.js";

export class PocketPhone {
  constructor(root) {
    this.root = root;
    this.base = `/phone/${root.dataset.phone}`;
    this.failure = $("[data-failure]", root);
    this.on("[data-look]", "click", () => this.ask("look"));
    this.on("[data-stop]", "click", () => this.ask("cancel"));
    this.on("[data-file]", "change", ({ target }) => {
      this.scan(target.files[0]);
      // The same file may be chosen again.
      target.value = "";
    });
    this.on("[data-lose]", "click", ({ currentTarget }) => this.lose(currentTarget));
    document.addEventListener("paste", ({ clipboardData }) => this.scan(picture(clipboardData)));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      this.scan(picture(event.dataTransfer));
    });
    this.sheet = new Sheet(root, (decision) => this.ask("decide", decision));
    this.camera = new Camera(root, (file) => this.scan(file, { quietly: true }));
    document.addEventListener("visibilitychange", () => document.hidden && this.camera.stop());
    listen(() => `${this.base}/events`, (screen) => this.render(screen), (is) => this.lost(is));
  }

  on(selector, event, action) {
    $(selector, this.root).addEventListener(event, action);
  }

  /** Says so while nothing of the phone can be heard. */
  lost(is) {
    if (is) tell(this.failure, NO_ANSWER);
    else if (this.failure.textContent === NO_ANSWER) tell(this.failure);
  }

  /** Whether the phone did it; if not, the page says why, unless it is asked quietly. */
  async ask(what, body, { quietly } = {}) {
    try {
      if (!quietly) tell(this.failure);
      await post(`${this.base}/${what}`, body);
      tell(this.failure);
      return true;
    } catch (error) {
      if (!quietly) tell(this.failure, error.message);
      return false;
    }
  }

  async scan(file, how) {
    return Boolean(file) && this.ask("scan", file, how);
  }

  /** Asked twice: a lost phone does not come back. */
  lose(button) {
    if (button.dataset.sure) {
      this.ask("forget", { passkey: null });
      delete button.dataset.sure;
      button.textContent = "Lose this phone";
      return;
    }
    button.dataset.sure = "yes";
    button.textContent = "Throw it into the harbour? All its passkeys are gone.";
  }

  render({ state, words, ask, passkeys }) {
    this.root.dataset.state = state;
    const busy = state === "connecting" || state === "connected";
    $("[data-state]", this.root).textContent = words || "Ready";
    show($("[data-scanner]", this.root), !busy);
    show($("[data-stop]", this.root), busy && !ask);
    if (busy) this.camera.stop();
    this.sheet.render(ask);
    const list = $("[data-passkeys]", this.root);
    list.replaceChildren(...passkeys.map((passkey) => this.row(passkey)));
    show($("[data-none]", this.root), passkeys.length === 0);
    show($("[data-lose]", this.root), passkeys.length > 0 && !busy);
  }

  row({ id, site, user }) {
    const row = make("li");
    const remove = make("button", { className: "quiet", type: "button", textContent: "Forget" });
    remove.setAttribute("aria-label", `Forget the passkey of ${user} for ${site}`);
    remove.addEventListener("click", () => this.ask("forget", { passkey: id }));
    row.append(
      make("bdi", { textContent: user }),
      make("span", { className: "meta", textContent: site }),
      remove,
    );
    return row;
  }
}

/** The first picture of a paste or a drop. */
function picture(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
}
