// The plan, drawn over the base map. Every text goes in as text, never as markup: names come from strangers.

const COLOURS = { hot: "#D55E00", warm: "#E69F00", cold: "#0072B2" };
const ROUTES = { ingress: "#0a7d3c", egress: "#7b1fa2", transfer: "#00695c", public: "#5d4037" };
const FAR_ZOOM = 14.5;
const POST_HALF_PX = 17;
const SITES_ABOVE = 10000;

/** A small element with a class and a text. */
export function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function card(title, lines) {
  const box = element("div", "card");
  box.append(element("strong", "card-title", title));
  for (const line of lines) box.append(element("p", "", line));
  return box;
}

function badge(className, text, size, title) {
  const icon = L.divIcon({ className: `badge ${className}`, html: element("span", "", text), iconSize: size });
  return { icon, title, alt: title, keyboard: true };
}

const latLngs = (line) => line.map(([lon, lat]) => [lat, lon]);
const latLng = ([lon, lat]) => [lat, lon];

/** Draws a plan in groups that can be shown or hidden one by one. */
export class Overlay {
  constructor(map) {
    this.map = map;
    this.addPane("plan-ground", 350, false);
    this.addPane("plan-lines", 360, false);
    this.addPane("plan-marks", 620, true);
    this.groups = {};
    for (const name of ["Zones", "Perimeters", "Posts", "Observation", "Sites", "Alternates", "Routes", "Hospitals"]) {
      this.groups[name] = L.layerGroup();
      if (name !== "Alternates") this.groups[name].addTo(map);
    }
    L.control.layers(null, this.groups, { position: "topright" }).addTo(map);
    map.on("zoomend", () => this.tellZoom());
    this.tellZoom();
  }

  addPane(name, zIndex, clickable) {
    const pane = this.map.createPane(name);
    pane.style.zIndex = zIndex;
    if (!clickable) pane.style.pointerEvents = "none";
  }

  tellZoom() {
    this.map.getContainer().classList.toggle("far", this.map.getZoom() < FAR_ZOOM);
    this.thinOut();
  }

  /** Where labels would lie on each other, the post to staff later becomes a dot; its tooltip stays. */
  thinOut() {
    const taken = [];
    for (const { mark, half } of this.marks ?? []) {
      const { x, y } = this.map.latLngToContainerPoint(mark.getLatLng());
      const covered = taken.some((t) => Math.abs(t.x - x) < t.half + half && Math.abs(t.y - y) < 26);
      const dot = covered && half === POST_HALF_PX;
      mark.getElement()?.classList.toggle("dot", dot);
      if (!dot) taken.push({ x, y, half });
    }
  }

  show(plan) {
    Object.values(this.groups).forEach((group) => group.clearLayers());
    this.marks = [];
    if (!plan) return;
    plan.zones.forEach((zone) => this.addZone(zone));
    plan.perimeters.forEach((line) => this.addPerimeter(line));
    plan.routes.forEach((route) => this.addRoute(route));
    plan.sites.forEach((site) => this.addSite(site));
    [...plan.posts].sort((a, b) => a.rank - b.rank).forEach((post) => this.addPost(post));
    plan.observations.forEach((post) => this.addObservation(post));
    plan.hospitals.forEach((hospital) => this.addHospital(hospital));
    this.thinOut();
  }

  bounds(plan) {
    const box = L.latLngBounds([]);
    plan.perimeters.forEach((line) => line.rings[0].forEach((place) => box.extend(latLng(place))));
    plan.zones.filter((zone) => zone.zone === "hot").forEach((zone) => zone.rings[0].forEach((p) => box.extend(latLng(p))));
    return box.isValid() ? box.pad(0.03) : null;
  }

  addZone({ zone, rings, letter }) {
    L.polygon(rings.map(latLngs), {
      pane: "plan-ground", className: `zone zone-${zone}`, color: COLOURS[zone], weight: zone === "hot" ? 3 : 2,
      dashArray: zone === "cold" ? "2 6" : null, interactive: false, smoothFactor: 0.5,
    }).addTo(this.groups.Zones);
    const [top] = [...rings[0]].sort((a, b) => b[1] - a[1]);
    L.marker(latLng(top), {
      ...badge(`zone-letter zone-letter-${zone}`, letter, [30, 30], `${zone} zone`), pane: "plan-lines", interactive: false,
      keyboard: false,
    }).addTo(this.groups.Zones);
  }

