// What must not be lost: each change is kept in this browser until the server says that it is on its disk.

const PLACE = "planner.unsaved.";
const UNDO_DEPTH = 100;
const REPEAT_MS = 8000; // longer than a plan takes, or a slow one would be asked for twice

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Features of a step, with what others changed of those between `before` and `after`. */
function joined(before, after, features) {
  const [was, now] = [before, after].map((all) => new Map(all.map((one) => [one.id, one])));
  const kept = features
    .filter((one) => now.has(one.id) || !was.has(one.id))
    .map((one) => (now.has(one.id) && same(one, was.get(one.id)) ? now.get(one.id) : one));
  const known = new Set(kept.map((one) => one.id));
  return [...kept, ...after.filter((one) => !was.has(one.id) && !known.has(one.id))];
}

export class Memory {
  /**
   * @param tell sends a value to Python
   * @param warn called with a line when what is drawn may be lost, with "" when it no longer can
   */
  constructor(tell, warn) {
    this.tell = tell;
    this.warn = warn;
    this.session = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
    this.number = 0;
    this.waiting = false;
    this.repeating = null;
    this.incident = null;
    this.past = [];
    this.future = [];
  }

  /** Turn to an incident. Returns the word that never reached the server, as `send` was told it, or null. */
  open(incident, authority, fresh) {
    this.incident = incident;
    this.authority = authority;
    if (!fresh) return null;
    this.past = [];
    this.future = [];
    try {
      const kept = JSON.parse(window.localStorage.getItem(PLACE + incident));
      return Array.isArray(kept) ? { features: kept, facts: null } : kept; // an older page kept features alone
    } catch {
      return null; // this browser keeps nothing: said when something is drawn
    }
  }

  /** @param facts what is to be said again besides, by who takes a step back or forth; null: as it stands */
  send(features, facts = null) {
    this.number += 1;
    this.waiting = true;
    this.keep({ features, facts });
    const { incident, session, number, authority } = this;
    const word = { incident, session, number, authority, features, facts };
    this.tell(word);
    this.tellAgain(word);
  }

  keep(said) {
    try {
      window.localStorage.setItem(PLACE + this.incident, JSON.stringify(said));
    } catch {
      this.warn("This browser keeps no copy of what you draw: do not close the page before the plan is there.");
    }
  }

  /** Say it again until the server has it: while the connection or the server is gone, nobody listens. */
  tellAgain(word) {
    clearTimeout(this.repeating);
    this.repeating = setTimeout(() => {
      if (!this.waiting || word.incident !== this.incident) return;
      this.warn("Not saved yet: the server does not answer. What you drew is kept in this browser, and sent again.");
      this.tell(word);
      this.tellAgain(word);
    }, REPEAT_MS);
  }

  /** The server has everything up to this number of this session. */
  acknowledge(word) {
    if (!this.waiting || word?.session !== this.session || word.number < this.number) return;
    this.waiting = false;
    this.warn("");
    this.forget();
  }

  forget() {
    try {
      window.localStorage.removeItem(PLACE + this.incident);
    } catch {
      // Nothing is kept here, so there is nothing to forget.
    }
  }

  /** @param step `{features, facts}` as they were before a change */
  remember(step) {
    this.past = [...this.past, step].slice(-UNDO_DEPTH);
    this.future = [];
  }

  /** What another browser said is in every step, before and after: it is not theirs to take back who did not say it. */
  carry(before, after) {
    const here = (step) => ({
      features: joined(before.features, after.features, step.features),
      facts: same(step.facts, before.facts) ? after.facts : step.facts,
    });
    this.past = this.past.map(here);
    this.future = this.future.map(here);
  }

  canUndo() {
    return this.past.length > 0;
  }

  canRedo() {
    return this.future.length > 0;
  }

  undo(now) {
    if (!this.canUndo()) return null;
    this.future = [...this.future, now];
    return this.past.pop();
  }

  redo(now) {
    if (!this.canRedo()) return null;
    this.past = [...this.past, now];
    return this.future.pop();
  }
}
