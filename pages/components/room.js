// Tab leads from an open popover's button into the popover, which stands at the far end of the document.

document.addEventListener("keydown", (event) => {
  if (event.key !== "Tab" || event.shiftKey) return;
  const opened = document.activeElement?.closest('[aria-haspopup="dialog"][aria-expanded="true"]');
  const body = opened && document.querySelector('[data-testid="stPopoverBody"]');
  const places = body?.querySelectorAll("a[href], button, input, textarea, [tabindex]") ?? [];
  const first = [...places].find((place) => place.tabIndex >= 0 && !place.disabled);
  if (!first) return;
  event.preventDefault();
  first.focus();
});
