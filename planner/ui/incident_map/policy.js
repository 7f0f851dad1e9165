// Which hosts this page may ask: its own, whatever a name from the map data may hold. Only if this browser's user
// chose an online map is that one host added, and only for pictures. Read before anything else; a choice reloads.

(() => {
  let host = "";
  try {
    host = window.localStorage.getItem("planner.online") ?? "";
  } catch {
    // A browser that keeps nothing keeps no choice either.
  }
  const chosen = /^https?:\/\/[a-z0-9.-]+(:[0-9]+)?$/.test(host) ? host : "";
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = [
    "default-src 'self'", "style-src 'self' 'unsafe-inline'", `img-src 'self' data: blob: ${chosen}`, "connect-src 'self'",
  ].join("; ");
  document.head.append(policy);
  window.plannerOnline = chosen;
})();
