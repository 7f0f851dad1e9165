// The tools in the map: which one is in the hand, its button, its key, its stroke. No word with the server.

import {
  Cross, Stroke, ZONES, closureFeature, pinAt, postFeature, roadFeature, sceneFeature, stepOf, threatFeature, zoneFeature,
} from "./draw.js";
import { Measured, measured } from "./measure.js";
import { element } from "./overlay.js";
import { symbol } from "./symbols.js";

const TOOLS = [
  { name: "scene", label: "SCENE", key: "s", help: "Tap where it happens" },
  { name: "hot", label: "HOT", key: "h", help: "Draw a hot zone" },
  { name: "warm", label: "WARM", key: "w", help: "Draw a warm zone" },
  { name: "cold", label: "COLD", key: "c", help: "Draw a cold zone" },
  { name: "blocked", label: "BLOCKED", key: "b", help: "Mark streets that nobody can drive" },
  { name: "pin", label: "PIN", key: "p", help: "Put a site where you choose, or a further threat" },
  { name: "road", label: "ROAD", key: "r", help: "Draw a road that the map does not show" },
];
const MEASURE = { name: "measure", label: "RULER", key: "m", help: "Measure a distance" };
const KEYS = "Arrow keys move the cross, Space puts a corner, Enter ends, Escape drops.";
const HINTS = {
  scene: "Tap where it happens.",
  zone: "Draw a loop with one stroke, or tap its corners.",
  blocked: "Tap a blocked street, or draw a line across it.",
  road: "Draw the road with one stroke, or tap its bends; its ends join the streets they come near.",
  measure: "Tap from point to point, or draw a line.",
};
const LINE_ALONE = "That is a line, and a zone is a loop: nothing was kept. Draw around it, or tap its corners.";
const POINTS = new Set(["scene", "pin", "threat", "post"]);

/** How a tool is drawn with: a loop, a line or a point. */
function optionsOf(name) {
  if (ZONES.includes(name)) return { closed: true, least: 3, className: `sketch-${name}` };
  if (name === "road" || name === "measure") return { closed: false, least: 2, className: `sketch-${name}` };
  return { closed: false, least: 1, single: true, point: POINTS.has(name), className: `sketch-${name}` };
}

export class Tools {
  /**
   * @param act `{features(), put(features), say(text), let(name), undo(), redo(), canUndo(), canRedo()}`
   */
  constructor(map, act) {
    Object.assign(this, { map, act });
    this.tool = null;
    this.stroke = null;
    this.cross = new Cross(map);
    this.measured = new Measured(map);
    this.purposes = {};
    this.threats = {};
    this.buttons = new Map();
    const box = document.getElementById("tools");
    for (const one of TOOLS) this.addTool(box, one);
    this.undo = button(box, "UNDO", "Undo the last change", () => act.undo());
    this.redo = button(box, "REDO", "Do the undone change again", () => act.redo());
    this.done = button(box, "DONE", "End this line here", () => this.stroke?.done());
    this.cancel = button(box, "CANCEL", "Drop this line", () => this.drop());
    this.undo.classList.add("half", "undo");
    this.redo.classList.add("half", "redo");
    this.addTool(document.getElementById("views"), MEASURE);
    this.cancel.classList.add("half");
    this.done.classList.add("half");
    document.addEventListener("keydown", (event) => this.hear(event));
    this.show();
  }

  addTool(box, { name, label, key, help }) {
    const made = button(box, label, help, (event) => this.press(name, event.detail === 0));
    made.classList.add(`tool-${name}`);
    made.setAttribute("aria-keyshortcuts", key);
    this.buttons.set(name, made);
  }

  press(name, byKey) {
    if (this.beginning() && name === "scene") this.act.say(this.hint()); // nothing else could be meant by a tap
    else if (this.tool?.name === name) this.drop();
    else if (name === "pin") this.openPalette();
    else this.take({ name }, byKey);
  }

  /** Whether the scene is in the hand and nothing is there yet. */
  beginning() {
    return this.tool?.name === "scene" && !this.act.features().length;
  }