  addPerimeter({ perimeter, rings, sealed }) {
    const inner = perimeter === "inner";
    const common = { pane: "plan-lines", fill: false, interactive: false, lineJoin: "round" };
    const line = { weight: inner ? 5 : 4, dashArray: inner ? null : "14 9", className: `perimeter ${sealed ? "" : "leaking"}` };
    L.polygon(rings.map(latLngs), { ...common, color: "#ffffff", weight: 9, opacity: 0.75 }).addTo(this.groups.Perimeters);
    L.polygon(rings.map(latLngs), { ...common, color: "#111111", ...line }).addTo(this.groups.Perimeters);
  }

  addRoute({ route, line, title, lines }) {
    const colour = ROUTES[route];
    const dashArray = route === "transfer" ? "3 7" : null;
    const points = latLngs(line);
    const common = { pane: "plan-lines", interactive: false };
    L.polyline(points, { ...common, color: "#ffffff", weight: 8, opacity: 0.8 }).addTo(this.groups.Routes);
    L.polyline(points, { ...common, color: colour, weight: 5, dashArray }).addTo(this.groups.Routes);
    this.addArrows(points, colour, card(title, lines));
  }

  addArrows(points, colour, text) {
    for (const [place, turn] of arrowsAlong(points, 350)) {
      const arrow = element("span", "arrow", "➤");
      arrow.style.transform = `rotate(${turn}deg)`;
      arrow.style.color = colour;
      const icon = L.divIcon({ className: "badge arrow-badge", html: arrow, iconSize: [22, 22] });
      L.marker(place, { icon, pane: "plan-marks", keyboard: false, alt: text.textContent })
        .bindTooltip(text).addTo(this.groups.Routes);
    }
  }

  addPost({ label, at, perimeter, gate, title, lines }) {
    const look = `post post-${perimeter}${gate ? " post-gate" : ""}`;
    const mark = this.addMark(at, badge(look, label, [34, 28], title), card(title, lines), this.groups.Posts);
    this.marks.push({ mark, half: POST_HALF_PX });
  }

  addObservation({ label, at, cover, title, lines }) {
    const look = `observation${cover ? "" : " bare"}`;
    this.addMark(at, badge(look, label, [42, 28], title), card(title, lines), this.groups.Observation);
  }

  addSite({ label, at, purpose, rank, source, shape, title, lines }) {
    const group = rank === 1 ? this.groups.Sites : this.groups.Alternates;
    for (const rings of shape) {
      L.polygon(rings.map(latLngs), { pane: "plan-ground", className: `site-ground rank-${rank === 1 ? 1 : 2}`, interactive: false })
        .addTo(group);
    }
    const look = `site site-${purpose} ${rank === 1 ? "" : "alternate"} ${source}`;
    const width = 22 + 9 * label.length;
    const mark = this.addMark(at, badge(look, label, [width, 32], title), card(title, lines), group, SITES_ABOVE);
    if (rank === 1) this.marks.push({ mark, half: width / 2 });
  }

  addHospital({ at, title, lines }) {
    this.addMark(at, badge("hospital", "H", [28, 28], title), card(title, lines), this.groups.Hospitals);
  }

  addMark(at, options, text, group, above = 0) {
    return L.marker(latLng(at), { ...options, pane: "plan-marks", riseOnHover: true, zIndexOffset: above })
      .bindPopup(text, { maxWidth: 320, autoPan: false })
      .bindTooltip(text.cloneNode(true), { className: "tip", direction: "top", offset: [0, -12] })
      .addTo(group);
  }
}

/** Places and headings (degrees clockwise from east on screen) every so many metres along a line. */
function arrowsAlong(points, every) {
  const found = [];
  let left = every / 2;
  for (let i = 1; i < points.length; i += 1) {
    const [from, to] = [L.latLng(points[i - 1]), L.latLng(points[i])];
    const length = from.distanceTo(to);
    let done = 0;
    while (length - done >= left) {
      done += left;
      left = every;
      const share = done / length;
      const place = [from.lat + share * (to.lat - from.lat), from.lng + share * (to.lng - from.lng)];
      const east = (to.lng - from.lng) * Math.cos((from.lat * Math.PI) / 180);
      found.push([place, (-Math.atan2(to.lat - from.lat, east) * 180) / Math.PI]);
    }
    left -= length - done;
  }
  return found;
}
