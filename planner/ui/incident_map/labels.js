// Where labels go, so that none hides another: each takes the first free place around what it names.

const GAP = 2;
const CLEAR = 14;
const FURTHER = [[1.4, 1.5], [1.9, 2.1], [2.7, 3.4]];
const STEP = 12;
const LESS = 0.05; // a label that hides a dot is better than one that hides a label
const CROSSED = 10; // a line to a label that crosses another counts as so many pixels hidden: still better than a poorer place
const NEXT_TO_NOTHING = 3 * CROSSED;
const TIERS = [0, 1, 2];

/** Places around a point for a label of a size, nearest first; the point itself comes first of all. */
export function around(width, height, clear = CLEAR) {
  const [near, between] = besides(width, height, clear);
  const rings = FURTHER.flatMap(([east, south]) => [...near, ...between].map(([x, y]) => [x * east, y * south]));
  return [[0, 0], ...near, ...rings];
}

/** The point itself, and the places right beside it, so far off that its dot is seen. */
export function beside(width, height, clear) {
  return [[0, 0], ...besides(width, height, clear).flat()];
}

function besides(width, height, clear) {
  const [right, down] = [width / 2 + clear, height / 2 + clear];
  const near = [
    [0, -down], [right, -down], [right, 0], [right, down], [0, down], [-right, down], [-right, 0], [-right, -down],
  ];
  const between = near.map(([x, y], k) => [(x + near[(k + 1) % 8][0]) / 2, (y + near[(k + 1) % 8][1]) / 2]);
  return [near, between];
}

const box = (x, y, width, height) => ({
  left: x - width / 2 - GAP, right: x + width / 2 + GAP, top: y - height / 2 - GAP, bottom: y + height / 2 + GAP,
});
const shared = (a, b) =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
  * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/**
 * Place labels, the most important first.
 *
 * @param items `{x, y, forms, must, most, reach, poor, poorest, dot, may}`: where; forms of the label, `{width, height, places, late}`, with
 *   offsets to try, the first that finds a free place is taken, and those that are late only once all others have theirs;
 *   whether it is shown even where no place is free (then where it hides least, and no more than `most`); how far off it may stand at most,
 *   where the last form stands anywhere so near and even on dots of those that need not be
 *   shown; how poor a form is at an offset, 0 to 2: poorer places come after all forms at better ones, none poorer than `poorest` is taken; how large the dot
 *   at its point is, which labels of others are not to hide; how much of others' dots it may hide all the same, a list:
 *   all places are tried with the first before any with the next
 * @param view what is in sight, `{left, right, top, bottom}`: a label that is to be shown keeps inside, if what it names is
 * @returns for each the offset and the number of its form, null where it is not shown
 */
export function place(items, view) {
  const [taken, dots, ends] = [new Crowd(), new Crowd(), new Crowd()];
  const lines = new Map();
  const within = (x, y) => x > view.left && x < view.right && y > view.top && y < view.bottom;
  for (const one of items) {
    if (one.dot) (one.must ? ends : dots).add({ ...box(one.x, one.y, one.dot - GAP, one.dot - GAP), of: one });
  }
  /** What a label hides at a place: others, and, which is not as bad, their dots; at least so much if over `most`. */
  const hidden = (one, here, must, inside, may, most) => {
    let others = taken.covered(here) + (inside ? shared(here, here) - shared(here, view) : 0);
    if (others >= most) return others;
    if (one.reach && must) others += CROSSED * [...lines].filter(([of, line]) => of !== one && crossing(line, lineTo(one, here))).length;
    const over = may === Infinity ? 0 : dots.covered(here, one) - may;
    return others + LESS * Math.max(0, ends.covered(here, one) + over);
  };

  const put = (one, forms, must, poorest = TIERS.at(-1)) => {
    const inside = must && within(one.x, one.y);
    let [best, least] = [null, Infinity];
    // A place that hides nothing is taken at once; where there is none, one that hides next to nothing before a poorer one.
    for (const [form, { width, height }, [dx, dy], may, tier] of tries(one, forms, must, view)) {
      if (tier > poorest || (best && tier > best.tier && least <= NEXT_TO_NOTHING)) break;
      const here = box(one.x + dx, one.y + dy, width, height);
      const covered = hidden(one, here, must, inside, may, least);
      if (covered < least) [best, least] = [{ offset: [dx, dy], form, here, tier }, covered];
      if (covered === 0) break;
    }
    if (!best || least > (must ? one.most ?? Infinity : 0)) return null;
    taken.add(best.here);
    if (one.reach) lines.set(one, lineTo(one, best.here));
    return best;
  };

  const found = items.map((one) => put(one, [...one.forms.entries()].filter(([, { late }]) => !late), one.must, one.poorest));
  items.forEach((one, k) => {
    const better = [...one.forms.entries()].filter(([form, { late }]) => late && found[k] && form < found[k].form);
    if (!better.length) return;
    taken.remove(found[k].here);
    const larger = put(one, better, false, found[k].tier);
    if (larger) found[k] = larger;
    else taken.add(found[k].here);
  });
  return found;
}

