/** Longitudes that run on past 180 degrees, 180.1 for -179.9: what lies beyond is drawn beside the rest. */

const NEAR_DEG = 170;
let middle = 0;

/** The map's coordinates for an area: of one near longitude 180 all longitudes run on from its middle. */
export function crsOf([west, , east]) {
  middle = (west + east) / 2;
  if (!isAcross()) return L.CRS.EPSG3857;
  const { project } = L.Projection.SphericalMercator;
  const projection = {
    ...L.Projection.SphericalMercator,
    project: (at) => project.call(L.Projection.SphericalMercator, L.latLng(at.lat, nearLng(at.lng))),
  };
  return L.extend({}, L.CRS.EPSG3857, { projection });
}

/** Whether longitudes run on past 180 degrees here. */
export const isAcross = () => Math.abs(middle) >= NEAR_DEG;

/** A longitude as it runs on from the middle of the area. */
export const nearLng = (lng) => lng + 360 * Math.round((middle - lng) / 360);

/** And as documents have it, between -180 and 180. */
export const wrappedLng = (lng) => (Math.abs(lng) > 180 ? lng - 360 * Math.round(lng / 360) : lng);
