// The United States National Grid: what responders read out on the radio. WGS 84, Krüger's series to the fourth
// order (under a millimetre within a zone).

const A = 6378137;
const F = 1 / 298.257223563;
const N = F / (2 - F);
const K0 = 0.9996;
const RADIUS = (A / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
const ALPHA = [
  N / 2 - (2 / 3) * N ** 2 + (5 / 16) * N ** 3 + (41 / 180) * N ** 4,
  (13 / 48) * N ** 2 - (3 / 5) * N ** 3 + (557 / 1440) * N ** 4,
  (61 / 240) * N ** 3 - (103 / 140) * N ** 4,
  (49561 / 161280) * N ** 4,
];
const BETA = [
  N / 2 - (2 / 3) * N ** 2 + (37 / 96) * N ** 3 - (1 / 360) * N ** 4,
  (1 / 48) * N ** 2 + (1 / 15) * N ** 3 - (437 / 1440) * N ** 4,
  (17 / 480) * N ** 3 - (37 / 840) * N ** 4,
  (4397 / 161280) * N ** 4,
];
const DELTA = [
  2 * N - (2 / 3) * N ** 2 - 2 * N ** 3 + (116 / 45) * N ** 4,
  (7 / 3) * N ** 2 - (8 / 5) * N ** 3 - (227 / 45) * N ** 4,
  (56 / 15) * N ** 3 - (136 / 35) * N ** 4,
  (4279 / 630) * N ** 4,
];
const FALSE_EAST = 500000;
const FALSE_NORTH = 10000000;
const BANDS = "CDEFGHJKLMNPQRSTUVWX";
const COLUMNS = ["ABCDEFGH", "JKLMNPQR", "STUVWXYZ"];
const ROWS = "ABCDEFGHJKLMNPQRSTUV";
const rad = (degrees) => (degrees * Math.PI) / 180;
const deg = (radians) => (radians * 180) / Math.PI;

/** Number of the UTM zone, with the exceptions around Norway and Svalbard. */
export function zoneAt(lat, lon) {
  const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
  const plain = Math.min(60, Math.floor((wrapped + 180) / 6) + 1);
  if (lat >= 56 && lat < 64 && wrapped >= 3 && wrapped < 12) return 32;
  if (lat >= 72 && lat < 84 && wrapped >= 0 && wrapped < 42) return [31, 33, 35, 37][Math.floor((wrapped + 3) / 12)];
  return plain;
}

const middleOf = (zone) => zone * 6 - 183;

/** Easting and northing in metres; northings south of the equator count from ten million. */
export function toUtm(lat, lon, zone = zoneAt(lat, lon)) {
  const across = rad(lon - middleOf(zone));
  const e = Math.sqrt(F * (2 - F));
  const s = Math.sin(rad(lat));
  const t = Math.sinh(Math.atanh(s) - e * Math.atanh(e * s));
  const xi = Math.atan2(t, Math.cos(across));
  const eta = Math.asinh(Math.sin(across) / Math.hypot(t, Math.cos(across)));
  let [x, y] = [eta, xi];
  ALPHA.forEach((a, k) => {
    x += a * Math.cos(2 * (k + 1) * xi) * Math.sinh(2 * (k + 1) * eta);
    y += a * Math.sin(2 * (k + 1) * xi) * Math.cosh(2 * (k + 1) * eta);
  });
  const north = K0 * RADIUS * y + (lat < 0 ? FALSE_NORTH : 0);
  return { zone, east: FALSE_EAST + K0 * RADIUS * x, north, south: lat < 0 };
}

/** The way back: latitude and longitude in degrees. */
export function fromUtm({ zone, east, north, south }) {
  const xi = (north - (south ? FALSE_NORTH : 0)) / (K0 * RADIUS);
  const eta = (east - FALSE_EAST) / (K0 * RADIUS);
  let [x, y] = [eta, xi];
  BETA.forEach((b, k) => {
    x -= b * Math.cos(2 * (k + 1) * xi) * Math.sinh(2 * (k + 1) * eta);
    y -= b * Math.sin(2 * (k + 1) * xi) * Math.cosh(2 * (k + 1) * eta);
  });
  const chi = Math.asin(Math.sin(y) / Math.cosh(x));
  let phi = chi;
  DELTA.forEach((d, k) => (phi += d * Math.sin(2 * (k + 1) * chi)));
  return [deg(phi), middleOf(zone) + deg(Math.atan2(Math.sinh(x), Math.cos(y)))];
}

/** A place as it is read out, to ten metres: `21H WB 7651 3815`; "" near the poles, where the grid ends. */
export function usng(lat, lon) {
  if (lat < -80 || lat > 84) return "";
  const { zone, east, north } = toUtm(lat, lon);
  const band = BANDS[Math.min(19, Math.floor((lat + 80) / 8))];
  const column = COLUMNS[(zone - 1) % 3][Math.floor(east / 100000) - 1];
  const row = ROWS[(Math.floor(north / 100000) + (zone % 2 ? 0 : 5)) % 20];
  const digits = (value) => String(Math.floor((value % 100000) / 10)).padStart(4, "0");
  return `${zone}${band} ${column}${row} ${digits(east)} ${digits(north)}`;
}
