// Where labels go, so that none hides another: each takes the first free place around what it names.

const GAP = 2;
const FURTHER = [[1.9, 2.1], [2.7, 3.4]];
const STEP = 16;

/** Places around a point for a label of a size, nearest first; the point itself comes first of all. */
export function around(width, height) {
  const [right, down] = [width / 2 + 14, height / 2 + 14];
  const near = [
    [0, -down], [right, -down], [right, 0], [right, down], [0, down], [-right, down], [-right, 0], [-right, -down],
  ];
  const between = near.map(([x, y], k) => [(x + near[(k + 1) % 8][0]) / 2, (y + near[(k + 1) % 8][1]) / 2]);
  const rings = FURTHER.flatMap(([east, south]) => [...near, ...between].map(([x, y]) => [x * east, y * south]));
  return [[0, 0], ...near, ...rings];
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
 * @param items `{x, y, width, height, places, must}`: where, how large, offsets to try, and whether it is shown
 *   even where no place is free (then where it hides least)
 * @param view what is in sight, `{left, right, top, bottom}`: a label that is to be shown keeps inside, if what it names is
 * @returns the offset for each, null where it is not shown
 */
export function place(items, view) {
  const taken = new Crowd();
  const within = (x, y) => x > view.left && x < view.right && y > view.top && y < view.bottom;
  return items.map(({ x, y, width, height, places, must }) => {
    const inside = must && within(x, y);
    let best = null;
    let least = Infinity;
    for (const [dx, dy] of inside ? chain(places, () => everywhere(view, x, y, width, height)) : places) {
      const here = box(x + dx, y + dy, width, height);
      const covered = taken.covered(here) + (inside ? shared(here, here) - shared(here, view) : 0);
      if (covered < least) [best, least] = [[dx, dy], covered];
      if (covered === 0) break;
    }
    if (least > 0 && !must) return null;
    taken.add(box(x + best[0], y + best[1], width, height));
    return best;
  });
}

function* chain(near, far) {
  yield* near;
  yield* far();
}

/** Offsets to any place in sight for a label of a size, nearest first: for what found none around its own. */
function everywhere(view, x, y, width, height) {
  const found = [];
  for (let top = view.top + height / 2; top <= view.bottom - height / 2; top += STEP) {
    for (let left = view.left + width / 2; left <= view.right - width / 2; left += STEP) found.push([left - x, top - y]);
  }
  return found.sort((a, b) => Math.hypot(...a) - Math.hypot(...b));
}

const CELL = 96;

/** Boxes that are taken, found by the squares of a grid that they lie in. */
class Crowd {
  constructor() {
    this.cells = new Map();
  }

  *keys({ left, right, top, bottom }) {
    for (let i = Math.floor(left / CELL); i <= Math.floor(right / CELL); i += 1) {
      for (let j = Math.floor(top / CELL); j <= Math.floor(bottom / CELL); j += 1) yield `${i},${j}`;
    }
  }

  add(one) {
    for (const key of this.keys(one)) {
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(one);
    }
  }

  covered(one) {
    const met = new Set();
    for (const key of this.keys(one)) for (const other of this.cells.get(key) ?? []) met.add(other);
    let sum = 0;
    for (const other of met) sum += shared(one, other);
    return sum;
  }
}
