// The incident map: what the user says goes out as features of the incident document, the plan comes in as
// things to draw. Switching tools, drawing, undoing need no word with the server; a finished stroke is sent.

import { BaseMap } from "./basemap.js";
import { choice, online } from "./choices.js";
import { inParts } from "./draw.js";
import { Drawings } from "./drawings.js";
import { clearest } from "./fit.js";
import { Grid, addFurniture } from "./grid.js";
import { Key } from "./key.js";
import { lengthIn } from "./measure.js";
import { Memory, same } from "./memory.js";
import { crsOf } from "./meridian.js";
import { LAYERS, Overlay } from "./overlay.js";
import { Selected } from "./selected.js";
import { listen, setHeight, tell } from "./streamlit.js";
import { Told } from "./told.js";
import { Tools, button } from "./tools.js";

const MAX_ZOOM = 19;
const FIRST_HEIGHT_SHARE = 0.54; // below it the verdict is in sight too
const NARROW_PX = 640;
const SITE_ROOM_M = 80; // about a label
const IDLE_MS = 600;
const LIFTED_MS = 60;
const MAX_FIT_ZOOM = 17;
const WHOLE = "Show the whole plan";
const OVER_THE_MAP = "#tools, #views, .furniture, .leaflet-control-scale, .leaflet-control-attribution";
const box = (id) => document.getElementById(id);

const map = L.map("map", { zoomControl: false, maxZoom: MAX_ZOOM, minZoom: 8, zoomSnap: 0.25, boxZoom: false });
map.attributionControl.setPrefix("");
map.setView([0, 0], 2);

let features = [];
let facts = {}; // what was said by one press beside the map, as the threat was: UNDO takes it back too
let planned = null;
let plan = null;
let units = null;
let pageTheme = "light";
let args = null;
let warning = "";
let standing = "";
let focused = null;
let pressed = false; // a finger or a button is down on the map
let covered = null; // where buttons, scale and credit lie
let drawnFor = { incident: null, authority: -1, area: null };

const memory = new Memory(tell, (text) => {
  warning = text;
  say(text || standing);
});
const overlay = new Overlay(map, selectPlanned, () => [...drawings.boxes(), ...coveredBoxes()]);
const baseMap = new BaseMap(map, say);
const grid = new Grid(map);
addFurniture(map);
const drawings = new Drawings(map, changed, selectDrawn);
const told = new Told(map, box("told"), goTo);
const selected = new Selected(box("selected"), {
  features: () => features, put: change, take: (tool, byKey) => tools.take(tool, byKey), drawings, close: selectNothing,
});
const tools = new Tools(map, {
  features: () => features, put: change, say,
  let: (tool) => tool && selectNothing(),
  escape: () => (box("key").hidden ? selectNothing() : openKey(false)),
  remove: () => drawings.chosen && selected.remove(drawings.chosen),
  undo: () => restore(memory.undo({ features, facts })), redo: () => restore(memory.redo({ features, facts })),
  canUndo: () => memory.canUndo(), canRedo: () => memory.canRedo(),
});
const key = new Key(box("key"), overlay, {
  layer: (name, shown) => overlay.setShown(name, shown), theme: showTheme, grid: (shown) => grid.show(shown), list: openTable,
});

for (const [name, , shown] of LAYERS) overlay.setShown(name, choice(`layer ${name}`, shown));
grid.show(choice("grid", true));

/** Say one line; what may be lost is said before anything else. */
function say(text) {
  const line = warning || text;
  box("hint").textContent = line;
  box("hint").hidden = !line;
}

// --- the view ----------------------------------------------------------------------------------------------

const keyButton = button(box("views"), "KEY", "What the signs mean, layers, colours", () => openKey(box("key").hidden));
const wholeButton = button(box("views"), "WHOLE", WHOLE, () => showBounds(plan && overlay.bounds(plan, true)));
button(box("views"), "+", "Zoom in", () => map.zoomIn());
button(box("views"), "−", "Zoom out", () => map.zoomOut());
keyButton.setAttribute("aria-expanded", "false");
keyButton.setAttribute("aria-controls", "key");

