// The base map: streets, buildings, water and parks of the area, from one file that is read whole into the
// page. Once it is here, panning and zooming need no server, so a lost connection leaves the map readable.

import { isAcross } from "./meridian.js";

/** Below this zoom the small file of main streets is shown, from it on the full one (as in basemap.py). */
const SPLIT_ZOOM = 14;
const BEYOND_180 = [[-90, -540], [90, 540]];

const THEMES = {
  light: {
    ground: "#f4f2ec", water: "#a9cde0", green: "#d3e5c2", wood: "#c2dab0", plot: "#ece4d4", health: "#f3dcdc",
    paved: "#e2e2e2", building: "#d8cfc4", buildingEdge: "#b9ad9e", rail: "#8d8d8d", casing: "#b5afa5",
    major: "#f7d58b", middle: "#fbeec4", minor: "#ffffff", foot: "#a89a86", text: "#33302b", halo: "#ffffff",
  },
  dark: {
    ground: "#17191d", water: "#1f3a4d", green: "#1f2f22", wood: "#1b2a1d", plot: "#25241f", health: "#3a2426",
    paved: "#26282c", building: "#2e3036", buildingEdge: "#45484f", rail: "#6a6a6a", casing: "#0d0e10",
    major: "#7d6a3c", middle: "#5b5544", minor: "#464a52", foot: "#5d574c", text: "#e6e3dc", halo: "#101114",
  },
  // Red and dim, for eyes that must see in the dark beside the screen.
  night: {
    ground: "#080303", water: "#12070a", green: "#0e0605", wood: "#0d0504", plot: "#110706", health: "#1d0a08",
    paved: "#140807", building: "#1d0c09", buildingEdge: "#3a1710", rail: "#4a2219", casing: "#050202",
    major: "#6b2b1c", middle: "#552216", minor: "#3f1910", foot: "#39170f", text: "#e07a5f", halo: "#080303",
  },
};

// Width in pixels at zoom 16; it doubles a little slower than the map does.
const WIDTHS = { motorway: 12, major: 10, middle: 8, minor: 6, service: 3, track: 2 };

const widthAt = (base) => (zoom) => Math.max(0.6, base * 1.7 ** (zoom - 16));
const ofKind = (...kinds) => (_zoom, feature) => kinds.includes(feature.props.kind);

function paintRules(colour) {
  const { PolygonSymbolizer, LineSymbolizer } = protomapsL;
  const area = (kind, fill, extra = {}) => ({
    dataLayer: "map", symbolizer: new PolygonSymbolizer({ fill, ...extra }), filter: ofKind(kind),
  });
  const road = (kind, color, casing, minzoom) => ({
    dataLayer: "map", minzoom, filter: ofKind(kind),
    symbolizer: new LineSymbolizer({
      color, lineCap: "round", lineJoin: "round",
      width: (zoom) => widthAt(WIDTHS[kind])(zoom) + casing,
    }),
  });
  const order = ["track", "service", "minor", "middle", "major", "motorway"];
  const ink = {
    motorway: colour.major, major: colour.major, middle: colour.middle, minor: colour.minor,
    service: colour.minor, track: colour.foot,
  };
  return [
    area("plot", colour.plot), area("health", colour.health), area("green", colour.green),
    area("wood", colour.wood), area("paved", colour.paved), area("water", colour.water),
    { dataLayer: "map", filter: ofKind("waterway"), symbolizer: new LineSymbolizer({ color: colour.water, width: widthAt(3) }) },
    { dataLayer: "map", filter: ofKind("railway"), symbolizer: new LineSymbolizer({ color: colour.rail, width: 1.5, dash: [6, 4] }) },
    {
      dataLayer: "map", minzoom: 15, filter: ofKind("foot"),
      symbolizer: new LineSymbolizer({ color: colour.foot, width: 1.2, dash: [3, 3] }),
    },
    ...order.map((kind) => road(kind, colour.casing, 1.6, kind === "service" || kind === "track" ? 15 : 13)),
    ...order.map((kind) => road(kind, ink[kind], 0, kind === "service" || kind === "track" ? 14 : 0)),
    {
      dataLayer: "map", minzoom: 14, filter: ofKind("building"),
      symbolizer: new PolygonSymbolizer({ fill: colour.building, stroke: colour.buildingEdge, width: 0.7 }),
    },
  ];
}

