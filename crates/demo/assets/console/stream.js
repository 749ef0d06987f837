// A stream of events, for pages that stay open.

/**
 * Hears a stream of events for as long as the page can be seen. A browser has six connections to a host
 * (without TLS, HTTP/2 is no way out), and each hidden page would keep one of them: with six phones in
 * tabs, nothing else would load. A page that comes back is told everything again.
 */
export function listen(address, hear, lost = () => {}) {
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
