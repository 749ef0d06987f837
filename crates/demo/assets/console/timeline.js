// The stages of a ceremony, and how far it is.

import { $, $$ } from "./page.js";

/** Stages that somebody has to do something for. The others are done when they are reached. */
const WAITS = ["waiting-for-scan", "waiting-for-approval"];

export class Timeline {
  constructor(root) {
    this.stages = $$("[data-stage]", root);
    this.status = $("[data-status]", root);
  }

  reset() {
    for (const stage of this.stages) {
      stage.removeAttribute("data-reached");
      stage.removeAttribute("aria-current");
      $(".time", stage).textContent = "";
    }
  }

  /** A stage is what is waited for; the ones before it are done. */
  reach(name, ms) {
    const here = this.stages.findIndex((stage) => stage.dataset.stage === name);
    if (here < 0) return;
    const waits = WAITS.includes(name);
    this.stages.forEach((stage, index) => {
      const done = index < here || (index === here && !waits);
      stage.toggleAttribute("data-reached", done);
      if (index === here && waits) stage.setAttribute("aria-current", "step");
      else stage.removeAttribute("aria-current");
    });
    const stage = this.stages[here];
    if (ms !== undefined) $(".time", stage).textContent = `${(ms / 1000).toFixed(1)} s`;
    this.status.textContent = $(".title", stage).textContent;
  }
}