function openKey(open) {
  box("key").hidden = !open;
  keyButton.setAttribute("aria-expanded", String(open));
  if (!open) return;
  selectNothing();
  box("key").focus({ preventScroll: true });
}

function openTable() {
  const table = box("told");
  table.classList.remove("unseen");
  openKey(false);
  const close = button(table, "CLOSE", "Back to the map", () => {
    table.classList.add("unseen");
    close.remove();
    keyButton.focus({ preventScroll: true });
  });
  table.prepend(close);
  table.focus({ preventScroll: true });
}

function showTheme() {
  const wanted = choice("theme", "auto");
  const theme = wanted === "auto" ? pageTheme : wanted;
  document.body.classList.toggle("dark", theme !== "light");
  document.body.classList.toggle("night", theme === "night");
  try {
    window.parent.document.documentElement.toggleAttribute("data-night", theme === "night");
  } catch {
    // Framed by a page of another host, which keeps its own colours.
  }
  const tiles = args?.tiles && online(args.tiles.host) ? args.tiles : null;
  baseMap.show(args?.basemap ?? null, theme, tiles);
}

function showSize({ height: least, above }) {
  let height = least;
  try {
    const page = window.parent;
    height = page.innerWidth < NARROW_PX ? page.innerHeight * FIRST_HEIGHT_SHARE : page.innerHeight - above;
  } catch {
    // Framed by a page of another host: its size is not ours to know, and the height that was asked for holds.
  }
  const wanted = Math.round(Math.max(least, height));
  if (document.body.style.height === `${wanted}px`) return;
  document.body.style.height = `${wanted}px`;
  setHeight(wanted);
  covered = null;
  map.invalidateSize({ pan: false });
}

function fitArea({ bbox, core }) {
  const [west, south, east, north] = bbox;
  map.options.crs = crsOf(bbox);
  map.fitBounds([[core[1], core[0]], [core[3], core[2]]], { animate: false });
  map.setMaxBounds(L.latLngBounds([[south, west], [north, east]]).pad(0.5));
}

/** Boxes of what lies over the map for good, in pixels of the view. */
function covers() {
  covered ??= [...document.querySelectorAll(OVER_THE_MAP)].map((one) => one.getBoundingClientRect());
  return covered;
}

/** The same in pixels of the map's layers; measured again when its size changes. */
function coveredBoxes() {
  return covers().map(({ left, top, width, height }) => {
    const { x, y } = map.containerPointToLayerPoint([left + width / 2, top + height / 2]);
    return { x, y, width, height };
  });
}

/** Padding that keeps a plan from lying under the tools: columns at both sides, on a phone rows below. */
function clearOfTools() {
  const { width, height } = box("tools").getBoundingClientRect();
  return height > width
    ? { paddingTopLeft: [width + 26, 20], paddingBottomRight: [96, 30] }
    : { paddingTopLeft: [10, 40], paddingBottomRight: [66, height + 44] };
}

/** Move the view only where the plan would not be read in it: partly out of sight, or too small. */
function showWhole(bounds) {
  if (!bounds) return;
  const small = map.getZoom() < map.getBoundsZoom(bounds) - 1;
  if (small || !map.getBounds().contains(bounds)) showBounds(withSites(bounds));
}

/** Take in the sites that lie near, as long as nothing is drawn smaller for it. */
function withSites(bounds) {
  const { paddingTopLeft, paddingBottomRight } = clearOfTools();
  const padding = L.point(paddingTopLeft).add(paddingBottomRight);
  const zoom = (box) => map.getBoundsZoom(box, false, padding);
  return overlay.sitesFrom(plan, bounds.getCenter()).reduce((box, at) => {
    const wider = L.latLngBounds(box.getSouthWest(), box.getNorthEast()).extend(at.toBounds(SITE_ROOM_M));
    return zoom(wider) >= zoom(bounds) ? wider : box;
  }, bounds);
}

function showBounds(bounds) {
  if (!bounds) return;
  map.fitBounds(bounds, { maxZoom: MAX_FIT_ZOOM, animate: false, ...clearOfTools() });
  clearSites(bounds);
}

