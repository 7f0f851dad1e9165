// The key of the map: what each sign means, and with the same row whether it is shown. And how the map looks.

import { choice, choose, chooseOnline, online } from "./choices.js";
import { LAYERS, element } from "./overlay.js";
import { symbol } from "./symbols.js";

const SAMPLES = {
  zones: [["badge zone-letter zone-letter-hot", "H"], ["badge zone-letter zone-letter-warm", "W"], ["badge zone-letter zone-letter-cold", "C"]],
  perimeters: [["line-sample perimeter-inner", ""], ["line-sample perimeter-outer", ""]],
  posts: [["badge post post-inner", "I1"], ["badge post post-outer", "O2"], ["badge post post-outer post-gate", "O3"], ["badge post post-inner post-foot", "I4"]],
  closed: [["line-sample closed", ""]],
  observations: [["badge observation", "C1"]],
  sites: [],
  alternates: [["badge site alternate", "CP 2"]],
  routes: [["line-sample route-ingress", ""], ["line-sample route-egress", ""], ["line-sample route-transfer", ""], ["line-sample route-public", ""]],
  hospitals: [["badge hospital", "H"]],
};
const MORE = {
  zones: "Hot: hatched. Warm: dotted. Cold: dashed line.",
  perimeters: "Inner: full line. Outer: broken line. Red: not sealed.",
  posts: "Black: inner. White: outer. Green ring: gate, lets units through. Dotted rim: on foot. A dot: number does not fit here; zoom in.",
  closed: "Red bars: nobody can drive here.",
  observations: "Dashed ring: no cover known.",
  alternates: "Second choices and further.",
  routes: "Green: way in. Purple: way out. Teal dots: staging to exchange. Brown dashes: public.",
  hospitals: "On this map.",
};
const THEMES = [["auto", "As the page"], ["light", "Light"], ["dark", "Dark"], ["night", "Night, red"]];

export class Key {
  /** @param act `{layer(name, shown), theme(name), grid(shown), list()}` */
  constructor(box, overlay, act) {
    Object.assign(this, { box, overlay, act });
    this.online = null;
    this.purposes = {};
  }

  setUp(purposes, tiles) {
    const told = JSON.stringify([purposes, tiles]);
    if (this.told === told) return;
    this.told = told;
    this.purposes = purposes;
    this.tiles = tiles;
    this.build();
  }

  build() {
    this.box.replaceChildren(element("h2", "", "Map key"), this.layers(), this.looks(), this.furniture());
  }

  group(title, ...rows) {
    const set = element("fieldset", "");
    set.append(element("legend", "", title), ...rows);
    return set;
  }

  check(label, checked, act, samples = [], more = "") {
    const row = element("label", "key-row");
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = checked;
    input.addEventListener("change", () => act(input.checked));
    const words = element("span", "key-words", label);
    for (const [className, text] of samples) {
      const sample = element("span", className, text);
      sample.setAttribute("aria-hidden", "true");
      words.append(" ", sample);
    }
    if (more) words.append(element("span", "key-more", more));
    row.append(input, words);
    return row;
  }

  layers() {
    const rows = LAYERS.map(([name, label]) => {
      const act = (shown) => {
        choose(`layer ${name}`, shown);
        this.act.layer(name, shown);
      };
      const row = this.check(label, this.overlay.isShown(name), act, SAMPLES[name], MORE[name]);
      if (name === "sites") row.querySelector(".key-words").append(this.siteSigns());
      return row;
    });
    return this.group("Shown", ...rows);
  }

  siteSigns() {
    const signs = element("span", "key-signs");
    for (const [purpose, [short, name]] of Object.entries(this.purposes)) {
      const sign = element("span", "key-sign");
      const sample = element("span", `badge site site-${purpose}`);
      sample.append(symbol(purpose), element("span", "", short));
      sign.append(sample, element("span", "", name));
      signs.append(sign);
    }
    return signs;
  }

  looks() {
    const rows = THEMES.map(([name, label]) => {
      const row = element("label", "key-row");
      const input = document.createElement("input");
      input.type = "radio";
      input.name = "theme";
      input.checked = choice("theme", "auto") === name;
      input.addEventListener("change", () => {
        choose("theme", name);
        this.act.theme();
      });
      row.append(input, element("span", "key-words", label));
      return row;
    });
    return this.group("Colours of the map", ...rows);
  }

  furniture() {
    const grid = this.check("USNG grid", choice("grid", true), (shown) => {
      choose("grid", shown);
      this.act.grid(shown);
    });
    const list = element("button", "tool", "Read the map as a table");
    list.type = "button";
    list.addEventListener("click", () => this.act.list());
    const rows = [grid, list];
    if (this.tiles) {
      const act = (wanted) => chooseOnline(wanted ? this.tiles.host : "");
      const more = `Pictures come from ${this.tiles.host}, which learns what you look at. Off: nothing leaves this machine.`;
      rows.push(this.check("Online map beneath", online(this.tiles.host), act, [], more));
    }
    return this.group("More", ...rows);
  }
}
