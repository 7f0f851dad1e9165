// Drawing by finger, mouse or keyboard: a freehand loop, or corner by corner; then moving the corners.
// Each shape is a GeoJSON feature of the incident document, so what is drawn is what is stored.

export const ZONES = { hot: "#D55E00", warm: "#E69F00", cold: "#0072B2" };
const STROKE_STARTS_PX = 10;
const CLOSES_AT_PX = 24;
const KEEP_WITHIN_PX = 2.5;
const HANDLES_AT_MOST = 160;
const DECIMALS = 1e7;

const lonLat = ({ lat, lng }) => [Math.round(lng * DECIMALS) / DECIMALS, Math.round(lat * DECIMALS) / DECIMALS];

export function newId() {
  return `d${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
}

export function feature(properties, geometry) {
  return { type: "Feature", id: newId(), properties, geometry };
}

/** One stroke: from the first touch to a finished line, loop or point. Works until `finish` is called. */
export class Stroke {
  /**
   * @param map the Leaflet map
   * @param options `{closed, colour}`: a loop or an open line, and its colour
   * @param finish called once with the list of places, or with null if nothing was drawn
   * @param progress called with the number of corners, so that the page can say what comes next
   */
  constructor(map, options, finish, progress) {
    Object.assign(this, { map, options, finish, progress });
    this.corners = [];
    this.freehand = null;
    this.pointer = null;
    this.box = map.getContainer();
    this.sketch = L.polyline([], { color: options.colour, weight: 4, dashArray: "6 6", interactive: false }).addTo(map);
    this.first = null;
    this.listeners = {
      pointerdown: (event) => this.down(event), pointermove: (event) => this.move(event),
      pointerup: (event) => this.up(event), pointercancel: () => this.dropFreehand(),
    };
    for (const [name, heard] of Object.entries(this.listeners)) this.box.addEventListener(name, heard);
    map.dragging.disable();
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
    if (this.strokeBegun(event)) this.sketch.setLatLngs([...this.corners, ...this.freehand]);
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
    if (!drawn) return;
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
    if (!this.options.closed) {
      this.end([place]);
      return;
    }
    const [first] = this.corners;
    const near = (a, b) => this.map.latLngToContainerPoint(a).distanceTo(this.map.latLngToContainerPoint(b)) < CLOSES_AT_PX;
    if (this.corners.length >= 3 && near(first, place)) {
      this.end(this.corners);
      return;
    }
    if (this.corners.length && near(this.corners.at(-1), place)) return;
    this.corners.push(place);
    this.first ??= L.circleMarker(place, { radius: 9, color: this.options.colour, weight: 3, interactive: false }).addTo(this.map);
    this.drawSketch();
    this.progress(this.corners.length);
  }

  dropCorner() {
    this.corners.pop();
    if (!this.corners.length) {
      this.first?.remove();
      this.first = null;
    }
    this.drawSketch();
    this.progress(this.corners.length);
  }

  drawSketch(towards) {
    const line = towards && this.corners.length ? [...this.corners, towards] : this.corners;
    this.sketch.setLatLngs(line);
  }

  done() {
    this.end(this.corners);
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
    const enough = this.options.closed ? places.length >= 3 : places.length >= 1;
    this.finish(enough ? places : null);
  }
}

/** A finished zone stroke as a feature. */
export function zoneFeature(zone, places) {
  const ring = places.map(lonLat);
  return feature({ kind: "zone", zone }, { type: "Polygon", coordinates: [[...ring, ring[0]]] });
}

/** A finished "blocked here" stroke as a feature: a point or a line. */
export function closureFeature(places) {
  const line = places.map(lonLat);
  const geometry = line.length === 1 ? { type: "Point", coordinates: line[0] } : { type: "LineString", coordinates: line };
  return feature({ kind: "closure" }, geometry);
}

/** The tapped scene as a feature. */
export function sceneFeature(place) {
  return feature({ kind: "incident" }, { type: "Point", coordinates: lonLat(place) });
}

/** What the user drew, shown on the map; a tap selects a shape, and the selected one has handles. */
export class Drawings {
  /** @param changed called with a changed feature (or with its id and null when it goes) */
  constructor(map, changed, selected) {
    Object.assign(this, { map, changed, onSelect: selected });
    map.createPane("drawn").style.zIndex = 410;
    map.createPane("scene").style.zIndex = 630;
    this.shapes = L.layerGroup().addTo(map);
    this.handles = L.layerGroup().addTo(map);
    this.byId = new Map();
    this.chosen = null;
  }

  show(features) {
    this.shapes.clearLayers();
    this.byId.clear();
    for (const one of features) this.add(one);
    const still = this.chosen && this.byId.has(this.chosen) ? this.chosen : null;
    this.select(still);
  }

  add(one) {
    const layer = this.layerOf(one);
    if (!layer) return;
    this.byId.set(one.id, { feature: one, layer });
    layer.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      this.select(this.chosen === one.id ? null : one.id);
    });
    layer.addTo(this.shapes);
  }

  layerOf({ properties, geometry }) {
    const swap = L.GeoJSON.coordsToLatLngs;
    const look = { pane: "drawn", bubblingMouseEvents: false };
    if (properties.kind === "incident") return this.sceneMark(geometry);
    if (properties.kind === "zone") {
      const depth = geometry.type === "MultiPolygon" ? 2 : 1;
      const zone = properties.zone ?? "hot";
      return L.polygon(swap(geometry.coordinates, depth), {
        ...look, color: ZONES[zone], weight: 4, fillOpacity: 0.04, className: `drawn drawn-${zone}`,
      });
    }
    if (properties.kind !== "closure") return null;
    return this.closureLayer(geometry, { ...look, color: "#b00020", weight: 8, dashArray: "2 10", className: "drawn" });
  }

  closureLayer(geometry, look) {
    const swap = L.GeoJSON.coordsToLatLngs;
    if (geometry.type === "LineString") return L.polyline(swap(geometry.coordinates), look);
    if (geometry.type === "Polygon") return L.polygon(swap(geometry.coordinates, 1), look);
    const [lon, lat] = geometry.coordinates;
    const icon = L.divIcon({ className: "badge closure-mark", html: "✕", iconSize: [32, 32] });
    return L.marker([lat, lon], { icon, pane: "plan-marks", alt: "Blocked here", bubblingMouseEvents: false });
  }

  sceneMark(geometry) {
    const [lon, lat] = geometry.coordinates;
    const icon = L.divIcon({ className: "badge scene-mark", html: "", iconSize: [30, 30] });
    return L.marker([lat, lon], { icon, pane: "scene", alt: "Scene", title: "Scene", bubblingMouseEvents: false });
  }

  select(id) {
    this.chosen = id;
    this.handles.clearLayers();
    const found = id && this.byId.get(id);
    for (const [key, { layer }] of this.byId) layer.getElement()?.classList.toggle("chosen", key === id);
    if (found) this.addHandles(found);
    this.onSelect(found ? found.feature : null);
  }

  addHandles({ feature: one, layer }) {
    if (layer instanceof L.Marker) {
      layer.dragging?.enable();
      layer.off("dragend").on("dragend", () => this.commit(one, lonLat(layer.getLatLng())));
      return;
    }
    for (const ring of ringsOf(layer.getLatLngs())) {
      if (ring.length > HANDLES_AT_MOST) continue;
      const closed = layer instanceof L.Polygon;
      ring.forEach((_place, at) => this.addHandle(one, layer, ring, at));
      ring.forEach((_place, at) => (closed || at + 1 < ring.length) && this.addMiddle(one, layer, ring, at));
    }
  }

  handle(place, className, alt) {
    const icon = L.divIcon({ className: `handle ${className}`, iconSize: [44, 44] });
    return L.marker(place, { icon, draggable: true, pane: "scene", alt, bubblingMouseEvents: false }).addTo(this.handles);
  }

  addHandle(one, layer, ring, at) {
    const grip = this.handle(ring[at], "corner", `Corner ${at + 1}`);
    grip.on("drag", () => {
      ring[at] = grip.getLatLng();
      layer.redraw();
    });
    grip.on("dragend", () => this.commitLayer(one, layer));
  }

  addMiddle(one, layer, ring, at) {
    const next = ring[(at + 1) % ring.length];
    const middle = L.latLng((ring[at].lat + next.lat) / 2, (ring[at].lng + next.lng) / 2);
    const grip = this.handle(middle, "middle", `New corner after ${at + 1}`);
    grip.on("dragstart", () => ring.splice(at + 1, 0, grip.getLatLng()));
    grip.on("drag", () => {
      ring[at + 1] = grip.getLatLng();
      layer.redraw();
    });
    grip.on("dragend", () => this.commitLayer(one, layer));
  }

  commitLayer(one, layer) {
    this.commit(one, coordinatesOf(layer.getLatLngs(), layer instanceof L.Polygon));
  }

  commit(one, coordinates) {
    this.changed(one.id, { ...one, geometry: { ...one.geometry, coordinates } });
  }
}

/** Every innermost list of places in Leaflet's nested lists. */
function ringsOf(places) {
  return Array.isArray(places[0]) ? places.flatMap(ringsOf) : [places];
}

function coordinatesOf(places, closed) {
  if (Array.isArray(places[0])) return places.map((part) => coordinatesOf(part, closed));
  const line = places.map(lonLat);
  return closed ? [...line, line[0]] : line;
}
