// Where labels go, so that none hides another: each takes the first free place around what it names.

const GAP = 2;

/** Places around a point for a label of a size, nearest first; the point itself comes first of all. */
export function around(width, height) {
  const [right, down] = [width / 2 + 14, height / 2 + 14];
  const near = [
    [0, -down], [right, -down], [right, 0], [right, down], [0, down], [-right, down], [-right, 0], [-right, -down],
  ];
  const far = near.map(([x, y]) => [x * 1.9, y * 2.1]);
  const further = near.map(([x, y]) => [x * 2.7, y * 3.4]);
  return [[0, 0], ...near, ...far, ...further];
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
 * @returns the offset for each, null where it is not shown
 */
export function place(items) {
  const taken = new Crowd();
  return items.map(({ x, y, width, height, places, must }) => {
    let best = null;
    let least = Infinity;
    for (const [dx, dy] of places) {
      const covered = taken.covered(box(x + dx, y + dy, width, height));
      if (covered < least) [best, least] = [[dx, dy], covered];
      if (covered === 0) break;
    }
    if (least > 0 && !must) return null;
    taken.add(box(x + best[0], y + best[1], width, height));
    return best;
  });
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
