// A few words above a mark for whoever points at it. Only a pointer that moves points: a mark that comes to lie under
// one at rest, as after each new plan, says nothing, or its words would cover the scene.

export class Tip {
  constructor(map) {
    this.map = map;
    this.tip = L.tooltip({ className: "tip", direction: "top", offset: [0, -4] });
    this.over = null;
    map.on("movestart zoomstart", () => this.hide());
  }

  /** @param words called when they are wanted: an element */
  tell(mark, words) {
    const focused = () => {
      const element = mark.getElement();
      element.addEventListener("focus", () => element.matches(":focus-visible") && this.show(mark, words));
      element.addEventListener("blur", () => this.leave(mark));
    };
    if (mark.getElement()) focused();
    mark.on("add", focused);
    mark.on("mousemove", ({ originalEvent: { movementX, movementY } }) => (movementX || movementY) && this.show(mark, words));
    mark.on("mouseout remove", () => this.leave(mark));
  }

  show(mark, words) {
    if (this.over === mark) return;
    this.over = mark;
    // Above the label as it is seen, which may stand beside its place.
    const label = mark.getElement().getBoundingClientRect();
    const box = this.map.getContainer().getBoundingClientRect();
    const top = this.map.containerPointToLatLng([label.left + label.width / 2 - box.left, label.top - box.top]);
    this.tip.setLatLng(top).setContent(words()).openOn(this.map);
  }

  leave(mark) {
    if (this.over === mark) this.hide();
  }

  hide() {
    this.over = null;
    this.tip.remove();
  }
}
