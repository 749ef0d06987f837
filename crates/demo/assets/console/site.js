// What the page asks of the site.

/** What is said when nothing answers. */
export const NO_ANSWER = "The console does not answer. Is it still running?";

/** A refusal of the site: its sentence is for the person. */
class Refused extends Error {
  constructor(status, body) {
    super(sentence(body?.message ?? `the site does not answer as it should (${status})`));
    this.code = body?.error;
  }
}

export function sentence(words) {
  const stop = /[.?!]$/.test(words) ? "" : ".";
  return words.charAt(0).toUpperCase() + words.slice(1) + stop;
}

/** Posts JSON (or a file) and returns JSON, or nothing. */
export async function post(path, body, signal) {
  const file = body instanceof Blob;
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      // Also arrives when it is posted while the page goes away.
      keepalive: path.endsWith("/cancel"),
      headers: { "content-type": file ? body.type : "application/json" },
      body: file ? body : JSON.stringify(body ?? null),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(NO_ANSWER);
  }
  const text = await answer.text();
  const json = (() => { try { return JSON.parse(text); } catch { return undefined; } })();
  if (!answer.ok) throw new Refused(answer.status, json);
  return json;
}
