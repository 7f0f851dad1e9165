// What one browser's user chose for the map, kept there: theme, layers, grid, online map.

const PLACE = "planner.map";
const ONLINE = "planner.online";

function read() {
  try {
    return JSON.parse(window.localStorage.getItem(PLACE) ?? "{}");
  } catch {
    return {}; // kept by another version, or nothing is kept here: as if nothing had been chosen
  }
}

const chosen = read();

export function choice(name, otherwise) {
  return chosen[name] ?? otherwise;
}

export function choose(name, value) {
  chosen[name] = value;
  try {
    window.localStorage.setItem(PLACE, JSON.stringify(chosen));
  } catch {
    // This browser keeps nothing: the choice holds until the page is left.
  }
}

/** Whether the online map was chosen when this page was loaded: the policy of the page is made then. */
export function online(host) {
  return host !== "" && window.plannerOnline === host;
}

/** Choose the online map, or no longer: the page is loaded again under the other policy. */
export function chooseOnline(host) {
  window.localStorage.setItem(ONLINE, host);
  window.location.reload();
}
