// The grid on the map, with the digits that its lines stand for, and the reading of one place below.

import { element } from "./overlay.js";
import { fromUtm, toUtm, usng, zoneAt } from "./usng.js";

const STEPS_M = [100, 1000, 10000, 100000];
const APART_PX = 64;
const POINTS = 8;

export class Grid {
  constructor(map) {
    this.map = map;
    const pane = map.createPane("grid");
    pane.style.zIndex = 340;
    pane.style.pointerEvents = "none";
    this.lines = L.layerGroup();
    map.on("moveend zoomend", () => this.draw());
  }

  show(wanted) {
    if (wanted) this.lines.addTo(this.map);
    else this.lines.remove();
    this.draw();
  }

  draw() {
    this.lines.clearLayers();
    if (!this.map.hasLayer(this.lines)) return;
    const bounds = this.map.getBounds();
    const metres = this.map.distance(bounds.getSouthWest(), bounds.getSouthEast()) / this.map.getSize().x;
    const step = STEPS_M.find((one) => one / metres >= APART_PX);
    if (!step || Math.abs(bounds.getCenter().lat) > 80) return;
    const lat = bounds.getCenter().lat;
    const zones = new Set([bounds.getWest(), bounds.getCenter().lng, bounds.getEast() - 1e-9].map((lon) => zoneAt(lat, lon)));
    for (const zone of zones) this.drawZone(zone, bounds, step);
  }

  /** The lines of one zone, within the view and within the zone. */
  drawZone(zone, bounds, step) {
    const south = bounds.getCenter().lat < 0;
    const corners = [bounds.getSouthWest(), bounds.getSouthEast(), bounds.getNorthWest(), bounds.getNorthEast()]
      .map(({ lat, lng }) => toUtm(lat, lng, zone))
      .map((at) => ({ ...at, north: at.south === south ? at.north : at.north + (south ? 1e7 : -1e7) }));
    const range = (name) => [Math.min(...corners.map((at) => at[name])), Math.max(...corners.map((at) => at[name]))];
    const [[west, east], [low, high]] = [range("east"), range("north")];
    const place = (e, n) => L.latLng(fromUtm({ zone, east: e, north: n, south }));
    const within = (at) => zoneAt(at.lat, at.lng) === zone;
    const line = (at) => Array.from({ length: POINTS + 1 }, (_none, k) => at(k / POINTS)).filter(within);
    for (let e = Math.ceil(west / step) * step; e <= east; e += step) {
      this.add(line((k) => place(e, low + k * (high - low))), e, step, "east");
    }
    for (let n = Math.ceil(low / step) * step; n <= high; n += step) {
      this.add(line((k) => place(west + k * (east - west), n)), n, step, "north");
    }
  }

  add(points, value, step, way) {
    if (points.length < 2) return;
    const main = value % (step * 10) === 0;
    L.polyline(points, { pane: "grid", className: `grid-line${main ? " main" : ""}`, interactive: false }).addTo(this.lines);
    const size = this.map.getSize();
    const edge = way === "east" ? { y: size.y - 46 } : { x: size.x - 92 };
    const at = this.crossing(points, edge);
    if (!at || at.x < 118 || at.x > size.x - 78 || at.y < 14 || at.y > size.y - 30) return;
    const digits = step >= 1000 ? String(Math.floor(value / 1000) % 100).padStart(2, "0") : String(Math.floor(value / 100) % 1000).padStart(3, "0");
    const icon = L.divIcon({ className: "grid-label", html: element("span", "", digits), iconSize: [40, 20] });
    L.marker(this.map.containerPointToLatLng(at), { icon, pane: "grid", interactive: false, keyboard: false }).addTo(this.lines);
  }

  /** Where a line meets a height or a width of the view. */
  crossing(points, { x, y }) {
    const seen = points.map((one) => this.map.latLngToContainerPoint(one));
    const [name, other, value] = x === undefined ? ["y", "x", y] : ["x", "y", x];
    for (let k = 1; k < seen.length; k += 1) {
      const [a, b] = [seen[k - 1], seen[k]];
      if ((a[name] - value) * (b[name] - value) > 0 || a[name] === b[name]) continue;
      const share = (value - a[name]) / (b[name] - a[name]);
      const met = a[other] + share * (b[other] - a[other]);
      return x === undefined ? L.point(met, y) : L.point(x, met);
    }
    return null;
  }
}

/** Scale in both systems, north and the grid reading of the pointer, or where there is none of the middle, in one corner. */
export function addFurniture(map) {
  const box = element("div", "furniture");
  const north = element("span", "north", "N");
  north.setAttribute("role", "img");
  north.setAttribute("aria-label", "North is up");
  const reading = element("span", "reading");
  box.append(north, reading);
  const corner = L.control({ position: "bottomleft" });
  corner.onAdd = () => box;
  corner.addTo(map);
  L.control.scale({ maxWidth: 130, position: "bottomleft" }).addTo(map);
  const read = ({ lat, lng }) => (reading.textContent = usng(lat, lng));
  map.on("mousemove", (event) => read(event.latlng));
  map.on("move zoomend", () => read(map.getCenter()));
}
