// What sites look like: our own simple drawings after the incident command system's, each beside its name.
// Command post: a square half filled along its diagonal; staging: S in a circle; helispot: H in a circle.

const DRAWN = {
  command_post: '<path d="M3 3h18v18H3z" fill="none" stroke-width="2"/><path d="M3 21V3h18z" stroke="none"/>',
  staging: '<circle cx="12" cy="12" r="10" fill="none" stroke-width="2"/><path d="M16 8.5c-.8-1.6-2.3-2.3-4-2.3-2.2 0-3.9 1.1-3.9 2.9 0 4 8.1 1.7 8.1 5.7 0 1.9-1.8 3-4.2 3-2 0-3.7-.9-4.4-2.6" fill="none" stroke-width="2.2"/>',
  casualty_collection: '<path d="M9 2h6v7h7v6h-7v7H9v-7H2V9h7z" stroke="none"/>',
  casualty_collection_forward: '<path d="M9 3h6v6h6v6h-6v6H9v-6H3V9h6z" fill="none" stroke-width="2.2"/>',
  ambulance_exchange: '<path d="M1 6h13v11H1zM15 9h4l4 4v4h-8z" stroke="none"/><circle cx="6" cy="18" r="2.6" stroke-width="1.5" class="hole"/><circle cx="18" cy="18" r="2.6" stroke-width="1.5" class="hole"/><path d="M7.5 8v7M4 11.5h7" class="cross" fill="none" stroke-width="2"/>',
  evacuation: '<circle cx="14" cy="4" r="2.3" stroke="none"/><path d="M12.5 7.5l-4 3 .5 3m3.5-6l-1 6.5 4 3 .5 5m-5-8l-2.5 4H5m7.5-10.5l3 3h3.5" fill="none" stroke-width="2.2"/>',
  reunification: '<circle cx="8" cy="5" r="2.8" stroke="none"/><path d="M4 20v-7c0-2.5 1.5-4 4-4s4 1.5 4 4v7z" stroke="none"/><circle cx="17" cy="9.5" r="2.2" stroke="none"/><path d="M14 20v-4.5c0-1.8 1.2-3 3-3s3 1.2 3 3V20z" stroke="none"/>',
  media: '<path d="M2 7h13v10H2zM16 11l6-4v10l-6-4z" stroke="none"/>',
  helispot: '<circle cx="12" cy="12" r="10" fill="none" stroke-width="2"/><path d="M8.5 7v10M15.5 7v10M8.5 12h7" fill="none" stroke-width="2.4"/>',
};

const made = new Map();

/** The symbol of a purpose as an element; it says nothing to a screen reader, the text beside it does. */
export function symbol(purpose) {
  const drawn = DRAWN[purpose] ?? DRAWN[purpose.replace(/_[^_]*$/, "")] ?? "";
  if (!made.has(drawn)) {
    const box = document.createElement("span");
    box.className = "symbol";
    box.setAttribute("aria-hidden", "true");
    box.innerHTML = `<svg viewBox="0 0 24 24" width="20" height="20" fill="currentColor" stroke="currentColor">${drawn}</svg>`;
    made.set(drawn, box);
  }
  return made.get(drawn).cloneNode(true);
}
