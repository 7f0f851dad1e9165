// The plan, drawn over the base map. Every text goes in as text, never as markup: names come from strangers.
// Colours and patterns are the style sheet's, so that a theme changes them all.

import { around, beside, place } from "./labels.js";
import { nearLng } from "./meridian.js";
import { symbol } from "./symbols.js";
import { Tip } from "./tip.js";

const FAR_ZOOM = 14;
const ARROW_EVERY_PX = 130;
const SITES_ABOVE = 10000;
const BELOW = -SITES_ABOVE;
const GATE_REACH_PX = { wide: 80, narrow: 40 }; // further off, a gate would seem to stand elsewhere
const GATE_HIDES_PX2 = 60; // a dot or two, or a line crossed; not another's name
const NARROW_PX = 640;
const REACH_PX = { wide: 110, narrow: 70 }; // a name further from its place than this reads as another place's
const FROM_UNDER = 1.5; // so much further for what lies under a button or a mark
const LEAD_STEP_PX = 4;
const POST = { width: 42, height: 27 };
const POST_CLEAR_PX = 8;
const BARE = { width: 36, height: 32 }; // a site's symbol without its word
const DOT_PX = 11;
const END_PX = 9;
const MAY_HIDE = 3;
/** Whose words stand in full on the narrowest map, in this order. */
const FIRST_SITES = ["command_post", "casualty_collection", "staging", "ambulance_exchange"];
/** Who is sent away from the scene: `terms.PUBLIC`. */
const PUBLIC = ["reunification", "reunification_bereaved", "media"];
const HOSPITAL = { width: 28, height: 28 };
const LETTER = { width: 28, height: 28 };
const HERE = [[0, 0]];
/** How the other ways to a hospital differ from the one in the plan; the page says so in words. */
const OTHER_WAYS = { "alternative-1": "18 8", "alternative-2": "6 8" };
const HOVERS = window.matchMedia("(hover: hover)").matches;

/** A small element with a class and a text. */
export function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** What the map can show, in the order of its key: name, what it says there, whether it is shown at first. */
export const LAYERS = [
  ["zones", "Zones: hot, warm, cold", true],
  ["perimeters", "Perimeters: inner, outer", true],
  ["posts", "Posts, numbered first to staff first", true],
  ["closed", "Streets marked blocked", true],
  ["observations", "Observation posts", true],
  ["sites", "Sites", true],
  ["alternates", "Alternate sites", false],
  ["routes", "Routes, with their direction", true],
  ["hospitals", "Hospitals", true],
];

const latLngs = (line) => line.map(latLng);
const latLng = ([lon, lat]) => [lat, nearLng(lon)];

const MARKS = new Set(["sites", "posts", "observations", "hospitals"]);

/** Draws a plan in groups that can be shown or hidden one by one; what did not change is not drawn again. */
export class Overlay {
  /**
   * @param chosen called with the object that was tapped
   * @param fixed returns the boxes that no label may cover: places of marks, and what lies over the map
   */
  constructor(map, chosen, fixed) {
    Object.assign(this, { map, chosen, fixed });
    this.addPane("plan-ground", 350);
    this.addPane("plan-lines", 360);
    this.addPane("plan-leads", 370);
    map.createPane("plan-marks").style.zIndex = 620;
    this.groups = {};
    this.drawn = {};
    this.objects = new Map();
    this.labels = [];
    this.leads = L.layerGroup().addTo(map);
    this.tip = new Tip(map);
    for (const [name, , shown] of LAYERS) {
      this.groups[name] = L.layerGroup();
      if (shown) this.groups[name].addTo(map);
    }
    map.on("moveend", () => this.settle());
  }

  addPane(name, zIndex) {
    const pane = this.map.createPane(name);
    pane.style.zIndex = zIndex;
    pane.style.pointerEvents = "none";
  }

  setShown(name, shown) {
    if (shown) this.groups[name].addTo(this.map);
    else this.groups[name].remove();
    this.settle();
  }

