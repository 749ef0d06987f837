// A challenge on the page: begun with the site, answered by a phone, finished with the site.

import { askThroughBrowser } from "./dialog.js";
import { askThroughPage } from "./laptop.js";
import { $, $$, show, tell } from "./page.js";
import { forgetUnknown } from "./signals.js";
import { post } from "./site.js";
import { Timeline } from "./timeline.js";

export class Ceremony {
  constructor(root) {
    this.root = root;
    this.operation = root.dataset.ceremony;
    this.failure = $("[data-failure]", root);
    this.begin = $("[data-begin]", root);
    this.cancel = $("[data-cancel]", root);
    this.code = $("[data-code]", root);
    this.timeline = new Timeline(root);
    this.begin.addEventListener("click", () => this.run());
    this.cancel.addEventListener("click", () => this.stop());
    for (const way of $$("input[name=way]", root)) {
      way.addEventListener("change", () => this.change());
    }
    this.recall();
    this.reset();
    addEventListener("pagehide", () => this.stopping?.abort());
    if ("starts" in root.dataset && this.way === "page") this.run();
  }

  /** Chooses the way that was used last. */
  recall() {
    const last = localStorage.getItem("way");
    const way = $$("input[name=way]", this.root).find(({ value }) => value === last);
    if (way) way.checked = true;
    this.explain();
  }

  get way() {
    return $("input[name=way]:checked", this.root).value;
  }

  change() {
    localStorage.setItem("way", this.way);
    this.explain();
    this.stop();
  }

  explain() {
    const page = this.way === "page";
    show($("[data-simulated]", this.root), page);
    show($("[data-real]", this.root), !page);
  }

  reset() {
    this.timeline.reset();
    show(this.code, false);
    show($("[data-seen]", this.root), false);
    show($("[data-blank]", this.root));
    show(this.cancel, false);
    this.begin.textContent = this.way === "page" ? "Show the code" : "Open the dialog";
  }

  async run() {
    const name = $("[data-name]", this.root);
    if (name && !name.reportValidity()) return;
    this.stop();
    this.reset();
    tell(this.failure);
    const stop = (this.stopping = new AbortController());
    show(this.cancel);
    this.begin.textContent = "A moment…";
    const path = this.operation === "register" ? "/register" : "/sign-in";
    let answer;
    try {
      const options = await post(`${path}/begin`, name ? { name: name.value } : null, stop.signal);
      answer = await this.ask(options, stop.signal);
      await post(`${path}/finish`, answer, stop.signal);
      this.timeline.reach("verified");
      location.assign(this.root.dataset.next);
    } catch (error) {
      if (stop.signal.aborted) return;
      if (error.code === "unknown_passkey") forgetUnknown(this.root.dataset.rpId, answer?.id);
      if (error.code === "no_session") return location.assign("/sign-in");
      this.reset();
      this.begin.textContent = "Try again";
      tell(this.failure, error.message);
    }
  }

  stop() {
    this.stopping?.abort();
    this.reset();
  }

  ask(options, signal) {
    if (this.way === "browser") return askThroughBrowser(this.operation, options, signal);
    const follow = (id, stages) => this.follow(id, stages);
    return askThroughPage(this.operation, options, signal, follow);
  }

  /** Shows how far the laptop inside the demo is. */
  follow(id, stages) {
    for (const { name, ms } of stages) this.timeline.reach(name, ms);
    const last = stages.at(-1)?.name;
    if (last === "waiting-for-scan") {
      if (this.code.hidden) this.code.src = `/laptop/${id}/code.png`;
      show(this.code);
      show($("[data-blank]", this.root), false);
    } else if (last) {
      show(this.code, false);
      show($("[data-blank]", this.root), false);
      show($("[data-seen]", this.root));
    }
  }
}
