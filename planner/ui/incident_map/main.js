// The incident map: what the user says goes out as features of the incident document, the plan comes in as
// things to draw. Switching tools, drawing, undoing need no word with the server; a finished stroke is sent.

import { BaseMap } from "./basemap.js";
import { Drawings, Stroke, ZONES, closureFeature, sceneFeature, zoneFeature } from "./draw.js";
import { Overlay, element } from "./overlay.js";
import { Memory } from "./memory.js";
import { listen, setHeight, tell } from "./streamlit.js";

const MAX_ZOOM = 19;
const FIRST_HEIGHT_SHARE = 0.6;
const TOOLS = [
  { name: "scene", label: "SCENE", help: "Tap where it happens", colour: "#111111" },
  { name: "hot", label: "HOT", help: "Draw a hot zone", colour: ZONES.hot },
  { name: "warm", label: "WARM", help: "Draw a warm zone", colour: ZONES.warm },
  { name: "cold", label: "COLD", help: "Draw a cold zone", colour: ZONES.cold },
  { name: "blocked", label: "BLOCKED", help: "Mark streets that nobody can drive", colour: "#b00020" },
];
const HINTS = {
  scene: "Tap where it happens.",
  zone: "Draw a loop with one stroke, or tap its corners.",
  blocked: "Tap a blocked street, or draw a line across it.",
};

const map = L.map("map", { zoomControl: false, maxZoom: MAX_ZOOM, minZoom: 8, zoomSnap: 0.5, boxZoom: false });
L.control.zoom({ position: "bottomright" }).addTo(map);
map.attributionControl.setPrefix("");
map.setView([0, 0], 2);

const hint = document.getElementById("hint");
const baseMap = new BaseMap(map, say);
const overlay = new Overlay(map);
const drawings = new Drawings(map, changed, showSelected);
const memory = new Memory(tell);

let tool = null;
let stroke = null;
let features = [];
let planned = null;
let scale = null;
let drawnFor = { incident: null, authority: -1, area: null };

function say(text) {
  hint.textContent = text;
  hint.hidden = !text;
}

// --- tools ---------------------------------------------------------------------------------------------

const buttons = new Map();
for (const { name, label, help, colour } of TOOLS) {
  const button = toolButton(label, help, () => take(tool === name ? null : name));
  button.style.setProperty("--tool", colour);
  buttons.set(name, button);
}
const undo = toolButton("UNDO", "Undo the last change", () => restore(memory.undo(features)));
const redo = toolButton("REDO", "Do the undone change again", () => restore(memory.redo(features)));
const done = toolButton("DONE", "Close the shape", () => stroke?.done());
const cancel = toolButton("CANCEL", "Drop this shape", () => stroke?.cancel());
undo.classList.add("small");
redo.classList.add("small");

function toolButton(label, help, act) {
  const button = element("button", "tool", label);
  button.type = "button";
  button.title = help;
  button.setAttribute("aria-label", `${label}: ${help}`);
  button.addEventListener("click", act);
  document.getElementById("tools").append(button);
  return button;
}

function take(name) {
  stroke?.cancel();
  tool = name;
  drawings.select(null);
  showTools();
  if (!name) return say("");
  const zone = name in ZONES;
  say(HINTS[zone ? "zone" : name]);
  if (name === "scene") return undefined;
  map.closePopup();
  stroke = new Stroke(map, { closed: zone, colour: zone ? ZONES[name] : "#b00020" }, (places) => finish(name, places), corners);
  return showTools();
}

function corners(count) {
  say(count < 3 ? `${HINTS.zone} ${count} so far.` : "Tap the first corner again, or DONE, to close.");
  done.disabled = count < 3;
}

function finish(name, places) {
  stroke = null;
  tool = null;
  showTools();
  say("");
  if (!places) return;
  change([...features, name === "blocked" ? closureFeature(places) : zoneFeature(name, places)]);
}

function showTools() {
  for (const [name, button] of buttons) button.setAttribute("aria-pressed", String(tool === name));
  const drawing = stroke !== null;
  map.getContainer().classList.toggle("drawing", drawing || tool === "scene");
  done.hidden = cancel.hidden = !drawing;
  done.disabled = true;
  undo.hidden = redo.hidden = drawing;
  undo.disabled = !memory.canUndo();
  redo.disabled = !memory.canRedo();
}

map.on("click", (event) => {
  if (tool === "scene") {
    tool = null;
    const rest = features.filter((one) => one.properties.kind !== "incident");
    change([sceneFeature(event.latlng), ...rest]);
    return;
  }
  if (!stroke) drawings.select(null);
});

