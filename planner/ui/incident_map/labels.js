// Where labels go, so that none hides another: each takes the first free place around what it names.

const GAP = 2;
const CLEAR = 14;
const FURTHER = [[1.9, 2.1], [2.7, 3.4]];
const STEP = 16;
const LESS = 0.05; // a label that hides a dot is better than one that hides a label

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
 * @param items `{x, y, forms, must, far, dot, may}`: where; forms of the label, `{width, height, places, late}`, with offsets to
 *   try, the first that finds a free place is taken, and those that are late only once all others have theirs; whether
 *   it is shown even where no place is free (then where it hides least), and whether anywhere in sight then; how large
 *   the dot at its point is, which labels of others are not to hide; how much of others' dots it may hide all the same,
 *   a list: all places are tried with the first before any with the next
 * @param view what is in sight, `{left, right, top, bottom}`: a label that is to be shown keeps inside, if what it names is
 * @returns for each the offset and the number of its form, null where it is not shown
 */
export function place(items, view) {
  const [taken, dots] = [new Crowd(), new Crowd()];
  const within = (x, y) => x > view.left && x < view.right && y > view.top && y < view.bottom;
  for (const one of items) {
    if (one.dot) dots.add({ ...box(one.x, one.y, one.dot - GAP, one.dot - GAP), of: one });
  }
  /** What a label hides at a place: others, and, which is not as bad, their dots; at least so much if over `most`. */
  const hidden = (one, here, inside, may, most) => {
    const others = taken.covered(here) + (inside ? shared(here, here) - shared(here, view) : 0);
    return others >= most ? others : others + LESS * Math.max(0, dots.covered(here, one) - may);
  };

  const put = (one, forms) => {
    const inside = one.must && within(one.x, one.y);
    let [best, least] = [null, Infinity];
    for (const [form, { width, height }, [dx, dy], may] of tries(one, forms, inside && one.far ? view : null)) {
      const here = box(one.x + dx, one.y + dy, width, height);
      const covered = hidden(one, here, inside, may, least);
      if (covered < least) [best, least] = [{ offset: [dx, dy], form, here }, covered];
      if (covered === 0) break;
    }
    if (!best || (least > 0 && !one.must)) return null;
    taken.add(best.here);
    return best;
  };

  const found = items.map((one) => put(one, [...one.forms.entries()].filter(([, { late }]) => !late)));
  items.forEach((one, k) => {
    const better = [...one.forms.entries()].filter(([form, { late }]) => late && found[k] && form < found[k].form);
    if (!better.length) return;
    taken.remove(found[k].here);
    const larger = put({ ...one, must: false }, better);
    if (larger) found[k] = larger;
    else taken.add(found[k].here);
  });
  return found;
}

/** What to try, best first: a form, an offset, and how much of others' dots it may hide; then anywhere in a view. */
function* tries(one, forms, view) {
  for (const [number, form] of forms) {
    for (const may of one.may ?? [0]) for (const offset of form.places) yield [number, form, offset, may];
  }
  if (!view) return;
  const [number, form] = forms.at(-1);
  for (const offset of everywhere(view, one, form.width, form.height)) yield [number, form, offset, 0];
}

/** Offsets to any place in sight for a label of a size, nearest first: for what found none around its own. */
function everywhere(view, { x, y }, width, height) {
  const found = [];
  for (let top = view.top + height / 2; top <= view.bottom - height / 2; top += STEP) {
    for (let left = view.left + width / 2; left <= view.right - width / 2; left += STEP) found.push([left - x, top - y]);
  }
  return found.sort((a, b) => Math.hypot(...a) - Math.hypot(...b));
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