  isShown(name) {
    return this.map.hasLayer(this.groups[name]);
  }

  show(plan) {
    const parts = plan ?? {};
    const draw = {
      zones: (zone) => this.addZone(zone), perimeters: (line) => this.addPerimeter(line),
      closed: (line) => this.addClosed(line), routes: (route) => this.addRoute(route),
      sites: (site) => this.addSite(site), posts: (post) => this.addPost(post),
      observations: (post) => this.addObservation(post), hospitals: (hospital) => this.addHospital(hospital),
    };
    for (const [part, add] of Object.entries(draw)) this.showPart(part, parts[part] ?? [], add);
    this.settle();
  }

  /** Marks are drawn anew one by one; of zones and lines, which lie on each other in their order, all or none. */
  showPart(part, records, add) {
    const before = this.drawn[part] ?? new Map();
    const now = new Map(records.map((one) => [one.id, JSON.stringify(one)]));
    const all = !MARKS.has(part) && (before.size !== now.size || records.some((one) => before.get(one.id) !== now.get(one.id)));
    const gone = [...before.keys()].filter((id) => all || before.get(id) !== now.get(id));
    this.forget(part, new Set(gone), gone.length === before.size);
    const fresh = records.filter((one) => all || before.get(one.id) !== now.get(one.id));
    fresh.forEach(add);
    this.drawn[part] = now;
    if (MARKS.has(part) && fresh.length < records.length) this.putInOrder(records, new Set(fresh));
  }

  /** Tab goes from sign to sign as the plan lists them, whichever were drawn anew. */
  putInOrder(records, fresh) {
    let next = null;
    for (const one of [...records].reverse()) {
      const here = this.objects.get(one.id)?.mark?.getElement();
      if (!here) continue;
      if (next && fresh.has(one)) next.before(here);
      next = here;
    }
  }

  /** All that is drawn, as the plan lists it. */
  listed() {
    return Object.values(this.drawn).flatMap((records) => [...records.keys()].map((id) => this.objects.get(id)));
  }

  forget(part, ids, all) {
    if (!ids.size) return;
    for (const name of part === "sites" ? ["sites", "alternates"] : [part]) {
      if (all) this.groups[name].clearLayers();
      else this.groups[name].eachLayer((layer) => ids.has(layer.options.record) && this.groups[name].removeLayer(layer));
    }
    this.labels = this.labels.filter((label) => label.part !== part || !ids.has(label.id));
    for (const id of ids) this.objects.delete(id);
  }

  /** After a change of the view or of what is shown: labels find their places, arrows their distances. */
  settle() {
    this.map.getContainer().classList.toggle("far", this.map.getZoom() < FAR_ZOOM);
    this.leads.clearLayers();
    this.labels.sort((a, b) => a.rank - b.rank);
    const corner = this.map.containerPointToLayerPoint([0, 0]);
    const view = { left: corner.x, top: corner.y, right: corner.x + this.map.getSize().x, bottom: corner.y + this.map.getSize().y };
    const [shown, away] = this.inView(view);
    const narrow = this.map.getSize().x < NARROW_PX;
    const ground = { hot: this.ground("hot"), warm: this.ground("warm") };
    const fixed = this.fixed();
    const items = shown.map((label) => {
      const { x, y } = this.map.latLngToLayerPoint(label.mark.getLatLng());
      const forms = label.forms?.(narrow) ?? [{ ...label.size, places: label.places?.(x, y) ?? HERE }];
      const covered = fixed.some((one) => inBox(one, [x, y])); // by a button, say
      const width = narrow ? "narrow" : "wide";
      const far = label.reach?.[width] ?? 0;
      const reach = covered ? far * FROM_UNDER : far;
      const poor = label.lead ? rater(label, x, y, ground, fixed) : null;
      const { must, most, dot } = label;
      return { x, y, forms, must, most, poorest: label.poorest?.[width], reach, poor, dot, may: mayHide(label, narrow) };
    });
    // What the user put on the map stands where it is, and labels go around it and around the buttons.
    const standing = fixed.map(({ x, y, width, height }) => ({ x, y, forms: [{ width, height, places: HERE }], must: true }));
    place([...standing, ...items], view).slice(standing.length).forEach((found, k) => this.putLabel(shown[k], items[k], found));
    away.forEach((label) => this.putLabel(label, {}, null)); // at the edge it would name what is not in sight
    for (const { line, arrows } of this.objects.values()) if (arrows) this.putArrows(line, arrows);
  }

