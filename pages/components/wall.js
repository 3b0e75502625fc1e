// The wall: panes of pictures that zoom (wheel, + and -), move (drag, arrows) and go back (double click, 0), each by itself.
// It places what it is given and keeps where the reader looked for as long as `revision` stays the same.

const STEP = 60; // pixels an arrow moves
const HINT = "+ − zoom · arrows move · 0 goes back";

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".wall");
  root.wall ??= new Wall(root);
  root.wall.show(data);
}

class Wall {
  constructor(root) {
    this.root = root;
    this.panes = [];
    new ResizeObserver(() => this.panes.forEach((pane) => pane.place())).observe(root);
  }

  show(data) {
    if (data.revision !== this.revision) {
      const held = this.panes.findIndex((pane) => pane.box.matches(":focus"));
      this.revision = data.revision;
      this.root.replaceChildren();
      this.root.classList.toggle("single", data.panes.length === 1);
      this.panes = data.panes.map(() => new Pane(this.root));
      data.panes.forEach((given, index) => this.panes[index].show(given));
      this.panes[held]?.box.focus();
      return;
    }
    data.panes.forEach((given, index) => this.panes[index].show(given));
  }
}

class Pane {
  constructor(root) {
    this.box = add(root, "div", "pane");
    this.name = add(this.box, "div", "name");
    this.name.title = HINT;
    this.caption = add(this.box, "div", "caption");
    this.empty = add(this.box, "div", "empty");
    add(this.box, "div", "hint").textContent = HINT;
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-description", HINT);
    this.slots = [];
    this.marks = [];
    this.box.addEventListener("wheel", (event) => this.zoom(event), { passive: false });
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("pointerdown", (event) => this.grab(event));
    this.box.addEventListener("dblclick", () => { this.back(); });
  }

  show(given) {
    this.given = given;
    this.box.classList.toggle("right", given.outer === "right");
    this.box.classList.toggle("vacant", !given.pictures.length);
    this.box.setAttribute("aria-label", given.name);
    if (given.pictures.length) this.box.tabIndex = 0;
    else this.box.removeAttribute("tabindex");
    this.name.textContent = given.name;
    this.caption.textContent = given.caption;
    this.empty.textContent = given.empty;
    while (this.slots.length > given.pictures.length) this.slots.pop().image?.remove();
    given.pictures.forEach((picture, index) => this.load(picture, (this.slots[index] ??= {}), index));
    this.marks.forEach((mark) => mark.remove());
    this.marks = given.foci.map((focus) => {
      const mark = add(this.box, "div", "focus");
      add(mark, "span", "").textContent = focus.number;
      return mark;
    });
    this.place();
  }

  // The picture before stays until the next one is there: nothing flashes.
  load(picture, slot, index) {
    if (slot.image) slot.image.alt = picture.alt;
    if (slot.url === picture.url) return;
    slot.url = picture.url;
    const next = new Image();
    next.draggable = false;
    next.alt = picture.alt;
    next.style.zIndex = index;
    next.src = picture.url;
    next.decode().catch(() => {}).then(() => {
      if (slot.url !== picture.url || !this.slots.includes(slot)) return;
      slot.image?.remove();
      slot.image = next;
      this.box.prepend(next);
      this.place();
    });
  }

  look() {
    if (this.view) return this.view;
    const { clientWidth: width, clientHeight: height } = this.box;
    const scale = Math.min(height / this.given.height, width / this.given.width);
    return { scale, x: this.given.wall === "right" ? width : 0, y: height / 2 + this.given.middle * scale };
  }

  place() {
    if (!this.given || !this.box.clientWidth) return;
    const view = this.look();
    this.box.dataset.view = [view.scale, view.x, view.y].map((n) => n.toFixed(3)).join(" ");
    this.slots.forEach((slot, index) => {
      if (!slot.image) return;
      put(slot.image, this.given.pictures[index].box, view);
      slot.image.style.opacity = this.given.pictures[index].opacity;
    });
    this.marks.forEach((mark, index) => put(mark, this.given.foci[index].box, view));
  }

  zoom(event) {
    event.preventDefault();
    const edge = this.box.getBoundingClientRect();
    const by = Math.exp(-Math.max(-300, Math.min(300, event.deltaY)) * 0.0016);
    this.scale(by, event.clientX - edge.left, event.clientY - edge.top);
  }

  // Zooms by a factor; what is at (px, py) stays there.
  scale(by, px, py) {
    if (!this.given.pictures.length) return;
    const view = this.look();
    const scale = Math.min(Math.max(view.scale * by, this.fit() * 0.5), this.fit() * 40);
    const ratio = scale / view.scale;
    this.view = { scale, x: px - (px - view.x) * ratio, y: py - (py - view.y) * ratio };
    this.place();
  }

  move(dx, dy) {
    const view = this.look();
    this.view = { scale: view.scale, x: view.x + dx, y: view.y + dy };
    this.place();
  }

  back() {
    this.view = null;
    this.place();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [px, py] = [this.box.clientWidth / 2, this.box.clientHeight / 2];
    const does = {
      "+": () => this.scale(1.25, px, py),
      "=": () => this.scale(1.25, px, py),
      "-": () => this.scale(0.8, px, py),
      0: () => this.back(),
      ArrowLeft: () => this.move(STEP, 0),
      ArrowRight: () => this.move(-STEP, 0),
      ArrowUp: () => this.move(0, STEP),
      ArrowDown: () => this.move(0, -STEP),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  fit() {
    return Math.min(this.box.clientHeight / this.given.height, this.box.clientWidth / this.given.width);
  }

  grab(event) {
    if (event.button !== 0 || !this.given.pictures.length) return;
    const [from, view] = [{ x: event.clientX, y: event.clientY }, this.look()];
    this.box.setPointerCapture(event.pointerId);
    const move = (to) => {
      this.view = { scale: view.scale, x: view.x + to.clientX - from.x, y: view.y + to.clientY - from.y };
      this.place();
    };
    this.box.addEventListener("pointermove", move);
    const end = () => this.box.removeEventListener("pointermove", move);
    this.box.addEventListener("pointerup", end, { once: true });
    this.box.addEventListener("pointercancel", end, { once: true });
  }
}

function put(element, [left, bottom, right, top], view) {
  element.style.left = `${view.x + left * view.scale}px`;
  element.style.top = `${view.y - top * view.scale}px`;
  element.style.width = `${(right - left) * view.scale}px`;
  element.style.height = `${(top - bottom) * view.scale}px`;
}

function add(parent, tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  parent.append(made);
  return made;
}
