// Names of the areas and degrees of the grid, put anew for each view, so that none lies on another.
// Written into the page after labels.js: `map` and `areas` ([latitude, longitude, name]) are set by Python.

const HIGH_PX = 34;
const ROOM_PX = 18; // around a name's letters
const MARK_PX = 24;
const APART_PX = 76; // of degrees told along an edge
const GRID_STEP_DEG = 10;
const GRID_EDGE_LAT_DEG = 80;
const GRID_UP_TO_ZOOM = 8;
const CROWD_PX = 28; // about a mark
const CROWD_FROM = 7; // marks: fewer have their names about them
const CROWD_SIZE_PX = 48; // for a thumb in a glove
const APART_FROM_ZOOM = 13;

const put = L.layerGroup().addTo(map);
const pen = document.createElement("canvas").getContext("2d");

function text(className, words) {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = words; // a name is a stranger's
  return made;
}

function putText(at, words, className, [width, height], [dx, dy]) {
  const iconAnchor = [width / 2 - dx, height / 2 - dy];
  const icon = L.divIcon({ className: "put", html: text(className, words), iconSize: [width, height], iconAnchor });
  L.marker(at, { icon, interactive: false, keyboard: false }).addTo(put);
}

const marks = [];
map.eachLayer((layer) => layer instanceof L.CircleMarker && layer.feature && marks.push(layer));

/** Marks that lie in a heap are one, with their number on it, and a tap on it goes nearer. Returns those heaps. */
function putCrowds() {
  const heaps = [];
  for (const mark of marks) {
    const at = map.latLngToLayerPoint(mark.getLatLng());
    const heap = heaps.find((one) => one.at.distanceTo(at) < CROWD_PX);
    if (heap) heap.marks.push(mark);
    else heaps.push({ at, marks: [mark] });
  }
  const crowds = heaps.filter((heap) => heap.marks.length >= CROWD_FROM && map.getZoom() < APART_FROM_ZOOM);
  const crowded = new Set(crowds.flatMap((crowd) => crowd.marks));
  for (const mark of marks) mark.getElement().style.display = crowded.has(mark) ? "none" : "";
  crowds.forEach(putCrowd);
  return { crowds, crowded };
}

function putCrowd({ at, marks: those }) {
  const [iconSize, iconAnchor] = [[CROWD_SIZE_PX, CROWD_SIZE_PX], [CROWD_SIZE_PX / 2, CROWD_SIZE_PX / 2]];
  const icon = L.divIcon({ className: "put", html: text("crowd", String(those.length)), iconSize, iconAnchor });
  const bounds = those.map((mark) => mark.feature.properties.bounds);
  const alt = `${those.length} areas: go nearer`;
  L.marker(map.layerPointToLatLng(at), { icon, alt, title: alt })
    .on("click", () => map.fitBounds(L.latLngBounds(bounds.flat()), { padding: [20, 20] }))
    .addTo(put);
}

function putNames(view, { crowds, crowded }) {
  pen.font = "16px sans-serif";
  const apart = areas.filter((_, k) => !crowded.has(marks[k]));
  const seen = apart.filter(([lat, lon]) => map.getBounds().contains([lat, lon]));
  const items = seen.map(([lat, lon, name]) => {
    const { x, y } = map.latLngToLayerPoint([lat, lon]);
    const width = Math.ceil(pen.measureText(name).width) + ROOM_PX;
    const form = { width, height: HIGH_PX, places: around(width, HIGH_PX).slice(1) };
    return { x, y, forms: [form], poor: inSight(x, y, view), poorest: 0, dot: MARK_PX, may: [0] };
  });
  const zoom = document.querySelector(".leaflet-control-zoom").getBoundingClientRect();
  const corner = map.containerPointToLayerPoint([zoom.left + zoom.width / 2, zoom.top + zoom.height / 2]);
  const buttons = { ...corner, forms: [{ width: zoom.width, height: zoom.height, places: [[0, 0]] }], must: true };
  const heaps = crowds.map(({ at: { x, y } }) => ({
    x, y, forms: [{ width: CROWD_SIZE_PX, height: CROWD_SIZE_PX, places: [[0, 0]] }], must: true,
  }));
  place([buttons, ...heaps, ...items], view).slice(1 + heaps.length).forEach((found, k) => {
    if (!found) return; // no room: a pointer on the mark and the list below say which it is
    const [lat, lon, name] = seen[k];
    const { width, height } = items[k].forms[0];
    const to = map.layerPointToLatLng([items[k].x + found.offset[0], items[k].y + found.offset[1]]);
    L.polyline([[lat, lon], to], { className: "lead", weight: 2, interactive: false }).addTo(put);
    putText([lat, lon], name, "name", [width, height], found.offset);
  });
}

/** A name that is cut off at the edge is no name. */
function inSight(x, y, { left, top, right, bottom }) {
  return ({ width, height }, [dx, dy]) => {
    const [across, down] = [width / 2, height / 2];
    return x + dx - across < left || x + dx + across > right || y + dy - down < top || y + dy + down > bottom ? 1 : 0;
  };
}

/** Say at two edges which degrees the lines of the grid are. */
function putDegrees() {
  if (map.getZoom() > GRID_UP_TO_ZOOM) return;
  const bounds = map.getBounds();
  const size = map.getSize();
  const upright = (lat) => map.latLngToContainerPoint([lat, bounds.getWest()]);
  const across = (lon) => map.latLngToContainerPoint([bounds.getSouth(), lon]);
  const degrees = (value, plus, minus) => `${Math.abs(value)}°${value > 0 ? plus : value < 0 ? minus : ""}`;
  let last = Infinity;
  for (let lat = -GRID_EDGE_LAT_DEG; lat <= GRID_EDGE_LAT_DEG; lat += GRID_STEP_DEG) {
    const { y } = upright(lat);
    if (y < 20 || y > size.y - 40 || last - y < APART_PX / 2) continue;
    last = y;
    putText(map.containerPointToLatLng([size.x - 30, y]), degrees(lat, "N", "S"), "degrees", [56, 22], [0, 0]);
  }
  last = -Infinity;
  for (let lon = -180; lon <= 180; lon += GRID_STEP_DEG) {
    const { x } = across(lon);
    if (x < 30 || x > size.x - 90 || x - last < APART_PX) continue;
    last = x;
    putText(map.containerPointToLatLng([x, size.y - 14]), degrees(lon, "E", "W"), "degrees", [56, 22], [0, 0]);
  }
}

function settle() {
  put.clearLayers();
  const { x, y } = map.containerPointToLayerPoint([0, 0]);
  const size = map.getSize();
  putDegrees();
  putNames({ left: x, top: y, right: x + size.x, bottom: y + size.y }, putCrowds());
}

map.on("moveend resize", settle);
settle();