  /** Labels that are shown, of what is in sight and of what is not; a zone's letter finds a place along its line. */
  inView({ left, top, right, bottom }) {
    const shown = this.labels.filter((label) => this.map.hasLayer(label.mark));
    const seen = (label) => {
      const { x, y } = this.map.latLngToLayerPoint(label.mark.getLatLng());
      return label.part === "zones" || (x >= left && x <= right && y >= top && y <= bottom);
    };
    return [shown.filter(seen), shown.filter((label) => !seen(label))];
  }

  /** Outlines of the zones of a kind in pixels of the map's layers. */
  ground(kind) {
    const zones = [...this.objects.values()].filter((one) => one.part === "zones" && one.zone === kind);
    return zones.map((zone) => zone.rings[0].map((at) => this.map.latLngToLayerPoint(latLng(at))));
  }

  putLabel({ mark, size, lead }, { forms }, found) {
    const icon = mark.getElement();
    if (!icon) return;
    const { width, height, bare = false } = found ? forms[found.form] : size;
    icon.classList.toggle("dot", found === null);
    icon.classList.toggle("bare-sign", bare);
    const [dx, dy] = found?.offset ?? [0, 0];
    icon.style.width = `${width}px`;
    icon.style.height = `${height}px`;
    icon.style.marginLeft = `${dx - width / 2}px`;
    icon.style.marginTop = `${dy - height / 2}px`;
    if (!lead || (dx === 0 && dy === 0)) return;
    const from = mark.getLatLng();
    const to = this.map.layerPointToLatLng(this.map.latLngToLayerPoint(from).add([dx, dy]));
    for (const className of ["lead-halo", "lead"]) {
      L.polyline([from, to], { pane: "plan-leads", className, interactive: false }).addTo(this.leads);
    }
    L.circleMarker(from, { pane: "plan-leads", className: "lead-end", radius: 4, interactive: false }).addTo(this.leads);
  }

  /** Where the first choice for each purpose of responders is; families and media are sent far out on purpose. */
  responders(plan) {
    const first = plan.sites.filter((site) => site.rank === 1 && !PUBLIC.includes(site.purpose));
    return first.map((site) => L.latLng(latLng(site.at)));
  }

  /** Where the first choice for each purpose is, nearest to a place first. */
  sitesFrom(plan, middle) {
    const places = plan.sites.filter((site) => site.rank === 1).map((site) => L.latLng(latLng(site.at)));
    return places.sort((a, b) => a.distanceTo(middle) - b.distanceTo(middle));
  }

  /** @param sites whether the places of the sites count too, which may lie far out */
  bounds(plan, sites = false) {
    const box = L.latLngBounds([]);
    plan.perimeters.forEach((line) => line.rings[0].forEach((at) => box.extend(latLng(at))));
    plan.zones.filter((zone) => zone.zone === "hot").forEach((zone) => zone.rings[0].forEach((at) => box.extend(latLng(at))));
    if (sites) plan.sites.filter((site) => site.rank === 1).forEach((site) => box.extend(latLng(site.at)));
    return box.isValid() ? box.pad(0.03) : null;
  }

  // --- what is on it ---

  keep(part, one, more = {}) {
    this.objects.set(one.id, { ...one, part, ...more });
  }

