// Brings one part of a page to what the server says now, touching nothing that is the same: focus, scrolling and what
// somebody has opened or typed stay.

const key = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id || "" : "");

const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);

/** Makes the children of `old` those of `made`, which is used up. */
export function patch(old, made) {
  const keyed = new Map();
  for (const child of old.childNodes) if (key(child)) keyed.set(key(child), child);
  const wanted = new Set([...made.childNodes].map(key));
  wanted.delete("");
  let at = old.firstChild;
  for (const next of [...made.childNodes]) {
    let found = key(next) ? keyed.get(key(next)) : at;
    while (!key(next) && found && key(found)) found = found.nextSibling; // that one is somebody else's
    if (!found || !same(found, next)) {
      old.insertBefore(next, at);
      continue;
    }
    // What nobody wants makes room, so that what comes after it need not move.
    while (at && at !== found && !wanted.has(key(at))) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
    if (found === at) at = at.nextSibling;
    else move(old, found, at);
    keyed.delete(key(next));
    if (!found.isEqualNode(next)) bring(found, next);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

/** Moves a node, which would lose the focus by it. */
function move(parent, node, before) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(node, before);
  focused?.focus({ preventScroll: true });
}

function bring(old, next) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  if (old.contains(document.activeElement) && old.matches("input, select, textarea")) return;
  attributes(old, next);
  if (old.matches("[data-since], [data-left], [data-at]")) return; // its text runs on by itself
  patch(old, next);
}

function attributes(old, next) {
  // What runs by itself: an opened table, a preview that is newer, a bar that is farther.
  const own = old.matches("details") ? ["open"] : old.matches("img.preview") ? ["src", "hidden", "data-loading"] : [];
  for (const { name, value } of [...next.attributes]) {
    if (!own.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!own.includes(name) && name !== "title" && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  if (old.matches("progress")) old.value = Math.max(old.value, next.value) <= 1 ? next.value : old.value;
}