const lineTo = ({ x, y }, here) => [[x, y], [(here.left + here.right) / 2, (here.top + here.bottom) / 2]];

/** Whether two lines, each of two points, cross. */
function crossing([a, b], [c, d]) {
  const side = ([px, py], [qx, qy], [rx, ry]) => Math.sign((qx - px) * (ry - py) - (qy - py) * (rx - px));
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** What to try, best first: a form, an offset, how much of others' dots it may hide, how poor it is there. */
function* tries(one, forms, must, view) {
  const sorted = forms.map(([number, form]) => [number, form, byTier(one, form, nearEnough(one, form, view))]);
  const [last, lastForm, lastPlaces] = sorted.at(-1);
  let anywhere = null;
  for (const tier of TIERS) {
    for (const [number, form, places] of sorted) {
      for (const may of one.may ?? [0]) for (const offset of places[tier]) yield [number, form, offset, may, tier];
    }
    if (!one.reach || !must) continue;
    for (const offset of lastPlaces[tier]) yield [last, lastForm, offset, Infinity, tier];
    anywhere ??= byTier(one, lastForm, everywhere(view, one, lastForm));
    for (const offset of anywhere[tier]) yield [last, lastForm, offset, Infinity, tier];
  }
}

function byTier(one, form, places) {
  const rated = places.map((offset) => [offset, one.poor?.(form, offset) ?? 0]);
  return TIERS.map((tier) => rated.filter(([, poor]) => poor === tier).map(([offset]) => offset));
}

/** A form's places within reach, and wholly in sight if any are; of a wide label, its edge within half of that will do. */
function nearEnough(one, form, view) {
  if (!one.poor && !one.reach) return form.places;
  const gap = ([dx, dy]) => Math.hypot(Math.max(0, Math.abs(dx) - form.width / 2), Math.max(0, Math.abs(dy) - form.height / 2));
  const near = one.reach ? form.places.filter((at) => Math.hypot(...at) <= one.reach || gap(at) <= one.reach / 2) : form.places;
  const seen = near.filter(([dx, dy]) => {
    const here = box(one.x + dx, one.y + dy, form.width, form.height);
    return here.left >= view.left && here.right <= view.right && here.top >= view.top && here.bottom <= view.bottom;
  });
  return seen.length ? seen : near;
}

/** Offsets to any place in sight and within reach for a label of a form, nearest first: for what found none around its own. */
function everywhere(view, { x, y, reach }, { width, height }) {
  const found = [];
  const [top, bottom] = [Math.max(view.top + height / 2 + GAP, y - reach), Math.min(view.bottom - height / 2 - GAP, y + reach)];
  const [left, right] = [Math.max(view.left + width / 2 + GAP, x - reach), Math.min(view.right - width / 2 - GAP, x + reach)];
  for (let down = top; down <= bottom; down += STEP) {
    for (let east = left; east <= right; east += STEP) found.push([east - x, down - y]);
  }
  return found.filter((at) => Math.hypot(...at) <= reach).sort((a, b) => Math.hypot(...a) - Math.hypot(...b));
}

const CELL = 96;
const ROW = 2 ** 20; // more cells than any map has in a row

/** Boxes that are taken, found by the squares of a grid that they lie in. */
class Crowd {
  constructor() {
    this.cells = new Map();
  }

  *keys({ left, right, top, bottom }) {
    for (let i = Math.floor(left / CELL); i <= Math.floor(right / CELL); i += 1) {
      for (let j = Math.floor(top / CELL); j <= Math.floor(bottom / CELL); j += 1) yield i * ROW + j;
    }
  }

  add(one) {
    for (const key of this.keys(one)) {
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(one);
    }
  }

  remove(one) {
    for (const key of this.keys(one)) this.cells.set(key, this.cells.get(key).filter((other) => other !== one));
  }

  /** How much of a box is taken; what belongs to `but` does not count. */
  covered(one, but = null) {
    const met = [];
    for (const key of this.keys(one)) for (const other of this.cells.get(key) ?? []) if (!met.includes(other)) met.push(other);
    return met.reduce((sum, other) => (but && other.of === but ? sum : sum + shared(one, other)), 0);
  }
}
