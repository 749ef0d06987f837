// The console's script: ceremonies, the phone, the wire view. No libraries, no build step.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A refusal of the site: its sentence is for the person. */
class Refused extends Error {
  constructor(status, body) {
    super(sentence(body?.message ?? `the site does not answer as it should (${status})`));
    this.code = body?.error;
  }
}

function sentence(words) {
  const stop = /[.?!]$/.test(words) ? "" : ".";
  return words.charAt(0).toUpperCase() + words.slice(1) + stop;
}

/** Posts JSON (or a file) and returns JSON, or nothing. */
async function post(path, body, signal) {
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
    throw new Error("The console does not answer. Is it still running?");
  }
  const text = await answer.text();
  const json = (() => { try { return JSON.parse(text); } catch { return undefined; } })();
  if (!answer.ok) throw new Refused(answer.status, json);
  return json;
}

function show(element, shown = true) {
  if (element) element.hidden = !shown;
}

function tell(element, words) {
  element.textContent = words ?? "";
  show(element, Boolean(words));
}

/**
 * Hears a stream of events for as long as the page can be seen. A browser has six connections to a host
 * (without TLS, HTTP/2 is no way out), and each hidden page would keep one of them: with six phones in
 * tabs, nothing else would load. A page that comes back is told everything again.
 */
function listen(address, hear, lost = () => {}) {
  let events;
  const close = () => {
    events?.close();
    events = undefined;
  };
  const look = () => {
    if (document.visibilityState === "hidden") return close();
    if (events) return;
    events = new EventSource(address());
    events.onopen = () => lost(false);
    events.onmessage = ({ data }) => hear(JSON.parse(data));
    events.onerror = ({ target }) => {
      lost(true);
      if (target.readyState !== EventSource.CLOSED) return;
      // Refused, and then browsers do not try again by themselves.
      close();
      setTimeout(look, 3000);
    };
  };
  document.addEventListener("visibilitychange", look);
  look();
}

// --- Ceremonies -----------------------------------------------------------------------------------

/** A challenge on the page: begun with the site, answered by a phone, finished with the site. */
class Ceremony {
  constructor(root) {
    this.root = root;
    this.operation = root.dataset.ceremony;
    this.failure = $("[data-failure]", root);
    this.begin = $("[data-begin]", root);
    this.cancel = $("[data-cancel]", root);
    this.code = $("[data-code]", root);
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
    for (const stage of $$("[data-stage]", this.root)) {
      stage.removeAttribute("data-reached");
      stage.removeAttribute("aria-current");
      $(".time", stage).textContent = "";
    }
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
      const ask = this.way === "page" ? this.askThroughPage : this.askThroughBrowser;
      answer = await ask.call(this, options, stop.signal);
      await post(`${path}/finish`, answer, stop.signal);
      this.reach("verified");
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

  /** The browser's own dialog, with its own QR code. */
  async askThroughBrowser({ publicKey }, signal) {
    if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
      throw new Error("This browser cannot do it: use the code on this page.");
    }
    try {
      const credential = this.operation === "register"
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey), signal })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey), signal });
      return credential.toJSON();
    } catch (error) {
      if (error.name === "InvalidStateError") {
        throw new Error("This phone has a passkey for the account already: use another phone.");
      }
      if (error.name === "NotAllowedError") {
        throw new Error("The dialog was closed, or time ran out. Try again.");
      }
      throw error;
    }
  }

  /** The laptop inside the demo: a code on this page, and events of how far it is. */
  async askThroughPage(options, signal) {
    const { id } = await post("/laptop", { operation: this.operation, options }, signal);
    signal.addEventListener("abort", () => post(`/laptop/${id}/cancel`).catch(() => {}));
    return new Promise((resolve, reject) => {
      const events = new EventSource(`/laptop/${id}/events`);
      signal.addEventListener("abort", () => {
        events.close();
        reject(new DOMException("stopped", "AbortError"));
      });
      events.onmessage = ({ data }) => {
        const view = JSON.parse(data);
        for (const { name, ms } of view.stages) this.reach(name, ms);
        const last = view.stages.at(-1)?.name;
        this.showCode(id, last);
        if (view.answer || view.failure) events.close();
        if (view.answer) resolve(view.answer);
        if (view.failure) reject(new Error(sentence(view.failure)));
      };
      events.onerror = () => {
        if (events.readyState !== EventSource.CLOSED) return;
        reject(new Error("The console does not answer. Is it still running?"));
      };
    });
  }

  showCode(id, stage) {
    if (stage === "waiting-for-scan") {
      if (this.code.hidden) this.code.src = `/laptop/${id}/code.png`;
      show(this.code);
      show($("[data-blank]", this.root), false);
    } else if (stage) {
      show(this.code, false);
      show($("[data-blank]", this.root), false);
      show($("[data-seen]", this.root));
    }
  }

  /** A stage is what is waited for; the ones before it are done. */
  reach(name, ms) {
    const stages = $$("[data-stage]", this.root);
    const here = stages.findIndex((stage) => stage.dataset.stage === name);
    if (here < 0) return;
    stages.forEach((stage, index) => {
      const waits = ["waiting-for-scan", "waiting-for-approval"].includes(name);
      const done = index < here || (index === here && !waits);
      stage.toggleAttribute("data-reached", done);
      if (index === here && waits) stage.setAttribute("aria-current", "step");
      else stage.removeAttribute("aria-current");
    });
    if (ms !== undefined) $(".time", stages[here]).textContent = `${(ms / 1000).toFixed(1)} s`;
    $("[data-status]", this.root).textContent = $(".title", stages[here]).textContent;
  }
}

