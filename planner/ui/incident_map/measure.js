// The measure: along a line, and around it the ground it encloses, in both systems at once.

const FEET = 1 / 0.3048;
const MILE_FT = 5280;

const short = (value) => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US"));

/** A length in metres in words of one system. */
export function lengthIn(metres, units) {
  if (units === "ft") {
    const feet = metres * FEET;
    return feet < MILE_FT / 2 ? `${short(feet)} ft` : `${(feet / MILE_FT).toFixed(2)} mi`;
  }
  return metres < 1000 ? `${short(metres)} m` : `${(metres / 1000).toFixed(2)} km`;
}

function areaIn(metres2, units) {
  if (units === "ft") return metres2 < 40468 ? `${short(metres2 * FEET * FEET)} sq ft` : `${short(metres2 / 4046.856)} acres`;
  return metres2 < 100000 ? `${short(metres2)} m²` : `${(metres2 / 1e6).toFixed(2)} km²`;
}

/** What a line measures, in words. */
export function measured(map, places) {
  const both = (tell, value) => `${tell(value, "m")} / ${tell(value, "ft")}`;
  let metres = 0;
  for (let k = 1; k < places.length; k += 1) metres += map.distance(places[k - 1], places[k]);
  const length = both(lengthIn, metres);
  return places.length > 3 ? `${length}, encloses ${both(areaIn, groundOf(places))}` : length;
}

/** Square metres that a ring of places encloses: small enough grounds to be flat. */
function groundOf(places) {
  const east = 111319.49 * Math.cos((places[0].lat * Math.PI) / 180);
  let twice = 0;
  places.forEach((at, k) => {
    const next = places[(k + 1) % places.length];
    twice += (at.lng * next.lat - next.lng * at.lat) * east * 111132.95;
  });
  return Math.abs(twice) / 2;
}

/** The last measured line stays on the map until it is taken away. */
export class Measured {
  constructor(map) {
    this.map = map;
    this.layer = L.layerGroup().addTo(map);
  }

  show(places) {
    this.clear();
    L.polyline(places, { pane: "scene", className: "measured", weight: 4, interactive: false }).addTo(this.layer);
    for (const at of places.length > 12 ? [places[0], places.at(-1)] : places) {
      L.circleMarker(at, { pane: "scene", className: "measured-end", radius: 5, interactive: false }).addTo(this.layer);
    }
    return measured(this.map, places);
  }

  clear() {
    this.layer.clearLayers();
  }
}