  openPalette() {
    this.take(null);
    const palette = document.getElementById("palette");
    palette.hidden = false;
    this.show();
    palette.querySelector("button")?.focus({ preventScroll: true });
  }

  closePalette() {
    if (!document.getElementById("palette").hidden) this.take(null);
  }

  setPurposes(purposes, threats) {
    if (JSON.stringify([purposes, threats]) === JSON.stringify([this.purposes, this.threats])) return;
    Object.assign(this, { purposes, threats });
    const palette = document.getElementById("palette");
    palette.replaceChildren(element("h2", "", "Pin which site? Threats: below"));
    for (const [purpose, [short, name]] of Object.entries(purposes)) {
      const made = button(palette, "", name, (event) => this.take({ name: "pin", purpose }, event.detail === 0));
      made.replaceChildren(symbol(purpose), element("strong", "", short), element("span", "word", name));
      made.removeAttribute("aria-label"); // its words say it
    }
    palette.append(element("h2", "", "Or which further threat?"));
    for (const [threat, name] of Object.entries(threats)) {
      button(palette, name, `Further threat: ${name}`, (event) => this.take({ name: "threat", threat }, event.detail === 0));
    }
    button(palette, "CLOSE", "Pin nothing", () => this.take(null));
  }

  /** Take a tool into the hand, or none; `byKey`: by one who draws with keys. */
  take(tool, byKey = false) {
    const stroke = this.stroke;
    this.stroke = null;
    this.tool = null;
    stroke?.cancel();
    document.getElementById("palette").hidden = true;
    this.measured.clear();
    this.tool = tool;
    this.cross.show(false);
    this.act.let(tool);
    if (tool) {
      this.act.say([this.hint(), byKey ? KEYS : ""].filter(Boolean).join(" "));
      this.stroke = new Stroke(this.map, optionsOf(tool.name), (places) => this.finish(tool, places), (corners) => this.corners(corners));
      if (byKey) this.map.getContainer().focus({ preventScroll: true });
      if (byKey) this.cross.move(L.point(0, 0));
    } else this.act.say("");
    this.show();
  }

  hint() {
    const { name, purpose, post, threat } = this.tool;
    if (name === "pin") return `Tap where it is to be: ${this.purposes[purpose]?.[1] ?? purpose}.`;
    if (name === "threat") return `Tap where the further threat is: ${this.threats[threat] ?? threat}.`;
    if (name === "post") return `Tap where post ${post.label} is to stand.`;
    return HINTS[ZONES.includes(name) ? "zone" : name];
  }

  corners(corners) {
    const { name } = this.tool;
    const count = corners.length;
    if (name === "measure") this.act.say(count > 1 ? measured(this.map, corners) : HINTS.measure);
    else if (name === "road") this.act.say(count > 1 ? "Tap the last bend again, or DONE, to end." : HINTS.road);
    else this.act.say(count < 3 ? `${HINTS.zone} ${count} so far.` : "Tap the first corner again, or DONE, to close.");
    this.done.disabled = !this.stroke?.enough();
  }

  finish(tool, places) {
    if (this.tool !== tool) return; // another tool was taken meanwhile
    this.stroke = null;
    this.tool = null;
    this.cross.show(false);
    if (!places) {
      this.take(tool);
      this.act.say(LINE_ALONE);
      return;
    }
    this.act.say(tool.name === "measure" ? this.measured.show(places) : "");
    this.show();
    if (tool.name !== "measure") this.put(tool, places);
  }

  put(tool, places) {
    const features = this.act.features();
    const but = (test) => features.filter((one) => !test(one.properties));
    const { name } = tool;
    if (name === "scene") this.act.put([sceneFeature(places.at(-1)), ...but((one) => one.kind === "incident")]);
    else if (name === "blocked") this.act.put([...features, closureFeature(places)]);
    else if (name === "threat") this.act.put([...features, threatFeature(tool.threat, places.at(-1))]);
    else if (name === "road") this.act.put([...features, roadFeature(places)]);
    else if (name === "post") this.act.put([...features, postFeature(tool.post, "move", places.at(-1))]);
    else if (name === "pin") {
      this.act.put([...but((one) => one.kind === "pin" && one.purpose === tool.purpose), pinAt(tool.purpose, places.at(-1), tool.moved)]);
    } else this.act.put([...features, zoneFeature(name, places)]);
  }