  addZone(zone) {
    L.polygon(zone.rings.map(latLngs), {
      pane: "plan-ground", className: `zone zone-${zone.zone}`, weight: zone.zone === "hot" ? 3 : 2,
      dashArray: zone.zone === "cold" ? "2 6" : null, interactive: false, smoothFactor: 0.5,
    }).addTo(this.groups.zones);
    const [top] = [...zone.rings[0]].sort((a, b) => b[1] - a[1]);
    const icon = L.divIcon({ className: `badge zone-letter zone-letter-${zone.zone}`, html: element("span", "", zone.letter), iconSize: [28, 28] });
    const mark = L.marker(latLng(top), { icon, pane: "plan-marks", interactive: false, keyboard: false }).addTo(this.groups.zones);
    mark.getElement()?.setAttribute("aria-hidden", "true");
    // Anywhere along its line the letter says the same; beside a small zone it stands outside.
    const places = (x, y) => {
      const line = zone.rings[0].map((at) => this.map.latLngToLayerPoint(latLng(at)));
      const middle = L.bounds(line).getCenter();
      const outwards = (spot, far) => spot.add(spot.subtract(middle).multiplyBy(far / Math.max(spot.distanceTo(middle), 1)));
      return [0, LETTER.height * 0.7, LETTER.height * 1.4]
        .flatMap((far) => line.map((spot) => outwards(spot, far)))
        .map((spot) => [spot.x - x, spot.y - y]);
    };
    this.labels.push({ part: "zones", id: zone.id, mark, size: LETTER, rank: 500, places: (x, y) => [[0, 0], ...places(x, y)], must: true, may: MAY_HIDE });
    this.keep("zones", zone);
  }

  addPerimeter(line) {
    const common = { pane: "plan-lines", fill: false, interactive: false, lineJoin: "round" };
    const look = `perimeter perimeter-${line.perimeter} ${line.sealed ? "" : "leaking"}`;
    L.polygon(line.rings.map(latLngs), { ...common, className: "halo", weight: 9 }).addTo(this.groups.perimeters);
    const inner = line.perimeter === "inner";
    L.polygon(line.rings.map(latLngs), { ...common, className: look, weight: inner ? 5 : 4, dashArray: inner ? null : "14 9" })
      .addTo(this.groups.perimeters);
    this.keep("perimeters", line);
  }

  addClosed(closed) {
    const common = { pane: "plan-lines", interactive: false };
    for (const line of closed.parts) {
      L.polyline(latLngs(line), { ...common, className: "halo", weight: 9 }).addTo(this.groups.closed);
      L.polyline(latLngs(line), { ...common, className: "closed", weight: 6, dashArray: "3 9" }).addTo(this.groups.closed);
    }
    this.keep("closed", closed);
  }

  addRoute(route) {
    const points = latLngs(route.line);
    const dashArray = OTHER_WAYS[route.id] ?? { transfer: "3 8", public: "12 7" }[route.route] ?? null;
    L.polyline(points, { pane: "plan-lines", className: "halo", weight: 9, interactive: false }).addTo(this.groups.routes);
    const look = { pane: "plan-lines", className: `route route-${route.route}`, weight: 5, dashArray, interactive: false };
    L.polyline(points, look).addTo(this.groups.routes);
    const arrows = L.layerGroup().addTo(this.groups.routes);
    this.keep("routes", { ...route, at: route.line[Math.floor(route.line.length / 2)] }, { line: points, arrows });
  }

  /** What the plan's routes fill, null where there are none. */
  boundsOfRoutes() {
    const lines = [...this.objects.values()].filter((one) => one.part === "routes").map((one) => one.line);
    return lines.length ? L.latLngBounds(lines.flat()) : null;
  }

  putArrows(points, arrows) {
    if (!this.map.hasLayer(this.groups.routes)) return;
    const route = [...this.objects.values()].find((one) => one.arrows === arrows);
    arrows.clearLayers();
    const seen = points.map((at) => this.map.latLngToLayerPoint(at));
    for (const [spot, turn] of arrowsAlong(seen, ARROW_EVERY_PX)) {
      const arrow = element("span", "arrow", "➤");
      arrow.style.transform = `rotate(${turn}deg)`;
      const icon = L.divIcon({ className: `badge arrow-badge route-${route.route}`, html: arrow, iconSize: [22, 22] });
      const mark = L.marker(this.map.layerPointToLatLng(spot), { icon, pane: "plan-marks", keyboard: false, zIndexOffset: BELOW }).addTo(arrows);
      mark.on("click", () => this.chosen(route));
      mark.getElement()?.setAttribute("aria-hidden", "true");
    }
  }

