// Where the view is put, so that nothing of the plan lies under the buttons, the scale and the credit.

const STEP_PX = 8;
const CLEAR_PX = 14; // a mark is wider than its point
const OUT = 0.6; // out of sight is better than under a button, where one would take it for not being there

/**
 * How far what is shown is to be moved so that fewest places lie under what covers the map, the shortest such way.
 *
 * @param spots places, `{x, y}`, in pixels of the view
 * @param covers boxes over the map, `{left, top, right, bottom}`
 * @param room how far it may be moved each way, `{left, right, up, down}`
 * @param size of the view, `{x, y}`
 * @returns `[x, y]` in pixels, to the right and down
 */
export function clearest(spots, covers, room, size) {
  const under = ({ x, y }, one) =>
    x > one.left - CLEAR_PX && x < one.right + CLEAR_PX && y > one.top - CLEAR_PX && y < one.bottom + CLEAR_PX;
  const hidden = ([dx, dy]) => {
    const cost = (x, y) => {
      if (x < 0 || y < 0 || x > size.x || y > size.y) return OUT;
      if (x < CLEAR_PX || y < CLEAR_PX || x > size.x - CLEAR_PX || y > size.y - CLEAR_PX) return 1; // cut off
      return covers.some((one) => under({ x, y }, one)) ? 1 : 0;
    };
    return spots.reduce((sum, { x, y }) => sum + cost(x + dx, y + dy), 0);
  };
  let [best, least] = [[0, 0], hidden([0, 0])];
  for (const move of moves(room)) {
    if (least === 0) break;
    const found = hidden(move);
    if (found < least) [best, least] = [move, found];
  }
  return best;
}

/** Moves within the room, shortest first. */
function moves({ left, right, up, down }) {
  const along = (least, most) => [...Array(Math.floor((most - least) / STEP_PX) + 1).keys()].map((k) => least + k * STEP_PX);
  const [across, upright] = [along(-Math.max(0, left), Math.max(0, right)), along(-Math.max(0, up), Math.max(0, down))];
  const found = across.flatMap((x) => upright.map((y) => [x, y]));
  return found.sort((a, b) => Math.hypot(...a) - Math.hypot(...b));
}
