// The plan in words, and what its user says about it. Markup comes from Python; a press goes back as a word,
// said again until the server has it on its disk. Nothing that the reader opened or typed is lost to a new plan.

const REPEAT_MS = 5000;
const AGE_MS = 20000;
const COPIED_MS = 2000;
const STEPS_SETTLE_MS = 600;
const CLICK_FOLLOWS_MS = 60;
const SEEN_PX = 220; // of a tab's panel, at the lower edge of the screen: a heading and a line or two
const LONGEST_PRESS_MS = 3000;
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const TAGS = new Set(
  "DIV,P,B,H2,H3,UL,OL,LI,SPAN,DETAILS,SUMMARY,TABLE,THEAD,TBODY,CAPTION,TR,TH,TD,BUTTON,LABEL,INPUT,TEXTAREA,SELECT,OPTION,PRE,TIME,OUTPUT,FIELDSET,LEGEND,DL,DT,DD,SECTION".split(","),
);
const IDLE_MS = 150;
const boards = new WeakMap();

/** Wait until the browser has nothing more urgent to do, which is to draw the plan on the map; not for long. */
function idle() {
  return new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done, { timeout: IDLE_MS }));
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".board");
  if (!boards.has(root)) boards.set(root, new Board(root));
  const board = boards.get(root);
  board.tell = (said) => setStateValue("said", said);
  board.show(data);
  return () => board.rest();
}

class Board {
  constructor(root) {
    this.root = root;
    this.session = Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("");
    this.number = 0;
    this.unheard = [];
    this.packed = null;
    this.markup = null;
    this.tab = null;
    root.addEventListener("click", (event) => this.pressed(event));
    root.addEventListener("pointerdown", () => this.hold());
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("change", (event) => this.entered(event.target));
    root.addEventListener("input", (event) => this.typing(event.target));
    this.clock = setInterval(() => this.tellAges(), AGE_MS);
  }

  rest() {
    clearTimeout(this.repeating);
  }

  // --- what Python says ---

  show({ markup, incident, plan, acknowledged }) {
    this.plan = plan;
    if (this.incident !== incident) this.unheard = this.unheard.filter((word) => word.incident === incident);
    this.incident = incident;
    if (acknowledged?.session === this.session) {
      this.unheard = this.unheard.filter((word) => word.number > acknowledged.number);
    }
    if (markup !== this.packed) this.unpack(markup);
    if (!this.unheard.length) this.root.querySelectorAll("[aria-busy]").forEach((one) => one.removeAttribute("aria-busy"));
    this.tellUnheard();
    this.repeat();
  }

  /** Markup comes compressed; of two that come close together only the last is drawn. */
  async unpack(packed) {
    this.packed = packed;
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const markup = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
    if (this.markup !== null) await idle();
    await this.held; // what a finger rests on must be there when it lifts, or its press is lost
    if (packed === this.packed) this.draw(markup);
  }

  /** While a finger is down the board stays as it is: until the click that follows, for some seconds at most. */
  hold() {
    this.held = new Promise((done) => {
      const lifted = () => setTimeout(done, CLICK_FOLLOWS_MS);
      addEventListener("pointerup", lifted, { once: true, capture: true });
      addEventListener("pointercancel", lifted, { once: true, capture: true });
      setTimeout(done, LONGEST_PRESS_MS);
    });
  }

  draw(markup) {
    const fresh = clean(markup);
    const before = this.markup === null ? null : this.keep();
    this.markup = markup;
    this.root.replaceChildren(fresh);
    this.root.dataset.plan = this.plan;
    this.choose(this.tab); // first: nothing on a tab that is not shown takes the focus
    if (before) this.restore(before);
    this.tellAges();
    this.tellUnheard();
  }

  /** What the reader has open, and where they are. */
  keep() {
    const { activeElement } = document;
    const active = activeElement !== this.root && this.root.contains(activeElement) ? activeElement : null;
    const open = [...this.root.querySelectorAll("details[id]")].filter((one) => one.open).map((one) => one.id);
    const typed = active?.matches("input,textarea") ? { value: active.value, at: active.selectionStart } : null;
    return { open, typed, focus: active?.id, on: active?.dataset.on };
  }

  restore({ open, typed, focus, on }) {
    for (const id of open) this.byId(id)?.setAttribute("open", "");
    if (focus === undefined) return;
    // What was pressed may be gone: then what else can be done about the same thing, or its part of the plan.
    const again = focus ? this.byId(focus) : null;
    const active = again ?? (on && this.root.querySelector(`.act[data-on="${CSS.escape(on)}"]`)) ?? this.tabs().find((tab) => tab.dataset.tab === this.tab);
    if (!active) return;
    if (!again) return active.focus({ preventScroll: true });
    active.focus({ preventScroll: true });
    if (!typed || active.type === "checkbox" || active.type === "range") return;
    active.value = typed.value;
    if (active.type === "text" || active.tagName === "TEXTAREA") active.setSelectionRange(typed.at, typed.at);
  }

  byId(id) {
    return this.root.querySelector(`#${CSS.escape(id)}`);
  }

  tellAges() {
    for (const one of this.root.querySelectorAll("time[datetime]")) {
      const minutes = Math.floor((Date.now() - Date.parse(one.dateTime)) / 60000);
      if (Number.isFinite(minutes)) one.textContent = minutes < 1 ? "<1 min" : minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
    }
  }