/** Move what fits into the view so that the sites beyond it do not lie under a button or the scale. */
function clearSites(bounds) {
  if (!plan) return;
  const { paddingTopLeft: [left, top], paddingBottomRight: [right, bottom] } = clearOfTools();
  const box = L.bounds([bounds.getNorthWest(), bounds.getSouthEast()].map((at) => map.latLngToContainerPoint(at)));
  const size = map.getSize();
  const room = {
    left: box.min.x - left, right: size.x - right - box.max.x, up: box.min.y - top, down: size.y - bottom - box.max.y,
  };
  const spots = overlay.sitesFrom(plan, bounds.getCenter()).map((at) => map.latLngToContainerPoint(at));
  const [x, y] = clearest(spots, covers(), room, size);
  if (x || y) map.panBy([-x, -y], { animate: false });
}

/** The view never moves by itself while somebody works in it: the button says that part of the plan lies beyond it. */
function tellBeyond() {
  const [view, lines] = [map.getBounds(), plan && overlay.bounds(plan)];
  const cut = Boolean(lines) && !view.contains(lines.pad(-0.04));
  const beyond = cut || Boolean(plan && overlay.responders(plan).some((at) => !view.contains(at)));
  wholeButton.classList.toggle("beyond", beyond);
  wholeButton.title = beyond ? `${WHOLE}: part of it is out of sight` : WHOLE;
  wholeButton.setAttribute("aria-label", `WHOLE: ${wholeButton.title}`);
}
map.on("moveend", tellBeyond);

/** Bring a place of the plan into view, if it is not, and put the focus on it. */
function goTo(one) {
  const at = L.latLng(one.at[1], one.at[0]);
  if (!map.getBounds().pad(-0.1).contains(at)) map.panTo(at, { animate: false });
  box("told").classList.add("unseen");
  if (one.mark && !map.hasLayer(one.mark)) overlay.setShown(one.rank > 1 ? "alternates" : one.part, true);
  one.mark?.getElement()?.focus({ preventScroll: true });
  selectPlanned(one);
}

// --- what is selected --------------------------------------------------------------------------------------

function selectNothing() {
  selected.hide();
  if (drawings.chosen) drawings.select(null);
}

function selectPlanned(one) {
  if (tools.stroke || !one) return;
  if (drawings.chosen) drawings.select(null);
  openKey(false);
  tools.closePalette();
  const low = one.at && map.latLngToContainerPoint([one.at[1], one.at[0]]).y > map.getSize().y / 2;
  selected.showPlanned(one, low);
}

function selectDrawn(feature) {
  map.getContainer().classList.toggle("editing", feature !== null);
  if (feature) {
    openKey(false);
    selected.showDrawn(feature, map.latLngToContainerPoint(drawings.middle(feature.id)).y > map.getSize().y / 2);
  } else selected.hide();
}

map.on("click", () => tools.stroke || selectNothing());

// --- what was drawn ----------------------------------------------------------------------------------------

function change(next) {
  memory.remember({ features, facts });
  send(next);
}

function restore(step) {
  if (!step) return;
  const said = same(step.facts, facts) ? null : step.facts;
  facts = step.facts;
  send(step.features, said);
}

function send(next, said = null) {
  features = next;
  selected.hide();
  drawings.show(features);
  overlay.settle();
  tools.show();
  say("Planning ...");
  memory.send(features, said);
}

function changed(id, feature) {
  change(features.map((one) => (one.id === id ? feature : one)));
}

// --- what Python says --------------------------------------------------------------------------------------

