// Where is it, by words: suggestions while typing, chosen by finger, mouse or keys. The server searches.

const PAUSE_MS = 180;
const REPEAT_MS = 8000; // longer than a plan takes, or a slow one would be asked for twice
const LATE = "The scene is not saved yet: the server does not answer. It is sent again.";
const MAP = 'iframe[title*="incident_map"]';
const boxes = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".search");
  if (!boxes.has(root)) boxes.set(root, new Search(root));
  const box = boxes.get(root);
  box.tell = setStateValue;
  box.show(data);
}

function element(tag, attributes, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

class Search {
  constructor(root) {
    this.root = root;
    this.session = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");
    this.number = 0;
    this.unheard = null;
    this.found = [];
    this.answer = null;
    this.at = -1;
    this.field = element("input", {
      id: "find-place", type: "text", role: "combobox", autocomplete: "off", autocapitalize: "none", spellcheck: "false",
      "aria-expanded": "false", "aria-controls": "found-places", "aria-autocomplete": "list", enterkeyhint: "search",
      placeholder: "Find: school, corner ...", "aria-label": "Find: school, address, corner, lat,lon or USNG",
    });
    this.list = element("ul", { id: "found-places", role: "listbox", "aria-label": "Places found" });
    this.said = element("p", { role: "status" });
    this.list.hidden = true;
    root.replaceChildren(this.field, this.list, this.said);
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", ({ target }) => {
      const row = target.closest("[role=option]");
      if (row) this.pick([...this.list.children].indexOf(row));
    });
  }

  show(answer) {
    this.answer = answer;
    this.acknowledge(answer.acknowledged);
    if (this.place !== answer.place) {
      this.place = answer.place;
      this.unheard = null;
      this.clear();
      return;
    }
    this.suggest(answer);
  }

  suggest({ text, found, none }) {
    if (text !== this.field.value.trim()) return; // an answer to what was typed before
    this.waiting = false;
    this.found = found;
    this.at = found.length ? 0 : -1;
    this.list.replaceChildren(...found.map((one, number) => this.row(one, number)));
    this.list.hidden = !found.length;
    this.field.setAttribute("aria-expanded", String(found.length > 0));
    this.said.textContent = none;
    this.mark();
    if (this.entered && found.length) this.pick(0);
    this.entered = false;
  }

  row({ title, kind }, number) {
    const row = element("li", { id: `found-${number}`, role: "option", class: "found", "aria-selected": "false" });
    row.append(element("b", {}, title), element("span", {}, kind));
    return row;
  }

  mark() {
    [...this.list.children].forEach((row, number) => row.setAttribute("aria-selected", String(number === this.at)));
    if (this.at >= 0) this.field.setAttribute("aria-activedescendant", `found-${this.at}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  typed() {
    clearTimeout(this.pause);
    this.waiting = true;
    this.entered = false;
    this.pause = setTimeout(() => this.ask(this.field.value.trim()), PAUSE_MS);
  }

  /** Ask for suggestions; what was asked last is here still, and would not be answered a second time. */
  ask(text) {
    if (text && text === this.answer?.text) this.suggest(this.answer);
    else this.tell("typed", text);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      this.at = (this.at + step + this.found.length) % this.found.length;
      this.mark();
      event.preventDefault();
    } else if (event.key === "Enter") {
      if (this.waiting) this.entered = true; // the answer is on its way
      else if (this.at >= 0) this.pick(this.at);
    } else if (event.key === "Escape") this.clear();
  }

  pick(number) {
    const chosen = this.found[number];
    if (!chosen) return;
    this.number += 1;
    this.unheard = { session: this.session, number: this.number, at: chosen.at, title: chosen.title, place: this.place };
    this.tell("picked", this.unheard);
    this.repeat();
    this.clear();
    this.said.textContent = `Scene: ${chosen.title}`;
    document.querySelector(MAP)?.contentWindow.postMessage({ planner: "scene found" }, "*");
    if (matchMedia("(pointer: coarse)").matches) this.field.blur(); // or a tablet's keyboard covers the plan
  }

  /** The scene is on the server's disk up to this number of this session. */
  acknowledge(word) {
    if (!this.unheard || word?.session !== this.session || word.number < this.unheard.number) return;
    if (this.said.textContent === LATE) this.said.textContent = `Scene: ${this.unheard.title}`;
    this.unheard = null;
  }

  /** Again until the server has it: while the connection or the server is gone, nobody listens. */
  repeat() {
    clearTimeout(this.repeating);
    this.repeating = setTimeout(() => {
      if (!this.unheard) return;
      this.said.textContent = LATE;
      this.tell("picked", this.unheard);
      this.repeat();
    }, REPEAT_MS);
  }

  clear() {
    clearTimeout(this.pause);
    this.waiting = this.entered = false;
    this.field.value = "";
    this.found = [];
    this.at = -1;
    this.list.replaceChildren();
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.said.textContent = "";
    this.mark();
  }
}