document.addEventListener("keydown", (event) => {
  const acts = stroke
    ? { Escape: () => stroke.cancel(), Enter: () => stroke.done(), Backspace: () => stroke.dropCorner() }
    : { Escape: () => take(null), Delete: () => remove(drawings.chosen) };
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") (event.shiftKey ? redo : undo).click();
  else if (acts[event.key] && event.target.tagName !== "BUTTON") acts[event.key]();
});

// --- what was drawn --------------------------------------------------------------------------------------

function change(next) {
  memory.remember(features);
  send(next);
}

function restore(earlier) {
  if (earlier) send(earlier);
}

function send(next) {
  features = next;
  drawings.show(features);
  showTools();
  say("Planning ...");
  memory.send(features);
}

function changed(id, feature) {
  change(features.map((one) => (one.id === id ? feature : one)));
}

function remove(id) {
  if (id) change(features.filter((one) => one.id !== id));
}

function showSelected(feature) {
  const bar = document.getElementById("selected");
  bar.replaceChildren();
  bar.hidden = !feature;
  if (!feature) return;
  const { kind, zone = "hot" } = feature.properties;
  const names = { incident: "Scene", closure: "Blocked", zone: `${zone} zone` };
  bar.append(element("span", "", names[kind]));
  const add = (label, act) => {
    const button = element("button", "tool", label);
    button.type = "button";
    button.addEventListener("click", act);
    bar.append(button);
  };
  for (const other of kind === "zone" ? Object.keys(ZONES) : []) {
    if (other === zone) continue;
    const properties = { ...feature.properties, zone: other };
    add(`Make ${other.toUpperCase()}`, () => changed(feature.id, { ...feature, properties }));
  }
  add("DELETE", () => remove(feature.id));
}

// --- what Python says -------------------------------------------------------------------------------------

function showSize(args) {
  let height = args.height;
  try {
    const page = window.parent;
    height = page.innerWidth < 640 ? page.innerHeight * FIRST_HEIGHT_SHARE : page.innerHeight - args.above;
  } catch {
    // Framed by a page of another host: its size is not ours to know, and the height that was asked for holds.
  }
  document.body.style.height = `${Math.round(Math.max(args.height, height))}px`;
  setHeight(Math.round(Math.max(args.height, height)));
  map.invalidateSize({ pan: false });
}

function showUnits(units) {
  scale?.remove();
  scale = L.control.scale({ metric: units === "m", imperial: units !== "m", position: "bottomleft" }).addTo(map);
}

function fitArea({ bbox: [west, south, east, north], core }) {
  map.fitBounds([[core[1], core[0]], [core[3], core[2]]]);
  map.setMaxBounds(L.latLngBounds([[south, west], [north, east]]).pad(0.5));
}

function seed(args) {
  const { incident, authority, area } = args;
  if (drawnFor.incident === incident && drawnFor.authority === authority && drawnFor.area === area.id) return;
  const fresh = drawnFor.incident !== incident || drawnFor.area !== area.id;
  if (drawnFor.area !== area.id) fitArea(area);
  drawnFor = { incident, authority, area: area.id };
  stroke?.cancel();
  const unsent = memory.open(incident, fresh);
  features = unsent ?? args.features;
  drawings.show(features);
  planned = fresh ? null : planned;
  if (unsent) memory.send(features);
  if (!features.length) take("scene");
  else take(null);
}

function showPlan(args) {
  const { plan } = args;
  const name = plan ? `${plan.id}|${args.units}` : null;
  if (name === planned?.name) return;
  overlay.show(plan);
  if (plan && plan.scene !== planned?.scene) showWhole(overlay.bounds(plan));
  planned = { name, scene: plan?.scene ?? null };
  document.body.dataset.plan = plan?.id ?? "";
}

/** Padding that keeps a plan from lying under the tools: a column on the left, on a phone rows below. */
function clearOfTools() {
  const { width, height } = document.getElementById("tools").getBoundingClientRect();
  const column = height > width;
  return column
    ? { paddingTopLeft: [width + 24, 16], paddingBottomRight: [60, 16] }
    : { paddingTopLeft: [8, 16], paddingBottomRight: [8, height + 24] };
}

/** Move the view only where the plan would not be read in it: partly out of sight, or too small. */
function showWhole(bounds) {
  if (!bounds) return;
  const small = map.getZoom() < map.getBoundsZoom(bounds) - 1;
  if (small || !map.getBounds().contains(bounds)) map.fitBounds(bounds, { maxZoom: 17, ...clearOfTools() });
}

let units = null;

listen((args, theme) => {
  showSize(args);
  seed(args);
  memory.acknowledge(args.acknowledged);
  baseMap.show(args.basemap, theme.base === "dark");
  if (units !== args.units) showUnits((units = args.units));
  showPlan(args);
  if (!memory.waiting && !tool) say(args.message ?? "");
  showTools();
});
window.addEventListener("resize", () => map.invalidateSize({ pan: false }));
