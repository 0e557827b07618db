/* Figures are drawn when they can be seen; pointer and arrow keys read their values. */

const report = JSON.parse(document.getElementById("report-data").textContent);
const tip = document.getElementById("tip");
const drawn = new WeakMap();

/** Draws what is in no closed group; everything where `all` is set, as for printing. */
function drawPlots(root, all = false) {
  for (const plot of root.querySelectorAll(".plot:not([data-drawn])")) {
    if (all || !plot.closest("details:not([open])")) drawPlot(plot);
  }
}

function drawPlot(plot) {
  const figure = report.figures[plot.dataset.figure];
  plot.dataset.drawn = "";
  const matrix = figure.kind === "matrix";
  const made = matrix ? drawMatrix(figure, report.samples) : drawCurves(figure, 350, 280);
  const [w, h] = made.size;
  plot.innerHTML = `<svg viewBox="0 0 ${w} ${h}" style="max-width:${w}px" tabindex="0" role="img" aria-label="${escapeText(figure.caption)}">${made.svg}</svg>`;
  const svg = plot.firstChild;
  drawn.set(svg, { figure, ...made, bin: -1 });
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const at = [((event.clientX - box.left) * w) / box.width, ((event.clientY - box.top) * h) / box.height];
    (matrix ? readMatrix : readCurves)(svg, at, event);
  });
  for (const end of ["pointerleave", "blur"]) svg.addEventListener(end, () => forget(svg));
  if (!matrix) svg.addEventListener("keydown", (event) => walk(svg, event));
}

function readCurves(svg, [x], event) {
  const { pixels } = drawn.get(svg);
  const bin = pixels.findIndex((edge, n) => n + 1 < pixels.length && x >= edge && x < pixels[n + 1]);
  showBin(svg, bin, event.clientX, event.clientY);
}

/** Left and right go from bin to bin of the figure that has the focus. */
function walk(svg, event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") forget(svg);
  if (!step) return;
  event.preventDefault();
  const state = drawn.get(svg), box = svg.getBoundingClientRect();
  const bin = Math.max(0, Math.min(state.pixels.length - 2, state.bin + step));
  const ratio = box.width / svg.viewBox.baseVal.width;
  showBin(svg, bin, box.left + state.pixels[bin] * ratio, box.top + 60);
}

function showBin(svg, bin, left, top) {
  const state = drawn.get(svg), { figure, pixels } = state;
  const cursor = svg.querySelector(".cursor");
  if (bin < 0) return forget(svg);
  if (bin !== state.bin) {
    state.bin = bin;
    const middle = fix((pixels[bin] + pixels[bin + 1]) / 2);
    cursor.setAttribute("d", `M${middle} ${cursor.dataset.top}V${cursor.dataset.bottom}`);
    const rows = figure.curves.map((curve, n) => {
      if (n && isHidden(n - 1)) return "";
      const ratio = n ? short(curve.ratio[bin]) : "";
      return `<tr><th>${escapeText(report.samples[n])}</th><td>${short(curve.values[bin])} ± ${short(curve.errors[bin], 2)}</td><td>${ratio}</td></tr>`;
    });
    tip.innerHTML = `<b>${place(figure, bin)}</b><table><tr><td></td><td>value</td><td>${figure.below}</td></tr>${rows.join("")}</table>`;
  }
  showTip(left, top);
}

function place(figure, bin) {
  const [low, high] = figure.edges.slice(bin, bin + 2);
  const whole = high - low === 1 && Number.isInteger(low + 0.5);
  const text = whole ? `${low + 0.5}` : `${short(low, 4)} to ${short(high, 4)}`;
  return escapeText(`${figure.x.text}: ${text}`);
}

function readMatrix(svg, [x, y], event) {
  const { figure, panels, place: placeOf, side, count } = drawn.get(svg);
  const found = panels.findIndex((_, n) => {
    const [left, top] = placeOf(n);
    return x >= left && x < left + side && y >= top && y < top + side;
  });
  if (found < 0) return forget(svg);
  const [left, top] = placeOf(found);
  const column = Math.floor(((x - left) / side) * count);
  const row = count - 1 - Math.floor(((y - top) / side) * count);
  const name = (n) => figure.labels[n] ?? `${figure.axis} ${n}`;
  const value = short(panels[found].values[row * count + column]);
  tip.innerHTML = `<b>${escapeText(panels[found].title)}</b><br>${escapeText(name(row))} and ${escapeText(name(column))}: ${value}`;
  showTip(event.clientX, event.clientY);
}

function showTip(left, top) {
  tip.hidden = false;
  const width = document.documentElement.clientWidth;
  tip.style.left = `${Math.max(4, Math.min(left + 14, width - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.max(4, top - tip.offsetHeight - 10)}px`;
}

function forget(svg) {
  drawn.get(svg).bin = -1;
  svg.querySelector(".cursor")?.removeAttribute("d");
  tip.hidden = true;
}
