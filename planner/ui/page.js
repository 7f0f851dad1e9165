// What the page around the parts needs from a script: Streamlit's own dialog about a lost connection stands in the way
// of drawing, and its drop zone has a name and the role of having none. Put in anew by each page, and begun once.

(() => {
  if (window.plannerMends) return;

  const HEALTH_MS = 3000;
  const LOST = "No connection to the planner. What you draw and decide is kept here and sent when it is back.";

  function mend() {
    const zones = document.querySelectorAll('[data-testid="stFileUploaderDropzone"][role="presentation"]');
    for (const zone of zones) zone.setAttribute("role", "group");
    for (const dialog of document.querySelectorAll('[role="dialog"]')) {
      if (!/connection error/i.test(dialog.textContent)) continue;
      dialog.querySelector("button")?.click();
      tellLost();
    }
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
  window.plannerMends.observe(document.body, { childList: true, subtree: true });
  window.addEventListener("offline", tellLost);
  mend();
})();
