// What is selected, in words, and what can be done with it: in one place of the map, never over the whole of it.

import { ZONES, pinFeature, postFeature, rejectFeature } from "./draw.js";
import { nameOf } from "./drawings.js";
import { element } from "./overlay.js";
import { button } from "./tools.js";

export class Selected {
  /** @param act `{features(), put(features), take(tool), drawings, close()}` */
  constructor(box, act) {
    Object.assign(this, { box, act });
  }

  hide() {
    this.box.hidden = true;
    this.box.replaceChildren();
  }

  fill(title, lines) {
    const text = element("div", "selected-text");
    text.tabIndex = 0;
    text.hidden = !lines.length;
    text.append(...lines.map((line) => element("p", "", line)));
    this.acts = element("div", "selected-acts");
    this.box.replaceChildren(element("strong", "selected-title", title));
    button(this.box, "✕", "Close: select nothing", () => this.act.close());
    this.box.append(text, this.acts);
    this.box.hidden = false;
  }

  add(label, help, act) {
    return button(this.acts, label, help, act);
  }

  // --- something drawn ---

  /** @param low as for what is planned: the grips of a shape are not to lie under the words */
  showDrawn(feature, low, others = []) {
    const { kind, zone = "hot" } = feature.properties;
    this.box.classList.toggle("below", !low);
    this.fill(nameOf(feature), others);
    for (const other of kind === "zone" ? ZONES : []) {
      if (other === zone) continue;
      const cooler = ZONES.indexOf(other) > ZONES.indexOf(zone);
      const label = cooler ? `DOWNGRADE TO ${other.toUpperCase()}` : `MAKE ${other.toUpperCase()}`;
      this.add(label, `Make this ${zone} zone ${other}`, () => (cooler ? this.ask(feature, zone, other) : this.make(feature, other)));
    }
    if (this.act.drawings.canRemoveCorner()) this.add("REMOVE CORNER", "Take away the corner last tapped", () => this.act.drawings.removeCorner());
    this.add("DELETE", `Delete the ${nameOf(feature)}`, () => this.remove(feature.id));
  }

  /** Less danger is never said by one tap. */
  ask(feature, zone, other) {
    this.fill(`Downgrade ${zone} to ${other}?`, ["Who is inside will take it for less dangerous. The incident commander decides."]);
    const yes = this.add(`YES: ${other.toUpperCase()}`, `Downgrade this zone to ${other}`, () => this.make(feature, other));
    this.add(`KEEP ${zone.toUpperCase()}`, "Change nothing", () => this.showDrawn(feature, !this.box.classList.contains("below")));
    yes.focus({ preventScroll: true });
  }

  make(feature, zone) {
    const changed = { ...feature, properties: { ...feature.properties, zone } };
    this.act.put(this.act.features().map((one) => (one.id === feature.id ? changed : one)));
  }

  remove(id) {
    this.act.put(this.act.features().filter((one) => one.id !== id));
  }

  // --- something of the plan ---

  /** @param low whether it lies in the lower half of the view: the words then go above it */
  showPlanned(one, low) {
    this.fill(one.title, one.lines);
    this.box.classList.toggle("below", !low);
    if (one.part === "sites") this.addForSite(one);
    if (one.part === "posts") this.addForPost(one);
  }

  addForSite(site) {
    const mine = (one) => one.properties.kind === "pin" && one.properties.purpose === site.purpose;
    const but = () => this.act.features().filter((one) => !mine(one));
    if (site.source === "suggested") {
      this.add("ACCEPT", "This site stands fast from now on", () => this.act.put([...but(), acceptedPin(site)]));
      this.add("REJECT", "Do not suggest this place again", () => this.act.put([...but(), rejectFeature(site)]));
    } else this.add("UNPIN", "Leave the choice to the plan again", () => this.act.put(but()));
    this.add("MOVE", "Tap another place for it", (event) => this.act.take({ name: "pin", purpose: site.purpose, moved: true }, event.detail === 0));
  }

  addForPost(post) {
    const edit = (kind) => this.act.put([...this.act.features(), postFeature(post, kind)]);
    this.add("MOVE", "Tap where this post is to stand", (event) => this.act.take({ name: "post", post }, event.detail === 0));
    this.add("REMOVE", "No post here", () => edit("remove"));
    this.add("KEEP OPEN", "This street stays open: no post closes it", () => edit("open"));
  }
}

/** A suggestion accepted: the same ground as it was suggested. */
function acceptedPin(site) {
  const polygons = site.shape;
  let geometry = { type: "Point", coordinates: site.within };
  if (polygons.length === 1) geometry = { type: "Polygon", coordinates: polygons[0] };
  else if (polygons.length) geometry = { type: "MultiPolygon", coordinates: polygons };
  return pinFeature(site.purpose, geometry, { name: site.name, accepted: true });
}
