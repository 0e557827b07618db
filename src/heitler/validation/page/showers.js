/* Example showers in three dimensions: the reference beside the candidates, turned together. */

const view = { yaw: 0, pitch: 0, zoom: 1, floor: -9, example: 0 };
const STRAIGHT = { yaw: -0.6, pitch: 0.35, zoom: 1 };
/** Dark blue to yellow through green, lighter with energy: readable without colour vision too. */
const RAMP = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]];
const RAMP_DARK = [[110, 64, 170], [84, 110, 200], [42, 140, 170], [34, 178, 132], [122, 209, 81], [253, 231, 37]];
const darkness = matchMedia("(prefers-color-scheme: dark)");

/** Hits as four 16-bit numbers each: x, y, z in steps of `unit` mm, log10 of MeV in thousandths. */
function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Int16Array(bytes.buffer);
}

function ramp(part) {
  const stops = darkness.matches ? RAMP_DARK : RAMP;
  const at = Math.max(0, Math.min(0.9999, part)) * (stops.length - 1), n = Math.floor(at);
  return `rgb(${stops[n].map((low, k) => Math.round(low + (stops[n + 1][k] - low) * (at - n)))})`;
}

/** Coordinates in the frame of the eye: depth of the calorimeter to the right, y up. */
function project([x, y, z]) {
  const [cy, sy, cp, sp] = [Math.cos(view.yaw), Math.sin(view.yaw), Math.cos(view.pitch), Math.sin(view.pitch)];
  const right = z * cy - x * sy, back = z * sy + x * cy;
  return [right, y * cp - back * sp, y * sp + back * cp];
}

function drawShowers() {
  const { showers } = report;
  document.querySelectorAll("canvas.shower").forEach((canvas, sample) => {
    const ratio = devicePixelRatio || 1, width = canvas.clientWidth || 340, height = Math.round(width * 0.85);
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const example = showers.examples[sample][view.example];
    example.hits ??= unpack(example.packed);
    const scale = (view.zoom * 0.8 * width) / showers.diagonal;
    drawBox(context, width, height, scale);
    const seen = drawHits(context, example.hits, width, height, scale);
    const energy = short(seen.energy / 1000);
    canvas.nextElementSibling.querySelector("span").textContent =
      `${short(example.energy / 1000)} GeV, ${seen.count} cells shown, ${energy} GeV in them`;
  });
}

const screen = ([x, y], width, height, scale) => [width / 2 + x * scale, height / 2 - y * scale];

/** The outline of the calorimeter, with the names of its axes. */
function drawBox(context, width, height, scale) {
  const ink = getComputedStyle(document.body);
  const half = report.showers.half, corner = (n) => half.map((side, k) => (n & (1 << k) ? side : -side));
  context.strokeStyle = ink.getPropertyValue("--line");
  context.fillStyle = ink.getPropertyValue("--soft");
  context.font = "12px system-ui, sans-serif";
  context.beginPath();
  for (let n = 0; n < 8; n++) {
    for (let k = 0; k < 3; k++) {
      if (n & (1 << k)) continue;
      context.moveTo(...screen(project(corner(n)), width, height, scale));
      context.lineTo(...screen(project(corner(n | (1 << k))), width, height, scale));
    }
  }
  context.stroke();
  ["x", "y", "depth"].forEach((name, k) => {
    const middle = half.map((side, n) => (n === k ? 0 : n === 1 || k === 1 ? -side : n === 0 ? side : -side));
    const at = screen(project(middle.map((side) => side * 1.08)), width, height, scale);
    context.fillText(name, ...at);
  });
}

/** Cells above the threshold, the far ones first; their number and energy in MeV. */
function drawHits(context, hits, width, height, scale) {
  const { unit, floor, high, cell, centre: middle } = report.showers;
  const shown = [];
  let energy = 0;
  for (let n = 0; n < hits.length; n += 4) {
    const size = hits[n + 3] / 1000;
    if (size < view.floor) continue;
    energy += 10 ** size;
    const point = [0, 1, 2].map((k) => hits[n + k] * unit - middle[k]);
    shown.push([...project(point), (size - floor) / (high - floor)]);
  }
  shown.sort((first, second) => second[2] - first[2]);
  for (const [x, y, , part] of shown) {
    const side = Math.max(1.5, cell * scale * (0.3 + 0.6 * Math.max(0, part)));
    const [left, top] = screen([x, y], width, height, scale);
    context.fillStyle = ramp(part);
    context.fillRect(left - side / 2, top - side / 2, side, side);
  }
  return { count: shown.length, energy };
}

let waiting = 0;
function redraw() {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(drawShowers);
}

const TURNS = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };

function turn(yaw, pitch) {
  view.yaw += yaw;
  view.pitch = Math.max(-1.57, Math.min(1.57, view.pitch + pitch));
  redraw();
}

function zoom(factor) {
  view.zoom = Math.max(0.5, Math.min(12, view.zoom * factor));
  redraw();
}

function straighten() {
  Object.assign(view, STRAIGHT);
  redraw();
}

function press(event) {
  if (TURNS[event.key]) turn(...TURNS[event.key]);
  else if (["+", "="].includes(event.key)) zoom(1.2);
  else if (["-", "_"].includes(event.key)) zoom(1 / 1.2);
  else if (["0", "Home"].includes(event.key)) straighten();
  else return;
  event.preventDefault();
}

function listen(canvas) {
  canvas.addEventListener("keydown", press);
  canvas.addEventListener("pointerdown", (event) => {
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) turn(0.01 * event.movementX, 0.01 * event.movementY);
  });
  // Only once it has the focus: else the wheel would stop the page from scrolling.
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.12 : 1 / 1.12);
  }, { passive: false });
}

function startShowers() {
  const { low, high, floor } = report.showers;
  const slider = document.getElementById("shower-threshold"), said = document.getElementById("shower-said");
  const bar = document.getElementById("shower-bar"), choice = document.getElementById("shower-energy");
  const cut = () => {
    view.floor = Number(slider.value) / 100;
    said.textContent = `${short(10 ** view.floor, 2)} MeV`;
    redraw();
  };
  const paint = () => {
    const stops = Array.from({ length: 12 }, (_, n) => ramp(n / 11));
    bar.style.background = `linear-gradient(to right, ${stops})`;
    redraw();
  };
  document.getElementById("shower-faint").textContent = `${short(10 ** floor, 2)} MeV`;
  document.getElementById("shower-bright").textContent = `${short(10 ** high, 2)} MeV`;
  [slider.min, slider.max, slider.value] = [Math.floor(100 * low), Math.floor(100 * high), Math.ceil(100 * floor)];
  slider.addEventListener("input", cut);
  choice.addEventListener("change", () => {
    view.example = Number(choice.value);
    redraw();
  });
  document.getElementById("shower-straight").addEventListener("click", straighten);
  document.querySelectorAll("canvas.shower").forEach(listen);
  darkness.addEventListener("change", paint);
  addEventListener("resize", redraw);
  straighten();
  cut();
  paint();
}

startShowers();