function labelRules(colour) {
  const { LineLabelSymbolizer, CenteredTextSymbolizer } = protomapsL;
  const font = (zoom) => `${zoom >= 17 ? 14 : 12}px sans-serif`;
  const style = { fill: colour.text, stroke: colour.halo, width: 3, font, labelProps: ["name"] };
  return [
    {
      dataLayer: "map", minzoom: 15, filter: ofKind("landmark"),
      symbolizer: new CenteredTextSymbolizer({ ...style, font: "600 13px sans-serif", maxLineChars: 16, lineHeight: 1.2 }),
    },
    {
      dataLayer: "map", minzoom: 13, filter: ofKind("name of motorway", "name of major", "name of middle"),
      symbolizer: new LineLabelSymbolizer({ ...style, position: 2, repeatDistance: 300 }),
    },
    {
      dataLayer: "map", minzoom: 15, filter: ofKind("name of minor", "name of service", "name of track"),
      symbolizer: new LineLabelSymbolizer({ ...style, position: 2, repeatDistance: 300 }),
    },
    {
      dataLayer: "map", minzoom: 17, filter: ofKind("name of foot"),
      symbolizer: new LineLabelSymbolizer({ ...style, position: 2, repeatDistance: 300 }),
    },
    {
      dataLayer: "map", minzoom: 17, filter: ofKind("place"),
      symbolizer: new CenteredTextSymbolizer({ ...style, font: "italic 12px sans-serif", maxLineChars: 16, lineHeight: 1.2 }),
    },
  ];
}

/** A file held in memory, as the tile reader wants it. */
class WholeFile {
  constructor(url, bytes) {
    this.url = url;
    this.bytes = bytes;
  }

  getKey() {
    return this.url;
  }

  async getBytes(offset, length) {
    return { data: this.bytes.slice(offset, offset + length) };
  }
}

/** Tiles beyond longitude 180 are those from the other end. */
const wrapped = (x, z) => ((x % 2 ** z) + 2 ** z) % 2 ** z;

function round(file) {
  const flat = file.getZxy.bind(file);
  file.getZxy = (z, x, y, signal) => flat(z, wrapped(x, z), y, signal);
  return file;
}

/** Markup that shows a text as it is. */
function asText(text) {
  const box = document.createElement("span");
  box.textContent = text;
  return box.outerHTML;
}

function pictures({ url, attribution }) {
  const beyond = isAcross() ? { noWrap: true, bounds: BEYOND_180 } : {};
  const layer = L.tileLayer(url, { attribution: asText(attribution), maxZoom: 19, crossOrigin: false, referrerPolicy: "strict-origin-when-cross-origin", ...beyond });
  const flat = layer.getTileUrl.bind(layer);
  layer.getTileUrl = ({ x, y, z }) => flat(Object.assign(L.point(wrapped(x, z), y), { z }));
  return layer;
}

async function fetchWhole(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the base map could not be read (${response.status})`);
  return new WholeFile(url, await response.arrayBuffer());
}

/** Draws one area's base map under everything else, in the colours of a theme; or pictures from online. */
export class BaseMap {
  constructor(map, say) {
    this.map = map;
    this.say = say;
    this.files = null;
    this.shown = "";
    this.layer = null;
  }

  async show(basemap, theme, tiles) {
    const wanted = `${basemap?.near ?? ""}|${theme}|${tiles?.url ?? ""}`;
    if (wanted === this.shown) return;
    this.shown = wanted;
    if (tiles) {
      this.replace(pictures(tiles));
      return;
    }
    if (!basemap) {
      this.replace(null);
      return;
    }
    try {
      if (this.files?.near.url !== basemap.near) {
        const [near, far] = await Promise.all([fetchWhole(basemap.near), fetchWhole(basemap.far)]);
        this.files = { near, far };
      }
    } catch (error) {
      this.shown = "";
      this.say(`No base map: ${error.message}. The plan is drawn without it.`);
      return;
    }
    if (wanted === this.shown) this.replace(this.build(theme, basemap.attribution));
  }

  build(theme, attribution) {
    const colour = THEMES[theme];
    const near = (rule) => ({ ...rule, dataSource: "near", minzoom: Math.max(rule.minzoom ?? 0, SPLIT_ZOOM) });
    const far = (rule) => ({ ...rule, dataSource: "far", maxzoom: SPLIT_ZOOM - 1 });
    const paint = paintRules(colour);
    const labels = labelRules(colour);
    const both = (rules) => [
      ...rules.filter((rule) => (rule.minzoom ?? 0) < SPLIT_ZOOM).map(far),
      ...rules.map(near),
    ];
    return protomapsL.leafletLayer({
      sources: {
        near: { url: round(new pmtiles.PMTiles(this.files.near)), maxDataZoom: SPLIT_ZOOM, levelDiff: 0 },
        far: { url: round(new pmtiles.PMTiles(this.files.far)), maxDataZoom: SPLIT_ZOOM - 1, levelDiff: 0 },
      },
      paintRules: both(paint),
      labelRules: both(labels),
      backgroundColor: colour.ground,
      attribution: asText(attribution),
      noWrap: true,
      bounds: isAcross() ? BEYOND_180 : undefined, // else the globe's
      maxZoom: 19,
    });
  }

  replace(layer) {
    if (this.layer) this.layer.remove();
    this.layer = layer;
    if (layer) layer.addTo(this.map);
  }
}
