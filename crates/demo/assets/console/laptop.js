// The laptop inside the demo: a code on the page, and events of how far it is.

import { NO_ANSWER, post, sentence } from "./site.js";

/** The credential of a phone, as JSON. `follow` is told the laptop's id and the stages so far. */
export async function askThroughPage(operation, options, signal, follow) {
  const { id } = await post("/laptop", { operation, options }, signal);
  signal.addEventListener("abort", () => post(`/laptop/${id}/cancel`).catch(() => {}));
  return new Promise((resolve, reject) => {
    const events = new EventSource(`/laptop/${id}/events`);
    signal.addEventListener("abort", () => {
      events.close();
      reject(new DOMException("stopped", "AbortError"));
    });
    events.onmessage = ({ data }) => {
      const { stages, answer, failure } = JSON.parse(data);
      follow(id, stages);
      if (answer || failure) events.close();
      if (answer) resolve(answer);
      if (failure) reject(new Error(sentence(failure)));
    };
    events.onerror = () => {
      if (events.readyState !== EventSource.CLOSED) return;
      reject(new Error(NO_ANSWER));
    };
  });
}
