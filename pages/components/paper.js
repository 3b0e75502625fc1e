// The pages of the report. One that changed stays until the next is there: nothing flashes, nothing scrolls.

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".room-pages");
  while (root.children.length > data.pages.length) root.lastChild.remove();
  data.pages.forEach((page, index) => {
    const before = root.children[index] ?? root.appendChild(new Image());
    if (before.dataset.next === page.url) return;
    before.dataset.next = page.url;
    const next = new Image();
    next.src = page.url;
    next.alt = page.alt;
    next.dataset.next = page.url;
    next.decode().catch(() => {}).then(() => {
      if (before.dataset.next === page.url) before.replaceWith(next);
    });
  });
}