  // --- tabs: all is in the page, one part is in view ---

  tabs() {
    return [...this.root.querySelectorAll("[role=tab]")];
  }

  choose(name, focus = false) {
    const tabs = this.tabs();
    const chosen = tabs.find((tab) => tab.dataset.tab === name) ?? tabs[0];
    if (!chosen) return;
    this.tab = chosen.dataset.tab;
    for (const tab of tabs) {
      const here = tab === chosen;
      tab.setAttribute("aria-selected", String(here));
      tab.tabIndex = here ? 0 : -1;
      const panel = this.byId(tab.getAttribute("aria-controls"));
      if (panel) panel.hidden = !here;
    }
    if (focus) chosen.focus();
  }

  /** Choose a tab, and bring what it shows into sight where it is below the edge of the screen. */
  turnTo(tab) {
    this.choose(tab.dataset.tab);
    const panel = this.byId(tab.getAttribute("aria-controls"));
    const { top, bottom } = panel.getBoundingClientRect();
    if (top > innerHeight - SEEN_PX && bottom > innerHeight) tab.parentElement.scrollIntoView({ block: "start" });
  }

  // --- what the user does ---

  pressed({ target }) {
    const tab = target.closest("[role=tab]");
    if (tab) return this.turnTo(tab);
    const copied = target.closest("[data-copy]");
    if (copied) return copy(copied, this.byId(copied.dataset.copy));
    const leads = target.closest("button[data-focus]");
    if (leads) return this.lead(leads.dataset);
    const step = target.closest("button[data-step]");
    if (step) return this.step(this.byId(step.dataset.of), Number(step.dataset.step));
    const button = target.closest("button[data-act]");
    if (!button || button.getAttribute("aria-busy")) return undefined;
    if (button.dataset.tab) this.choose(button.dataset.tab);
    const again = button.dataset.each !== undefined; // a count: whoever presses twice means two
    return this.say({ act: button.dataset.act, on: button.dataset.on }, again ? null : button);
  }

  /** To an entry on another tab. */
  lead({ tab, focus }) {
    this.choose(tab);
    this.byId(focus)?.focus({ preventScroll: true });
    this.byId(focus)?.scrollIntoView({ block: "center" });
  }

  key(event) {
    if (!event.target.matches("[role=tab]")) return;
    const tabs = this.tabs();
    const at = tabs.indexOf(event.target);
    const ends = { Home: 0, End: tabs.length - 1 };
    const next = event.key in ends ? ends[event.key] : event.key in STEPS ? (at + STEPS[event.key] + tabs.length) % tabs.length : null;
    if (next === null) return;
    event.preventDefault();
    this.choose(tabs[next].dataset.tab, true);
  }

  entered(field) {
    if (!field.dataset.act) return;
    const value = field.type === "checkbox" ? field.checked : field.value;
    this.say({ act: field.dataset.act, on: field.dataset.on, value }, null);
  }

  /** The slider says at once what so many officers hold: every answer is in the page already. */
  typing(field) {
    if (!field.dataset.steps) return;
    const row = JSON.parse(field.dataset.steps).findLast(([officers]) => officers <= Number(field.value));
    const said = this.byId(field.getAttribute("aria-describedby"));
    const held = `${field.value} ${field.value === "1" ? "officer" : "officers"}: ${row[1]}`;
    if (said) said.textContent = held;
    field.setAttribute("aria-valuetext", held);
  }

  /** Move a slider by its buttons; many presses in a row are one word. */
  step(field, by) {
    field.value = Number(field.value) + by;
    this.typing(field);
    clearTimeout(this.stepping);
    this.stepping = setTimeout(() => this.entered(this.byId(field.id)), STEPS_SETTLE_MS);
  }

  // --- words for the server ---

  say(word, busy) {
    busy?.setAttribute("aria-busy", "true");
    this.number += 1;
    this.unheard.push({ ...word, incident: this.incident, plan: this.plan, number: this.number });
    this.tellUnheard();
    this.tellAll();
  }

  /** How many words are not on the server's disk yet, where that is to be read. */
  tellUnheard() {
    const count = this.unheard.length;
    for (const one of this.root.querySelectorAll("[data-unsaid]")) one.textContent = count ? `${count} ${one.dataset.unsaid}` : "";
  }

  tellAll() {
    this.tell({ session: this.session, words: this.unheard });
    this.repeat();
  }

  /** Again until the server has it: while the connection or the server is gone, nobody listens. */
  repeat() {
    clearTimeout(this.repeating);
    if (this.unheard.length) this.repeating = setTimeout(() => this.tellAll(), REPEAT_MS);
  }
}

/** Markup as elements, and nothing in it that could act by itself, whatever a name from a map may hold. */
function clean(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  for (const one of template.content.querySelectorAll("*")) {
    if (!TAGS.has(one.tagName)) one.replaceWith(document.createTextNode(one.textContent));
    for (const { name } of [...one.attributes]) if (/^(on|src|href|style|action|formaction)/i.test(name)) one.removeAttribute(name);
  }
  return template.content;
}

async function copy(button, source) {
  const text = source.value ?? source.textContent;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard without https or localhost: mark the text and let the browser copy the old way.
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (!document.execCommand("copy")) {
      button.textContent = "Marked: press Ctrl+C";
      return;
    }
  }
  button.textContent = "COPIED";
  setTimeout(() => (button.textContent = label), COPIED_MS);
}
