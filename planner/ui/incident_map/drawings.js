// What the user drew, on the map: a tap or the Enter key selects a shape; the selected one has corners to move, a
// grip to move the whole of it, and both are moved by arrow keys too.

import { lonLat, movedPin, stepOf } from "./draw.js";
import { symbol } from "./symbols.js";

const HANDLES_AT_MOST = 160;
const MIDDLE_FROM_PX = 76;
const MARK_PX = 36;
const BESIDE_PX = [34, -20]; // as the style sheet moves it
const KEYS_SETTLE_MS = 500;
const NAMES = { incident: "Scene", closure: "Blocked street", field_road: "Field road", pin: "Pin", post_edit: "Changed post" };

/** What a drawn feature is called. */
export function nameOf({ properties: { kind, zone = "hot", threat = "unknown" } }) {
  if (kind === "threat") return `Further threat: ${threat.replaceAll("_", " ")}`;
  return kind === "zone" ? `${zone[0].toUpperCase()}${zone.slice(1)} zone, drawn` : NAMES[kind] ?? kind;
}

export class Drawings {
  /**
   * @param changed called with the id and the changed feature
   * @param selected called with the selected feature or null, and the corner that has the focus or -1
   */
  constructor(map, changed, selected) {
    Object.assign(this, { map, changed, onSelect: selected });
    map.createPane("drawn").style.zIndex = 410;
    map.createPane("scene").style.zIndex = 630;
    this.shapes = L.layerGroup().addTo(map);
    this.handles = L.layerGroup().addTo(map);
    this.byId = new Map();
    this.chosen = null;
    this.corner = -1;
    map.on("zoomend", () => this.chosen && this.select(this.chosen));
  }

