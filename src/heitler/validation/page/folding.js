/* Folding, the legend, the search for figures, and printing. */

const groups = [...document.querySelectorAll("details")];

/** Whether a candidate has been taken out of the figures by its button in the legend. */
const isHidden = (place) => document.body.classList.contains(`without-${place}`);

function fold(open) {
  groups.forEach((group) => { group.open = open && !group.hidden; });
}

/** Opens all groups around the target of a link within the page. */
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let group = target.closest("details"); group; group = group.parentElement.closest("details")) {
    group.open = true;
  }
  target.scrollIntoView();
}

function search(event) {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  const top = groups.filter((group) => group.classList.contains("group"));
  for (const group of top) {
    const text = group.querySelector("summary").textContent.toLowerCase();
    group.hidden = !words.every((word) => text.includes(word));
  }
  const left = top.filter((group) => !group.hidden).length;
  document.getElementById("found").textContent = words.length ? `${left} of ${top.length} groups` : "";
}

let folded = null;
function unfoldForPrint() {
  folded ??= groups.filter((group) => !group.open);
  folded.forEach((group) => { group.open = true; });
  drawPlots(document, true);
}

function foldAfterPrint() {
  folded?.forEach((group) => { group.open = false; });
  folded = null;
}

document.getElementById("unfold").addEventListener("click", () => fold(true));
document.getElementById("fold").addEventListener("click", () => fold(false));
document.getElementById("search").addEventListener("input", search);
document.querySelectorAll("button.key").forEach((key, place) => {
  key.addEventListener("click", () => {
    const shown = !document.body.classList.toggle(`without-${place}`);
    key.setAttribute("aria-pressed", String(shown));
  });
});
groups.forEach((group) => group.addEventListener("toggle", () => group.open && drawPlots(group)));
addEventListener("hashchange", reveal);
addEventListener("beforeprint", unfoldForPrint);
addEventListener("afterprint", foldAfterPrint);

drawPlots(document);
reveal();