function seed({ incident, authority, others, area, features: drawn, facts: said }) {
  const fresh = drawnFor.incident !== incident || drawnFor.area !== area.id;
  const taken = fresh || drawnFor.authority !== authority;
  // What a finger draws or moves is not put in anew under it; and what is on its way is joined by the server first.
  if (!fresh && taken && (pressed || memory.waiting)) return;
  const heard = fresh || !(memory.waiting || same(said, facts)); // what waits may say the facts anew
  if (!taken && !heard) return;
  const given = taken ? inParts(drawn) : features;
  const theirs = !fresh && others > drawnFor.authority;
  if (drawnFor.area !== area.id) fitArea(area);
  drawnFor = { incident, authority, area: area.id };
  if (fresh) tools.take(null);
  // What was decided beside the map is one step like any other: UNDO takes it back before anything older.
  if (theirs) memory.carry({ features, facts }, { features: given, facts: said });
  else if (!fresh && (heard || !same(given, features))) memory.remember({ features, facts });
  if (heard) facts = said;
  if (!taken) return;
  const unsent = memory.open(incident, authority, fresh);
  features = unsent?.features ?? given;
  drawings.show(features);
  if (fresh) planned = null;
  if (unsent) memory.send(features, unsent.facts);
  const placed = features.some((one) => one.properties.kind === "incident");
  if (fresh && !features.length) tools.take({ name: "scene" });
  else if (placed && tools.tool?.name === "scene") tools.take(null); // found by its name meanwhile
}

/** Whether something is begun on the map that a view which moves would spoil. */
const drawing = () => pressed || Boolean(tools.stroke?.corners.length);

for (const [type, down] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false], ["pointermove", null]]) {
  document.addEventListener(type, ({ buttons }) => {
    if (down === null && (buttons || !pressed)) return; // lifted beyond the map
    pressed = Boolean(down);
    if (!pressed) setTimeout(() => args && !pressed && seed(args), LIFTED_MS); // what was drawn or moved is sent first
  }, true);
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}

async function showPlan({ plan: packed, plan_id: id }) {
  const name = packed ? id : "none";
  if (name === planned?.name) return;
  const before = planned;
  planned = { name, scene: before?.scene ?? null };
  const next = packed ? await unpacked(packed) : null;
  if (planned.name !== name) return; // a newer plan came while this one was unpacked
  plan = next;
  overlay.show(plan);
  if (plan && plan.scene !== before?.scene && !drawing()) showWhole(overlay.bounds(plan));
  planned.scene = plan?.scene ?? null;
  tellBeyond();
  document.body.dataset.plan = plan?.id ?? "";
  await idle(); // the map first: its table has a line for each of a hundred marks
  if (planned.name !== name) return;
  const scene = L.latLng(plan?.middle ? [plan.middle[1], plan.middle[0]] : map.getCenter());
  told.show(overlay.listed(), scene, (metres) => lengthIn(metres, units));
}

/** Wait until what was drawn is on the screen and nothing else is to be done; not for long. */
function idle() {
  return new Promise((done) => {
    if (window.requestIdleCallback) requestIdleCallback(done, { timeout: IDLE_MS });
    else setTimeout(done, IDLE_MS);
  });
}

/** Show what was asked for beside the map. */
function showFocus(focus) {
  const number = focus?.number ?? 0;
  const asked = focused !== null && number !== focused; // a frame that has just come is asked nothing
  focused = number;
  if (asked && focus.whole) showBounds(overlay.boundsOfRoutes());
  const one = asked ? overlay.objects.get(focus.id) : null;
  if (!one?.at) return;
  goTo(one);
  if (focus.move && one.part === "sites") tools.take({ name: "pin", purpose: one.purpose, moved: true });
  try {
    window.frameElement?.scrollIntoView({ block: "nearest" });
  } catch {
    // Framed by a page of another host, which scrolls for itself.
  }
}

listen(async (given, theme) => {
  args = given;
  pageTheme = theme.base === "dark" ? "dark" : "light";
  showSize(args);
  tools.setPurposes(args.purposes, args.threats);
  key.setUp(args.purposes, args.tiles);
  units = args.units;
  document.body.classList.toggle("feet", units === "ft");
  memory.acknowledge(args.acknowledged);
  seed(args);
  showTheme();
  standing = args.message ?? "";
  if (!memory.waiting && !tools.tool) say(standing);
  tools.show();
  await showPlan(args);
  showFocus(args.focus);
});
// The search box beside the map has told the server of a scene: the plan comes to the map, which says so.
window.addEventListener("message", ({ source, data: said }) => {
  if (source === window.parent && said?.planner === "scene found") say("Planning ...");
});
window.addEventListener("resize", () => {
  covered = null;
  map.invalidateSize({ pan: false });
});