// --- The Signal API: the browser's and the phone's lists follow the site's -------------------------

/** Tells the browser that the site no longer knows a passkey. */
function forgetUnknown(rpId, credentialId) {
  if (!credentialId) return;
  window.PublicKeyCredential?.signalUnknownCredential?.({ rpId, credentialId })?.catch(() => {});
}

/** Tells the browser which passkeys the site accepts, and what its user is called. */
function signalAccepted(list) {
  const { rpId, user: userId, accepted, userName: name, displayName } = list.dataset;
  const allAcceptedCredentialIds = accepted.split(" ").filter(Boolean);
  const api = window.PublicKeyCredential;
  api?.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds })?.catch(() => {});
  api?.signalCurrentUserDetails?.({ rpId, userId, name, displayName })?.catch(() => {});
}

// --- The phone ------------------------------------------------------------------------------------

class PocketPhone {
  constructor(root) {
    this.root = root;
    this.base = `/phone/${root.dataset.phone}`;
    this.failure = $("[data-failure]", root);
    this.on("[data-look]", "click", () => this.try(() => post(`${this.base}/look`)));
    this.on("[data-stop]", "click", () => this.try(() => post(`${this.base}/cancel`)));
    this.on("[data-approve]", "click", () => this.decide(true));
    this.on("[data-decline]", "click", () => this.decide(false));
    this.on("[data-sheet]", "keydown", ({ key }) => key === "Escape" && this.decide(false));
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
    this.camera = new Camera(root, (file) => this.scan(file, { quietly: true }));
    document.addEventListener("visibilitychange", () => document.hidden && this.camera.stop());
    listen(() => `${this.base}/events`, (screen) => this.render(screen), (is) => this.lost(is));
  }

  /** Says so while nothing of the phone can be heard. */
  lost(is) {
    const words = "The console does not answer. Is it still running?";
    if (is) tell(this.failure, words);
    else if (this.failure.textContent === words) tell(this.failure);
  }

  on(selector, event, action) {
    $(selector, this.root).addEventListener(event, action);
  }

  async try(action, { quietly } = {}) {
    try {
      if (!quietly) tell(this.failure);
      await action();
      tell(this.failure);
      return true;
    } catch (error) {
      if (!quietly) tell(this.failure, error.message);
      return false;
    }
  }

  async scan(file, how) {
    if (!file) return false;
    return this.try(() => post(`${this.base}/scan`, file, undefined), how);
  }

  decide(approve) {
    const chosen = $("[data-ask-accounts] input:checked", this.root);
    const account = chosen ? Number(chosen.value) : null;
    this.try(() => post(`${this.base}/decide`, { ask: this.asked, approve, account }));
  }