  addPost(post) {
    const look = `post post-${post.perimeter}${post.gate ? " post-gate" : ""}${post.foot ? " post-foot" : ""}${post.staffed ? "" : " post-open"}`;
    const mark = this.addMark("posts", post, look, element("span", "", post.label), POST, "posts");
    // A gate is named on the radio and in every site's reason: its label finds a place first, and further off.
    // Others stand at their dot or right beside it, on ground of their own kind, first to staff first, or shrink to the dot.
    const { width, height } = POST;
    const common = { part: "posts", id: post.id, mark, size: POST, lead: true, dot: DOT_PX, outer: post.perimeter === "outer" };
    const [gate, other] = [() => around(width, height), () => beside(width, height, POST_CLEAR_PX)];
    const own = post.gate
      ? { places: gate, rank: 600 + post.rank, reach: GATE_REACH_PX, must: true, most: GATE_HIDES_PX2, poorest: { narrow: 0 }, may: MAY_HIDE }
      : { places: other, rank: 1000 + post.rank, poorest: { wide: 0, narrow: 0 }, may: 1 };
    this.labels.push({ ...common, ...own });
  }

  addObservation(post) {
    const look = `observation${post.cover ? "" : " bare"}`;
    const mark = this.addMark("observations", post, look, element("span", "", post.label), POST, "observations");
    this.labels.push({ part: "observations", id: post.id, mark, size: POST, rank: 900, places: () => around(POST.width, POST.height), lead: true, reach: REACH_PX, must: true, dot: END_PX, may: MAY_HIDE });
  }

  addSite(site) {
    const first = site.rank === 1;
    const group = first ? "sites" : "alternates";
    for (const rings of site.shape) {
      const look = { pane: "plan-ground", className: `site-ground rank-${first ? 1 : 2}`, interactive: false, record: site.id };
      L.polygon(rings.map(latLngs), look).addTo(this.groups[group]);
    }
    const text = element("span", "site-text");
    text.append(symbol(site.purpose), element("span", "", site.label));
    const size = { width: 38 + textWidth(site.label), height: 32 };
    const look = `site site-${site.purpose} ${first ? "" : "alternate"} ${site.source}`;
    const mark = this.addMark("sites", site, look, text, size, group, SITES_ABOVE);
    const places = around(size.width, size.height);
    const before = FIRST_SITES.indexOf(site.purpose);
    const bare = { ...BARE, places: around(BARE.width, BARE.height), bare: true };
    // On a phone the words of most sites come after the posts: their symbols say enough until there is room.
    const forms = (narrow) => (first ? [{ ...size, places, late: narrow && before < 0 }, bare] : [{ ...size, places }]);
    const rank = first ? (before < 0 ? FIRST_SITES.length + site.order : before) : 100 + site.order;
    this.labels.push({ part: "sites", id: site.id, mark, size, rank, forms, lead: true, reach: REACH_PX, must: first, wordy: before >= 0, dot: first ? END_PX : 0, may: MAY_HIDE });
  }

  addHospital(hospital) {
    const mark = this.addMark("hospitals", hospital, "hospital", element("span", "", "H"), HOSPITAL, "hospitals");
    this.labels.push({ part: "hospitals", id: hospital.id, mark, size: HOSPITAL, rank: hospital.used ? 50 : 700 });
  }

