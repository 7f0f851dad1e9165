// What must not be lost: each change is kept in this browser until the server says that it is on its disk.

const PLACE = "planner.unsaved.";
const UNDO_DEPTH = 100;
const REPEAT_MS = 5000;

export class Memory {
  /** @param tell sends a value to Python */
  constructor(tell) {
    this.tell = tell;
    this.session = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
    this.number = 0;
    this.waiting = false;
    this.repeating = null;
    this.incident = null;
    this.past = [];
    this.future = [];
  }

  /** Turn to an incident. Returns the features that never reached the server, or null. */
  open(incident, fresh) {
    this.incident = incident;
    if (!fresh) return null;
    this.past = [];
    this.future = [];
    const kept = window.localStorage.getItem(PLACE + incident);
    return kept ? JSON.parse(kept) : null;
  }

  send(features) {
    this.number += 1;
    this.waiting = true;
    window.localStorage.setItem(PLACE + this.incident, JSON.stringify(features));
    const word = { incident: this.incident, session: this.session, number: this.number, features };
    this.tell(word);
    this.tellAgain(word);
  }

  /** Say it again until the server has it: while the connection or the server is gone, nobody listens. */
  tellAgain(word) {
    clearTimeout(this.repeating);
    this.repeating = setTimeout(() => {
      if (!this.waiting || word.incident !== this.incident) return;
      this.tell(word);
      this.tellAgain(word);
    }, REPEAT_MS);
  }

  /** The server has everything up to this number of this session. */
  acknowledge(word) {
    if (!this.waiting || word?.session !== this.session || word.number < this.number) return;
    this.waiting = false;
    window.localStorage.removeItem(PLACE + this.incident);
  }

  remember(features) {
    this.past = [...this.past, features].slice(-UNDO_DEPTH);
    this.future = [];
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