  /** Asked twice: a lost phone does not come back. */
  lose(button) {
    if (button.dataset.sure) {
      this.try(() => post(`${this.base}/forget`, { passkey: null }));
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
    this.renderSheet(ask);
    const list = $("[data-passkeys]", this.root);
    list.replaceChildren(...passkeys.map((passkey) => this.row(passkey)));
    show($("[data-none]", this.root), passkeys.length === 0);
    show($("[data-lose]", this.root), passkeys.length > 0 && !busy);
  }

  renderSheet(ask) {
    const sheet = $("[data-sheet]", this.root);
    const had = sheet.contains(document.activeElement);
    show(sheet, Boolean(ask));
    $("[data-face]", this.root).inert = Boolean(ask);
    if (!ask && had) $("[data-state]", this.root).focus();
    // A question that is shown already keeps the account that was chosen.
    if (!ask || this.asked === ask.number) return;
    this.asked = ask.number;
    $("[data-ask-title]", sheet).textContent = ask.title;
    $("[data-ask-site]", sheet).textContent = ask.site;
    tell($("[data-ask-name]", sheet), ask.site_name && `It calls itself “${ask.site_name}”.`);
    $("[data-approve]", sheet).textContent = ask.button;
    show($("[data-ask-verifies]", sheet), ask.verifies);
    const accounts = $("[data-ask-accounts]", sheet);
    show(accounts, ask.accounts.length > 0);
    $$("label", accounts).forEach((label) => label.remove());
    ask.accounts.forEach((account, index) => {
      const input = Object.assign(document.createElement("input"), {
        type: "radio", name: "account", value: index, checked: index === 0,
      });
      const name = Object.assign(document.createElement("bdi"), { textContent: account.name });
      const person = Object.assign(document.createElement("bdi"), {
        className: "meta", textContent: account.display_name,
      });
      const label = document.createElement("label");
      label.append(input, name, person);
      accounts.append(label);
    });
    accounts.toggleAttribute("data-single", ask.accounts.length === 1);
    $("[data-approve]", sheet).focus();
  }

  row({ id, site, user }) {
    const row = document.createElement("li");
    const name = Object.assign(document.createElement("bdi"), { textContent: user });
    const where = Object.assign(document.createElement("span"), {
      className: "meta", textContent: site,
    });
    const remove = Object.assign(document.createElement("button"), {
      className: "quiet", type: "button", textContent: "Forget",
    });
    remove.setAttribute("aria-label", `Forget the passkey of ${user} for ${site}`);
    remove.addEventListener("click", () =>
      this.try(() => post(`${this.base}/forget`, { passkey: id })));
    row.append(name, where, remove);
    return row;
  }
}

/** The first picture of a paste or a drop. */
function picture(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
}

/** Shows what the camera sees, and hands over a picture twice a second until one has a code. */
class Camera {
  constructor(root, look) {
    this.video = $("[data-video]", root);
    this.button = $("[data-camera]", root);
    this.look = look;
    show(this.button, Boolean(navigator.mediaDevices?.getUserMedia));
    this.button.addEventListener("click", () => (this.stream ? this.stop() : this.start()));
  }

  async start() {
    // Off while the browser asks: a second stream would never be stopped.
    this.button.disabled = true;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      this.button.textContent = "No camera: use a screenshot";
      return;
    } finally {
      this.button.disabled = false;
    }
    this.video.srcObject = this.stream;
    show(this.video);
    this.button.textContent = "Stop the camera";
    await this.video.play();
    while (this.stream) {
      if (await this.look(await this.frame())) break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    this.stop();
  }

  frame() {
    const canvas = document.createElement("canvas");
    canvas.width = this.video.videoWidth;
    canvas.height = this.video.videoHeight;
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
  }

  stop() {
    if (!this.stream) return;
    this.stream.getTracks().forEach((track) => track.stop());
    this.stream = undefined;
    show(this.video, false);
    this.button.textContent = "Use the camera";
  }
}

// --- The wire view --------------------------------------------------------------------------------

const ARROWS = { laptop: "◂──", phone: "──▸" };

function watchTheWire(list) {
  const MOST = 200;
  let start;
  let last = 0;
  listen(() => `/wire/events?after=${last}`, (sight) => {
    last = sight.number;
    show($("[data-wire-empty]"), false);
    const row = document.createElement("li");
    row.className = sight.by;
    const time = document.createElement("span");
    time.className = "time";
    if (start === undefined || sight.begins) {
      start = sight.ms;
      row.classList.add("first");
    }
    time.textContent = `${((sight.ms - start) / 1000).toFixed(2)} s`;
    const what = document.createElement("span");
    what.className = "what";
    if (sight.towards) {
      row.classList.add("message", `to-${sight.towards}`);
      const arrow = document.createElement("span");
      arrow.className = "arrow";
      arrow.textContent = ARROWS[sight.towards];
      arrow.setAttribute("aria-label", `to the ${sight.towards}:`);
      const size = document.createElement("b");
      size.textContent = `${sight.bytes} bytes`;
      what.append(arrow, size);
    } else {
      what.textContent = sight.what;
    }
    row.append(time, what);
    list.append(row);
    while (list.children.length > MOST) list.firstChild.remove();
    const near = innerHeight + scrollY > document.body.scrollHeight - 400;
    if (near) row.scrollIntoView({ block: "nearest" });
  });
}

// --- Everything else ------------------------------------------------------------------------------

for (const root of $$("[data-ceremony]")) new Ceremony(root);
const pocketPhones = $$("[data-phone]").map((root) => new PocketPhone(root));
for (const list of $$("[data-wire]")) watchTheWire(list);
for (const list of $$("[data-accepted]")) signalAccepted(list);

for (const person of $$("[data-person]")) {
  person.addEventListener("click", () => {
    $("input[name=user]").value = person.dataset.person;
    $("input[name=password]").value = person.dataset.password;
    $("form.stack button").focus();
  });
}

for (const group of $$("[data-submits]")) {
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