  show(features) {
    const focus = document.activeElement?.dataset?.grip;
    this.shapes.clearLayers();
    this.byId.clear();
    this.scene = String(features.find((one) => one.properties.kind === "incident")?.geometry.coordinates);
    for (const one of features) this.add(one);
    this.select(this.chosen && this.byId.has(this.chosen) ? this.chosen : null);
    if (focus) document.querySelector(`[data-grip="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  middle(id) {
    const { layer } = this.byId.get(id);
    return layer instanceof L.Marker ? layer.getLatLng() : layer.getBounds().getCenter();
  }

  /** Boxes of the marks among what was drawn, in pixels of the map's layers. */
  boxes() {
    const marks = [...this.byId.values()].filter(({ layer }) => layer instanceof L.Marker);
    return marks.map(({ layer }) => {
      const beside = layer.options.icon.options.className.endsWith(" beside") ? BESIDE_PX : [0, 0];
      return { ...this.map.latLngToLayerPoint(layer.getLatLng()).add(beside), width: MARK_PX, height: MARK_PX };
    });
  }

  add(one) {
    const layer = this.layerOf(one);
    if (!layer) return;
    this.byId.set(one.id, { feature: one, layer });
    const toggle = () => this.select(this.chosen === one.id ? null : one.id);
    layer.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      toggle();
    });
    layer.addTo(this.shapes);
    nameForReaders(layer.getElement(), nameOf(one), `shape ${one.id}`);
    if (layer instanceof L.Path) {
      layer.getElement().addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        toggle();
      });
    }
  }

  layerOf({ properties, geometry }) {
    const swap = L.GeoJSON.coordsToLatLngs;
    const look = { pane: "drawn", bubblingMouseEvents: false };
    if (properties.kind === "incident") return this.mark(geometry, "scene-mark", "", 34);
    if (properties.kind === "threat") {
      // At the scene itself it stands beside the scene's mark, not on it.
      const beside = String(geometry.coordinates) === this.scene;
      return this.mark(geometry, `threat-mark${beside ? " beside" : ""}`, "!", 34);
    }
    if (properties.kind === "zone") {
      const className = `drawn drawn-${properties.zone ?? "hot"}`;
      return L.polygon(swap(geometry.coordinates, 1), { ...look, weight: 4, fillOpacity: 0.04, className });
    }
    if (properties.kind === "closure") return this.closureLayer(geometry, { ...look, weight: 8, className: "drawn drawn-closure" });
    if (properties.kind === "field_road") {
      return L.polyline(swap(geometry.coordinates), { ...look, weight: 7, className: "drawn drawn-road" });
    }
    if (properties.kind === "pin") return this.pinMark(properties, geometry);
    return null;
  }

  closureLayer(geometry, look) {
    const swap = L.GeoJSON.coordsToLatLngs;
    if (geometry.type === "LineString") return L.polyline(swap(geometry.coordinates), look);
    if (geometry.type === "Polygon") return L.polygon(swap(geometry.coordinates, 1), look);
    return geometry.type === "Point" ? this.mark(geometry, "closure-mark", "✕", 34) : null;
  }

  mark(geometry, className, text, size) {
    const [lon, lat] = geometry.coordinates;
    const icon = L.divIcon({ className: `badge ${className}`, html: text, iconSize: [size, size] });
    return L.marker([lat, lon], { icon, pane: "scene", bubblingMouseEvents: false });
  }

  /** A pin at a point; an accepted ground is drawn by the plan itself. */
  pinMark({ purpose }, geometry) {
    if (geometry.type !== "Point") return null;
    const [lon, lat] = geometry.coordinates;
    const icon = L.divIcon({ className: "badge pin-mark", html: symbol(purpose), iconSize: [30, 30] });
    return L.marker([lat, lon], { icon, pane: "scene", bubblingMouseEvents: false });
  }

  select(id) {
    const found = id && this.byId.get(id);
    if (id !== this.chosen) this.corner = -1;
    this.chosen = found ? id : null;
    this.handles.clearLayers();
    for (const [key, { layer }] of this.byId) layer.getElement()?.classList.toggle("chosen", key === id);
    if (found) this.addHandles(found);
    this.onSelect(found ? found.feature : null, this.corner);
  }

  addHandles({ feature: one, layer }) {
    if (layer instanceof L.Marker) {
      this.movable(layer, `shape ${one.id}`, () => {}, () => this.commit(one, lonLat(layer.getLatLng())));
      return;
    }
    const closed = layer instanceof L.Polygon;
    for (const ring of ringsOf(layer.getLatLngs())) {
      if (ring.length > HANDLES_AT_MOST) continue;
      ring.forEach((_place, at) => (closed || at + 1 < ring.length) && this.addMiddle(one, layer, ring, at));
      ring.forEach((_place, at) => this.addCorner(one, layer, ring, at));
    }
    this.addWhole(one, layer);
  }

  grip(place, className, text, name, key) {
    const icon = L.divIcon({ className: `handle ${className}`, html: text, iconSize: [48, 48] });
    const made = L.marker(place, { icon, draggable: true, pane: "scene", bubblingMouseEvents: false }).addTo(this.handles);
    nameForReaders(made.getElement(), name, key);
    return made;
  }

  /** Let a marker be moved by hand and by arrow keys; `moved` while it moves, `settled` when it rests. */
  movable(marker, key, moved, settled) {
    let waiting = null;
    const element = marker.getElement();
    element.dataset.grip = key;
    marker.dragging.enable();
    marker.off("drag dragend").on("drag", moved).on("dragend", settled);
    const settle = () => {
      if (waiting === null) return;
      clearTimeout(waiting);
      waiting = null;
      settled();
    };
    element.addEventListener("blur", settle);
    element.addEventListener("keydown", (event) => {
      const step = stepOf(event);
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      marker.setLatLng(this.map.layerPointToLatLng(this.map.latLngToLayerPoint(marker.getLatLng()).add(step)));
      moved();
      clearTimeout(waiting);
      waiting = setTimeout(settle, KEYS_SETTLE_MS);
    });
  }

  addCorner(one, layer, ring, at) {
    const key = `corner ${one.id} ${at}`;
    const corner = this.grip(ring[at], "corner", "", `Corner ${at + 1} of ${ring.length}: arrow keys move it`, key);
    const moved = () => {
      ring[at] = corner.getLatLng();
      layer.redraw();
    };
    this.movable(corner, key, moved, () => this.commitLayer(one, layer));
    corner.on("click", () => {
      this.corner = at;
      this.onSelect(one, at);
    });
  }

  addMiddle(one, layer, ring, at) {
    const next = ring[(at + 1) % ring.length];
    const [a, b] = [ring[at], next].map((place) => this.map.latLngToLayerPoint(place));
    if (a.distanceTo(b) < MIDDLE_FROM_PX) return;
    const middle = L.latLng((ring[at].lat + next.lat) / 2, (ring[at].lng + next.lng) / 2);
    const key = `middle ${one.id} ${at}`;
    const grip = this.grip(middle, "middle", "", `New corner after ${at + 1}: arrow keys move it`, key);
    let there = false;
    const moved = () => {
      if (there) ring[at + 1] = grip.getLatLng();
      else ring.splice(at + 1, 0, grip.getLatLng());
      there = true;
      layer.redraw();
    };
    this.movable(grip, key, moved, () => this.commitLayer(one, layer));
  }

  /** The grip that moves all of a shape. */
  addWhole(one, layer) {
    const from = layer instanceof L.Polygon ? layer.getBounds().getCenter() : L.latLng(layer.getCenter());
    const grip = this.grip(from, "whole", "✥", `Move the ${nameOf(one)}: arrow keys move it`, `whole ${one.id}`);
    let last = this.map.project(from);
    const moved = () => {
      const now = this.map.project(grip.getLatLng());
      const step = now.subtract(last);
      last = now;
      layer.setLatLngs(shifted(layer.getLatLngs(), (at) => this.map.unproject(this.map.project(at).add(step))));
    };
    this.movable(grip, `whole ${one.id}`, moved, () => this.commitLayer(one, layer));
  }

  /** Take away the corner last tapped, where enough are left. */
  removeCorner() {
    const { feature: one, layer } = this.byId.get(this.chosen);
    const [ring] = ringsOf(layer.getLatLngs());
    ring.splice(this.corner, 1);
    this.corner = -1;
    this.commitLayer(one, layer);
  }

  canRemoveCorner() {
    const found = this.byId.get(this.chosen);
    if (!found || this.corner < 0 || found.layer instanceof L.Marker) return false;
    const rings = ringsOf(found.layer.getLatLngs());
    return rings.length === 1 && rings[0].length > (found.layer instanceof L.Polygon ? 3 : 2);
  }

  commitLayer(one, layer) {
    this.commit(one, coordinatesOf(layer.getLatLngs(), layer instanceof L.Polygon));
  }

  commit(one, coordinates) {
    const geometry = { ...one.geometry, coordinates };
    this.changed(one.id, one.properties.kind === "pin" ? { ...movedPin(one, geometry), id: one.id } : { ...one, geometry });
  }
}

function nameForReaders(element, name, key) {
  if (!element) return;
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "0");
  element.setAttribute("aria-label", name);
  element.dataset.grip = key;
}

/** Every innermost list of places in Leaflet's nested lists. */
function ringsOf(places) {
  return Array.isArray(places[0]) ? places.flatMap(ringsOf) : [places];
}

function shifted(places, move) {
  return places.map((one) => (Array.isArray(one) ? shifted(one, move) : move(one)));
}

function coordinatesOf(places, closed) {
  if (Array.isArray(places[0])) return places.map((part) => coordinatesOf(part, closed));
  const line = places.map(lonLat);
  return closed ? [...line, line[0]] : line;
}
