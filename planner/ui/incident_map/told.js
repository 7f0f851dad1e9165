// What the map says, as a table: for screen readers, and for whoever would rather read. Each row leads to its place.

import { LAYERS, element } from "./overlay.js";
import { usng } from "./usng.js";

const KINDS = Object.fromEntries(LAYERS.map(([name, title]) => [name, title.split(/[:,]/)[0]]));
const SIDES = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];

export class Told {
  /** @param go called with an object of the plan whose row was chosen */
  constructor(map, box, go) {
    Object.assign(this, { map, box, go });
  }

  show(objects, scene, distance) {
    const table = element("table", "");
    table.append(element("caption", "", "What the map shows"));
    const head = element("tr", "");
    for (const title of ["What", "Name", "From the scene", "USNG", "In words"]) {
      const cell = element("th", "", title);
      cell.scope = "col";
      head.append(cell);
    }
    const body = element("tbody", "");
    for (const one of objects) body.append(this.row(one, scene, distance));
    const top = element("thead", "");
    top.append(head);
    table.append(top, body);
    this.box.replaceChildren(table);
  }

  row(one, scene, distance) {
    const row = element("tr", "");
    const name = element("th", "");
    name.scope = "row";
    if (one.at) {
      const button = element("button", "row-button", one.title);
      button.type = "button";
      button.addEventListener("click", () => this.go(one));
      name.append(button);
    } else name.textContent = one.title;
    const at = one.at && L.latLng(one.at[1], one.at[0]);
    row.append(
      element("td", "", KINDS[one.part]),
      name,
      element("td", "", at && scene ? `${distance(scene.distanceTo(at))} ${sideOf(scene, at)}` : ""),
      element("td", "", at ? usng(at.lat, at.lng) : ""),
      element("td", "", one.lines.join(" ")),
    );
    return row;
  }
}

/** In which direction a place lies from another. */
export function sideOf(from, to) {
  const east = (to.lng - from.lng) * Math.cos((from.lat * Math.PI) / 180);
  const turn = (Math.atan2(east, to.lat - from.lat) * 180) / Math.PI;
  return SIDES[Math.round(((turn + 360) % 360) / 45) % 8];
}
