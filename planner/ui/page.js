// What the page around the parts needs from a script: Streamlit's own dialog about a lost connection stands in the way
// of drawing, its drop zone has a name and the role of having none, a number that is not known cannot be stepped up, what is asked
// over the map knows no Escape, and a part that goes takes the focus along. Put in anew by each page, and begun once.

(() => {
  if (window.plannerMends) return;

  const HEALTH_MS = 3000;
  const NUMBER = "stNumberInput";
  const TOLD_MS = 400; // parts of one answer come one after the other
  const LOST = "No connection to the planner. What you draw and decide is kept here and sent when it is back.";

  function mend() {
    const zones = document.querySelectorAll('[data-testid="stFileUploaderDropzone"][role="presentation"]');
    for (const zone of zones) zone.setAttribute("role", "group");
    document.querySelectorAll(`[data-testid="${NUMBER}"]`).forEach(mendNumber);
    for (const dialog of document.querySelectorAll('[role="dialog"]')) {
      if (!/connection error/i.test(dialog.textContent)) continue;
      dialog.querySelector("button")?.click();
      tellLost();
    }
    tellNews();
    keepFocus();
  }

  // --- what is read out ---

  const news = Object.assign(document.createElement("div"), { id: "planner-told", className: "unseen" });
  news.setAttribute("role", "status");
  document.body.append(news);
  let telling = null;

  /** What has come of something is read out once, from a place that stays: a part put in anew is not always heard. */
  function tellNews() {
    clearTimeout(telling);
    telling = setTimeout(() => {
      const seen = [...document.querySelectorAll(".pl .told")].filter((one) => one.checkVisibility());
      const text = seen.map(words).join("\n");
      if (news.textContent !== text) news.textContent = text;
    }, TOLD_MS);
  }

  function words(part) {
    const copy = part.cloneNode(true);
    copy.querySelectorAll("[aria-hidden='true']").forEach((one) => one.remove());
    return [...copy.children].map((one) => one.textContent).join(" ") || copy.textContent;
  }

  // --- where the keys go ---

  const FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled]), select, textarea, summary, [tabindex='0']";
  let byKeys = false;
  let last = null;

  function focused({ target }) {
    const all = [...document.querySelectorAll(FOCUSABLE)];
    const at = all.indexOf(target);
    last = at < 0 ? null : { one: target, after: all.slice(at + 1), before: all.slice(0, at).reverse() };
  }

  /** Who works by keys goes on where the part was that went or was switched off, not at the top of the page. */
  function keepFocus() {
    if (!last || !byKeys || (document.activeElement && document.activeElement !== document.body)) return;
    if (last.one.isConnected && !last.one.disabled) return;
    const next = [...last.after, ...last.before].find((one) => one.isConnected && !one.disabled && one.checkVisibility());
    last = null;
    next?.focus({ preventScroll: true });
  }

  /** Its buttons say of what they are one more or one less; what is not known can be stepped up, too. */
  function mendNumber(number) {
    const field = number.querySelector("input");
    const [less, more] = ["Down", "Up"].map((way) => number.querySelector(`[data-testid="${NUMBER}Step${way}"]`));
    if (!more || !less) return;
    const name = field.getAttribute("aria-label");
    for (const [button, text] of [[less, `${name}: one less`], [more, `${name}: one more`]]) {
      if (button.getAttribute("aria-label") !== text) button.setAttribute("aria-label", text);
    }
    if (more.disabled && unknown(field)) more.disabled = false;
  }

  const unknown = (field) => field.value === "" && !field.disabled;

  /** From not known to the least there is and one: said as if it had been typed. */
  function stepUp(field) {
    const number = Number(field.min || 0) + Number(field.step || 1);
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, String(number));
    field.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })));
  }

  function stepped(event) {
    const { target, type, key } = event;
    const pressed = type === "click" ? target.closest(`[data-testid="${NUMBER}StepUp"]`) : key === "ArrowUp" && target;
    const field = pressed && pressed.closest(`[data-testid="${NUMBER}"]`)?.querySelector("input");
    if (!field || !unknown(field)) return;
    event.preventDefault();
    event.stopPropagation();
    stepUp(field);
  }

  /** One line at the lower edge until the server answers again; nothing is covered that one works with. */
  function tellLost() {
    if (document.getElementById("planner-lost")) return;
    const line = document.createElement("div");
    line.id = "planner-lost";
    line.setAttribute("role", "alert");
    line.textContent = LOST;
    document.body.append(line);
    const asking = setInterval(async () => {
      if (!(await answers())) return;
      clearInterval(asking);
      line.remove();
    }, HEALTH_MS);
  }

  async function answers() {
    try {
      return (await fetch("_stcore/health", { cache: "no-store" })).ok;
    } catch {
      return false; // nobody there: that is what is asked
    }
  }

  window.plannerMends = new MutationObserver(mend);
  window.plannerMends.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  for (const type of ["click", "keydown"]) document.addEventListener(type, stepped, true);
  /** What is asked over the map and need not be answered is left by Escape: by its last answer, which changes nothing. */
  function leave(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    document.querySelector(".st-key-card_device [role='radiogroup'] button:last-of-type")?.click();
  }

  window.addEventListener("keydown", leave);
  for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, () => (byKeys = type === "keydown"), true);
  document.addEventListener("focusin", focused);
  window.addEventListener("offline", tellLost);
  mend();
})();
