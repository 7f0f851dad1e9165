// One stroke by finger, mouse or keyboard: a freehand line or loop, or corner by corner. And what strokes become:
// GeoJSON features of the incident document, so that what is drawn is what is stored.

import { wrappedLng } from "./meridian.js";

export const ZONES = ["hot", "warm", "cold"];
const STROKE_STARTS_PX = 10;
const CLOSES_AT_PX = 24;
const KEEP_WITHIN_PX = 2.5;
const STEP_PX = 10;
const CLICK_FOLLOWS_MS = 350;
const LONG_STEP_PX = 60;
const DECIMALS = 1e7;
const PARTED = new Set(["zone", "closure", "field_road"]);
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

const rounded = (degrees) => Math.round(degrees * DECIMALS) / DECIMALS;
export const lonLat = ({ lat, lng }) => [rounded(wrappedLng(lng)), rounded(lat)];

export function newId() {
  return `d${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
}

export function feature(properties, geometry, id = newId()) {
  return { type: "Feature", id, properties, geometry };
}

/** How far an arrow key moves something, in pixels, or null for another key. */
export function stepOf(event) {
  const way = ARROWS[event.key];
  const size = event.shiftKey ? LONG_STEP_PX : STEP_PX;
  return way ? L.point(way[0] * size, way[1] * size) : null;
}

/** A cross on the map that arrow keys move: the pointer of those who use none. */
export class Cross {
  constructor(map) {
    this.map = map;
    this.mark = document.createElement("div");
    this.mark.className = "cross-hair";
    this.mark.hidden = true;
    this.mark.setAttribute("aria-hidden", "true");
    map.getContainer().append(this.mark);
  }

  show(shown) {
    this.mark.hidden = !shown;
    if (!shown) this.at = null;
  }

  move(step) {
    const size = this.map.getSize();
    const wanted = (this.at ?? size.divideBy(2)).add(step);
    this.at = L.point(Math.min(size.x, Math.max(0, wanted.x)), Math.min(size.y, Math.max(0, wanted.y)));
    const beyond = wanted.subtract(this.at);
    if (beyond.x || beyond.y) this.map.panBy(beyond, { animate: false }); // at the edge the map moves on
    this.mark.style.transform = `translate(${this.at.x}px, ${this.at.y}px)`;
    this.mark.hidden = false;
    return this.place();
  }

  place() {
    return this.at && this.map.containerPointToLatLng(this.at);
  }
}

/** After a finger's tap comes a click, aimed at what lies there by then: it is not to select what the tap put there. */
function swallowClick(box) {
  const swallow = (event) => event.stopPropagation();
  box.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => box.removeEventListener("click", swallow, { capture: true }), CLICK_FOLLOWS_MS);
}

/** One stroke: from the first touch to a finished line, loop or point. Works until `finish` is called. */
export class Stroke {
  /**
   * @param map the Leaflet map
   * @param options `{closed, single, point, className, least}`: a loop; a tap alone ends it; only a tap: a finger
   *   that moves moves the map; its look; fewest corners
   * @param finish called once with the list of places, or with null if nothing was drawn
   * @param progress called with the corners so far, so that the page can say what comes next
   */
  constructor(map, options, finish, progress) {
    Object.assign(this, { map, options, finish, progress });
    this.corners = [];
    this.freehand = null;
    this.pointer = null;
    this.box = map.getContainer();
    const look = { className: `sketch ${options.className}`, weight: 4, dashArray: "6 6", interactive: false };
    this.sketch = L.polyline([], look).addTo(map);
    this.first = null;
    this.listeners = {
      pointerdown: (event) => this.down(event), pointermove: (event) => this.move(event),
      pointerup: (event) => this.up(event), pointercancel: () => this.dropFreehand(),
    };
    for (const [name, heard] of Object.entries(this.listeners)) this.box.addEventListener(name, heard);
    if (!options.point) map.dragging.disable();
    map.doubleClickZoom.disable();
  }

  place(event) {
    return this.map.mouseEventToLatLng(event);
  }

  onControl(event) {
    return event.target.closest(".leaflet-control") !== null;
  }

  down(event) {
    if (this.onControl(event) || event.button > 0) return;
    if (this.pointer !== null) {
      // A second finger: the hand wants to pinch, not to draw.
      this.dropFreehand();
      return;
    }
    this.pointer = event.pointerId;
    this.start = this.map.mouseEventToContainerPoint(event);
    this.freehand = [this.place(event)];
  }

  move(event) {
    if (event.pointerId !== this.pointer || !this.freehand) {
      this.drawSketch(this.place(event));
      return;
    }
    this.freehand.push(this.place(event));
    if (this.strokeBegun(event) && !this.options.point) this.sketch.setLatLngs([...this.corners, ...this.freehand]);
  }

  strokeBegun(event) {
    this.begun ||= this.map.mouseEventToContainerPoint(event).distanceTo(this.start) > STROKE_STARTS_PX;
    return this.begun;
  }

  up(event) {
    if (event.pointerId !== this.pointer) return;
    const drawn = this.freehand;
    const begun = this.begun;
    this.dropFreehand();
    if (!drawn || (begun && this.options.point)) return;
    swallowClick(this.box);
    if (begun) this.end([...this.corners, ...this.thinned([...drawn, this.place(event)])]);
    else this.addCorner(this.place(event));
  }

  dropFreehand() {
    this.pointer = null;
    this.freehand = null;
    this.begun = false;
    this.drawSketch();
  }

  thinned(places) {
    const points = places.map((place) => this.map.latLngToLayerPoint(place));
    return L.LineUtil.simplify(points, KEEP_WITHIN_PX).map((point) => this.map.layerPointToLatLng(point));
  }

  addCorner(place) {
    if (this.options.single) {
      this.end([place]);
      return;
    }
    const near = (a, b) => this.map.latLngToContainerPoint(a).distanceTo(this.map.latLngToContainerPoint(b)) < CLOSES_AT_PX;
    const closing = this.options.closed ? this.corners[0] : this.corners.at(-1);
    if (this.enough() && near(closing, place)) {
      this.done();
      return;
    }
    if (this.corners.length && near(this.corners.at(-1), place)) return;
    this.corners.push(place);
    this.first ??= L.circleMarker(place, { radius: 9, className: `sketch ${this.options.className}`, weight: 3, interactive: false }).addTo(this.map);
    this.drawSketch();
    this.progress(this.corners);
  }

  dropCorner() {
    this.corners.pop();
    if (!this.corners.length) {
      this.first?.remove();
      this.first = null;
    }
    this.drawSketch();
    this.progress(this.corners);
  }

  drawSketch(towards) {
    const line = towards && this.corners.length ? [...this.corners, towards] : this.corners;
    this.sketch.setLatLngs(line);
  }

  enough(places = this.corners) {
    return places.length >= this.options.least;
  }

  done() {
    if (this.enough()) this.end(this.corners);
  }

  cancel() {
    this.end([]);
  }

  end(places) {
    for (const [name, heard] of Object.entries(this.listeners)) this.box.removeEventListener(name, heard);
    this.sketch.remove();
    this.first?.remove();
    this.map.dragging.enable();
    this.map.doubleClickZoom.enable();
    this.finish(this.enough(places) ? places : null);
  }
}

// --- what others drew -------------------------------------------------------------------------------------

/** Features of one part each: what came in one piece of many parts is chosen, changed and deleted part by part. */
export function inParts(features) {
  return features.flatMap((one) => {
    const { type, coordinates } = one.geometry;
    if (!PARTED.has(one.properties.kind) || !type.startsWith("Multi")) return [one];
    const part = (at) => ({ type: type.slice("Multi".length), coordinates: at });
    if (coordinates.length === 1) return [{ ...one, geometry: part(coordinates[0]) }];
    return coordinates.map((at, k) => ({ ...one, id: `${one.id} part ${k + 1}`, geometry: part(at) }));
  });
}

// --- strokes as features ---------------------------------------------------------------------------------

const point = (place) => ({ type: "Point", coordinates: lonLat(place) });
const lineOf = (places) => ({ type: "LineString", coordinates: places.map(lonLat) });

/** A finished zone. */
export function zoneFeature(zone, places) {
  const ring = places.map(lonLat);
  return feature({ kind: "zone", zone }, { type: "Polygon", coordinates: [[...ring, ring[0]]] });
}

/** A finished "blocked here": a point or a line. */
export function closureFeature(places) {
  return feature({ kind: "closure" }, places.length === 1 ? point(places[0]) : lineOf(places));
}

/** A road that the map does not show. */
export function roadFeature(places) {
  return feature({ kind: "field_road" }, lineOf(places));
}

/** A further threat: a suspicious bag, a second shooter. What was done about it is not known yet. */
export function threatFeature(threat, place) {
  return feature({ kind: "threat", threat, status: "reported" }, point(place));
}

/** The tapped scene. */
export function sceneFeature(place) {
  return feature({ kind: "incident" }, point(place));
}

/** The user's own choice of a site. One for each purpose: a new choice takes the place of the earlier one. */
export function pinFeature(purpose, geometry, more = {}) {
  return feature({ kind: "pin", purpose, ...more, set_at: new Date().toISOString() }, geometry, `pin-${purpose}`);
}

/** A pin at a place; `moved` if a site stood elsewhere before. */
export function pinAt(purpose, place, moved) {
  return pinFeature(purpose, point(place), moved ? { moved } : {});
}

/** A pin on other ground than before: no longer the suggestion that may have been accepted. */
export function movedPin(pin, geometry) {
  return pinFeature(pin.properties.purpose, geometry, { moved: true });
}

/** "Not here" for one purpose. */
export function rejectFeature(site) {
  const [lon, lat] = site.within;
  const properties = { kind: "reject", purpose: site.purpose, name: site.name, set_at: new Date().toISOString() };
  return feature(properties, { type: "Point", coordinates: [lon, lat] });
}

/** What the user did to a post. */
export function postFeature(post, edit, to) {
  const properties = { kind: "post_edit", edit, name: `${post.label} ${post.street}` };
  if (edit !== "open") properties.perimeter = post.perimeter;
  const here = [...post.at];
  const geometry = to ? { type: "LineString", coordinates: [here, lonLat(to)] } : { type: "Point", coordinates: here };
  return feature(properties, geometry);
}
