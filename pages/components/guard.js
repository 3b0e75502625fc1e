// Asks before the browser's page is left while words would be lost; words in a field count from the first letter.

let typed = false;
let unsaved = false;

document.addEventListener("input", (event) => { typed ||= Boolean(event.target.closest?.(".st-key-form")); });
window.addEventListener("beforeunload", (event) => { if (unsaved || typed) event.preventDefault(); });

export default function ({ data }) {
  [unsaved, typed] = [data.unsaved, false];
}
