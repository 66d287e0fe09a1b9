// Changes as they happen, by server-sent events. The browser reconnects by itself; what was missed meanwhile is told to the
// listener as a change of nothing in particular.
import { changesAddress } from "./api.js";

// listen calls changed({id, version, state}) for every change of a case, changed(null) where some may have been missed, and
// connected(whether) when that changes. It returns a function that ends it.
export function listen(changed, connected) {
  let source;
  let retry;
  let missed = false;
  const open = () => {
    source = new EventSource(changesAddress);
    source.addEventListener("open", () => {
      connected(true);
      if (missed) changed(null);
      missed = false;
    });
    source.addEventListener("case", (event) => changed(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      connected(false);
      missed = true;
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      clearTimeout(retry);
      retry = setTimeout(open, 5000);
    });
  };
  open();
  return () => {
    clearTimeout(retry);
    source.close();
  };
}