  drop() {
    this.take(null);
  }

  show() {
    const pinning = !document.getElementById("palette").hidden;
    for (const [name, made] of this.buttons) {
      made.setAttribute("aria-pressed", String(this.tool?.name === name || (name === "pin" && (pinning || this.tool?.name === "threat"))));
    }
    const drawing = this.stroke !== null;
    this.map.getContainer().classList.toggle("drawing", drawing);
    const long = drawing && !optionsOf(this.tool.name).single;
    this.done.hidden = !long;
    this.cancel.hidden = !drawing || this.beginning();
    this.done.disabled = !this.stroke?.enough();
    this.undo.hidden = this.redo.hidden = !this.cancel.hidden;
    this.undo.disabled = !this.act.canUndo();
    this.redo.disabled = !this.act.canRedo();
  }

  // --- by keyboard ---

  hear(event) {
    if (event.defaultPrevented || event.altKey) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") (event.shiftKey ? this.redo : this.undo).click();
      else if (key === "y") this.redo.click();
      else return;
      event.preventDefault();
      return;
    }
    if (this.stroke && this.draw(event)) {
      event.preventDefault();
      event.stopImmediatePropagation(); // the map itself hears arrow keys too, and would move under the cross
      return;
    }
    const tool = [...TOOLS, MEASURE].find((one) => one.key === key);
    if (tool) {
      event.preventDefault();
      this.press(tool.name, true);
    } else if (key === "escape") this.act.escape();
    else if (key === "delete" || key === "backspace") this.act.remove();
  }

  /** A key while a stroke is in the hand; whether it was one for it. */
  draw(event) {
    if (event.key === "Escape") {
      this.drop();
      return true;
    }
    if (event.key === "Backspace") {
      this.stroke.dropCorner();
      return true;
    }
    if (event.target.closest("button, input")) return false;
    const step = stepOf(event);
    if (step) {
      const place = this.cross.move(step);
      this.stroke.drawSketch(place);
      return true;
    }
    if (event.key === " " && this.cross.at) this.stroke.addCorner(this.cross.place());
    else if (event.key === "Enter" && this.stroke.options.single && this.cross.at) this.stroke.addCorner(this.cross.place());
    else if (event.key === "Enter") this.stroke.done();
    else return false;
    return true;
  }
}

const GLYPHS = {
  UNDO: "M9 5L4 10l5 5M4 10h9a6 6 0 0 1 0 12h-3",
  REDO: "M15 5l5 5-5 5M20 10h-9a6 6 0 0 0 0 12h3",
  DONE: "M4 13l5 5L20 6",
  CANCEL: "M5 5l14 14M19 5L5 19",
  KEY: "M4 6h3M10 6h10M4 12h3M10 12h10M4 18h3M10 18h10",
  RULER: "M3 17L17 3l4 4L7 21zM7 13l2 2M10 10l2 2M13 7l2 2",
  WHOLE: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
};

/** A sign above a button's word; on a phone it stands alone. */
function glyph(label) {
  const box = document.createElement("span");
  box.setAttribute("aria-hidden", "true");
  box.innerHTML = `<svg class="glyph" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="2.4"><path d="${GLYPHS[label]}"/></svg>`;
  return box;
}

/** A button for a thumb. */
export function button(box, label, help, act) {
  const made = element("button", "tool", label in GLYPHS ? "" : label);
  if (label in GLYPHS) made.append(glyph(label), element("span", "word", label));
  made.type = "button";
  made.title = help;
  made.setAttribute("aria-label", label ? `${label}: ${help}` : help);
  made.addEventListener("click", act);
  box.append(made);
  return made;
}