  addMark(part, one, className, content, size, group, above = 0) {
    const icon = L.divIcon({ className: `badge ${className}`, html: content, iconSize: [size.width, size.height] });
    const look = { icon, title: "", pane: "plan-marks", riseOnHover: true, zIndexOffset: above, keyboard: true, record: one.id };
    const mark = L.marker(latLng(one.at), look)
      .on("click", () => this.chosen(this.objects.get(one.id)))
      .on("add", ({ target }) => {
        const sign = content.textContent;
        target.getElement().setAttribute("aria-label", one.title.includes(sign) ? one.title : `${sign}: ${one.title}`);
        target.getElement().dataset.object = one.id;
        target.getElement().addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          event.stopPropagation();
          this.chosen(this.objects.get(one.id));
        });
      })
      .addTo(this.groups[group]);
    // Under a finger a tip would lie on what is shown at the same time below.
    if (HOVERS) this.tip.tell(mark, () => shortCard(one));
    this.keep(part, one, { mark });
    return mark;
  }
}

/** How much of others' dots a label may hide: on a narrow map, where one far off says less, at once. */
function mayHide({ may = 0, must = false, wordy = false }, narrow) {
  const more = wordy ? [MAY_HIDE, 2 * MAY_HIDE] : [];
  return [...new Set([...(narrow ? [may] : must ? [0, 1] : [0]), ...more])].map((dots) => dots * DOT_PX ** 2);
}

const inBox = (one, [x, y]) => Math.abs(x - one.x) < one.width / 2 && Math.abs(y - one.y) < one.height / 2;

/**
 * How poor a place for a label of what is at x, y is, 0 to 2: a name of a site or an outer post on hot or warm ground reads as
 * if it were there, and a line over the scene or the hot zone as if it led there. A post's own place is never poor.
 */
function rater({ part, outer, reach }, x, y, { hot, warm }, fixed) {
  const on = (rings, spots) => rings.some((ring) => spots.some((spot) => holds(ring, spot)));
  const cold = (part === "sites" || outer) && !on(warm, [[x, y]]);
  const outside = !on(hot, [[x, y]]);
  const others = fixed.filter((one) => !inBox(one, [x, y]));
  return ({ width, height }, [dx, dy]) => {
    if (part !== "sites" && dx === 0 && dy === 0) return 0;
    const spots = [-1, 0, 1].flatMap((right) => [-1, 0, 1].map((down) => [x + dx + (right * width) / 2, y + dy + (down * height) / 2]));
    if (on(hot, spots)) return 2;
    if (!reach) return cold && on(warm, spots) ? 1 : 0;
    const steps = Math.ceil(Math.hypot(dx, dy) / LEAD_STEP_PX);
    const line = [...Array(steps).keys()].map((k) => [x + (dx * k) / steps, y + (dy * k) / steps]);
    if ((outside && on(hot, line)) || others.some((one) => line.some((spot) => inBox(one, spot)))) return 2;
    return cold && on(warm, spots) ? 1 : 0;
  };
}

/** Whether a ring of points holds a spot. */
function holds(ring, [x, y]) {
  let held = false;
  ring.forEach((a, k) => {
    const b = ring[(k + 1) % ring.length];
    if (a.y > y !== b.y > y && x < a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)) held = !held;
  });
  return held;
}

function shortCard(one) {
  const box = element("div", "card");
  box.append(element("strong", "card-title", one.title));
  if (one.lines.length) box.append(element("p", "", one.lines[0]));
  return box;
}

const pen = document.createElement("canvas").getContext("2d");

function textWidth(text) {
  pen.font = "700 16px sans-serif";
  return Math.ceil(pen.measureText(text).width);
}

/** Places and headings (degrees clockwise from east) every so many pixels along a line on the screen. */
function arrowsAlong(points, every) {
  const found = [];
  let left = every / 2;
  for (let k = 1; k < points.length; k += 1) {
    const [from, to] = [points[k - 1], points[k]];
    const length = from.distanceTo(to);
    let done = 0;
    while (length - done >= left) {
      done += left;
      left = every;
      const heading = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
      found.push([from.add(to.subtract(from).multiplyBy(done / length)), heading]);
    }
    left -= length - done;
  }
  return found;
}
