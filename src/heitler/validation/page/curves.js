/* A figure with bins: the reference as an area, candidates as lines, below their ratio. */

const LOOKS = 6; // colours and dashes of candidates, after which they repeat

/** The SVG of a figure, with what is needed to find the bin below a pointer. */
function drawCurves(figure, width, height) {
  const box = { left: 56, right: width - 10, top: 14, bottom: height - 40 };
  const middle = box.top + 0.7 * (box.bottom - box.top);
  const { edges, kind } = figure;
  const x = makeScale(edges[0], edges[edges.length - 1], box.left, box.right, figure.x.log);
  const [low, high] = range(figure);
  const y = makeScale(low, high, middle - 4, box.top, figure.y.log);
  const rest = figure.below === "ratio" ? 1 : 0;
  const r = makeScale(rest - figure.span, rest + figure.span, box.bottom, middle + 6, false, 3);
  const clip = `clip-${figure.name}`;
  const upper = [], lower = [];
  figure.curves.forEach((curve, place) => {
    const look = place ? `of-${place - 1} look-${(place - 1) % LOOKS}` : "reference";
    const own = { values: curve.values, errors: curve.errors };
    const compared = { values: curve.ratio, errors: curve.spread };
    upper.push(`<g class="${look}">${drawCurve(own, edges, x, y, kind, place)}</g>`);
    lower.push(`<g class="${look}">${drawCurve(compared, edges, x, r, place ? kind : "band", place)}</g>`);
  });
  const svg = `
<clipPath id="${clip}-u"><rect x="${box.left}" y="${box.top - 2}" width="${box.right - box.left}" height="${middle - box.top}"/></clipPath>
<clipPath id="${clip}-l"><rect x="${box.left}" y="${middle + 4}" width="${box.right - box.left}" height="${box.bottom - middle - 2}"/></clipPath>
<g clip-path="url(#${clip}-u)">${upper.join("")}${marks(figure, x, box.top, middle - 4)}</g>
<path class="rest" d="M${box.left} ${fix(r(rest))}H${box.right}"/>
<g clip-path="url(#${clip}-l)">${lower.join("")}</g>
<path class="frame" d="M${box.left} ${box.top - 2}V${middle - 4}H${box.right}M${box.left} ${middle + 6}V${box.bottom}H${box.right}"/>
${ticksBelow(x, box.bottom)}${ticksBeside(y, box.left, true)}${ticksBeside(r, box.left, false)}
<text class="label" x="${box.right}" y="${height - 6}" text-anchor="end">${escapeText(figure.x.text)}</text>
<text class="label" transform="translate(11 ${box.top}) rotate(-90)" text-anchor="end">${escapeText(figure.y.text)}</text>
<text class="label" transform="translate(11 ${(middle + box.bottom) / 2}) rotate(-90)" text-anchor="middle">${figure.below}</text>
${beyond(figure, box)}<path class="cursor" data-top="${box.top}" data-bottom="${box.bottom}"/>`;
  return { svg, size: [width, height], pixels: edges.map(x) };
}

const fix = (pixel) => Math.round(pixel * 10) / 10;

/** Range of the values with their errors, from 0 where the area means something. */
function range(figure) {
  const ends = [];
  for (const { values, errors } of figure.curves) {
    values.forEach((value, bin) => {
      if (value === null) return;
      ends.push(value + errors[bin]);
      if (!figure.y.log || value > errors[bin]) ends.push(value - errors[bin]);
    });
  }
  const held = figure.y.log ? ends.filter((value) => value > 0) : ends;
  if (!held.length) return figure.y.log ? [0.1, 1] : [0, 1];
  const least = Math.min(...held), most = Math.max(...held);
  if (figure.y.log) return [Math.max(least / 1.5, most * 1e-8), most * 1.6];
  const room = (most - least || Math.abs(most) || 1) * 0.06;
  return figure.kind === "area" ? [0, (most || 1) * 1.06] : [least - room, most + room];
}

function drawCurve({ values, errors }, edges, x, y, kind, place) {
  if (kind === "points") return place ? points(values, errors, edges, x, y) : ribbon(values, errors, edges, x, y);
  const band = `<path class="band" d="${boxes(values, errors, edges, x, y)}"/>`;
  if (kind === "band") return band;
  if (!place && kind === "area") return `<path class="area" d="${staircase(values, edges, x, y, true)}"/>${band}`;
  return `${band}<path class="line" d="${staircase(values, edges, x, y, false)}"/>`;
}

/** A step per bin; bins without a value are left out. */
function staircase(values, edges, x, y, closed) {
  const floor = y(y.low);
  let path = "", pen = false;
  values.forEach((value, bin) => {
    const known = value !== null && (!y.log || value > 0);
    if (!known) {
      if (pen && closed) path += `V${fix(floor)}Z`;
      pen = false;
      return;
    }
    const height = fix(clamp(y(value), y));
    path += pen ? `V${height}` : `M${fix(x(edges[bin]))} ${closed ? `${fix(floor)}V` : ""}${height}`;
    path += `H${fix(x(edges[bin + 1]))}`;
    pen = true;
  });
  return path + (closed && pen ? `V${fix(floor)}Z` : "");
}

/** Pixels far outside of the panel are drawn just outside: browsers dislike huge numbers. */
const clamp = (pixel, y) => Math.max(Math.min(pixel, y(y.low) + 400), y(y.high) - 400);

function boxes(values, errors, edges, x, y) {
  let path = "";
  values.forEach((value, bin) => {
    if (value === null || !errors[bin]) return;
    const under = y.log ? Math.max(value - errors[bin], y.low) : value - errors[bin];
    if (y.log && value + errors[bin] <= y.low) return;
    const [top, bottom] = [clamp(y(value + errors[bin]), y), clamp(y(under), y)];
    path += `M${fix(x(edges[bin]))} ${fix(top)}H${fix(x(edges[bin + 1]))}V${fix(bottom)}H${fix(x(edges[bin]))}Z`;
  });
  return path;
}

const centre = (edges, bin, x) => fix((x(edges[bin]) + x(edges[bin + 1])) / 2);

/** The reference of a figure with points: a ribbon through the middle of the bins. */
function ribbon(values, errors, edges, x, y) {
  const held = values.map((_, bin) => bin).filter((bin) => values[bin] !== null);
  const along = (bins, sign) =>
    bins.map((bin) => `${centre(edges, bin, x)} ${fix(y(values[bin] + sign * errors[bin]))}`).join("L");
  if (!held.length) return "";
  const line = held.map((bin) => `${centre(edges, bin, x)} ${fix(y(values[bin]))}`).join("L");
  return `<path class="band" d="M${along(held, 1)}L${along([...held].reverse(), -1)}Z"/><path class="line" d="M${line}"/>`;
}

function points(values, errors, edges, x, y) {
  let line = "", bars = "", dots = "";
  values.forEach((value, bin) => {
    if (value === null) return;
    const at = centre(edges, bin, x), height = fix(clamp(y(value), y));
    line += `${line ? "L" : "M"}${at} ${height}`;
    bars += `M${at} ${fix(clamp(y(value - errors[bin]), y))}V${fix(clamp(y(value + errors[bin]), y))}`;
    dots += `<circle cx="${at}" cy="${height}" r="2.4"/>`;
  });
  return `<path class="bar" d="${bars}"/><path class="line" d="${line}"/>${dots}`;
}

function marks(figure, x, top, bottom) {
  return figure.marks
    .filter((mark) => mark.at >= x.low && mark.at <= x.high)
    .map(({ name, at }) => {
      const pixel = fix(x(at));
      return `<path class="mark" d="M${pixel} ${top}V${bottom}"/><text class="tick" transform="translate(${pixel - 3} ${bottom - 4}) rotate(-90)">${escapeText(name)}</text>`;
    })
    .join("");
}

function ticksBelow(x, bottom) {
  const [texts, exponent] = tickTexts(x);
  const ticks = x.ticks.map((tick, n) => {
    const pixel = fix(x(tick));
    return `<path class="frame" d="M${pixel} ${bottom}v4"/><text class="tick" x="${pixel}" y="${bottom + 15}" text-anchor="middle">${texts[n]}</text>`;
  });
  return ticks.join("") + (exponent ? `<text class="tick" x="2" y="${bottom + 34}">${exponent}</text>` : "");
}

function ticksBeside(y, left, above) {
  const [texts, exponent] = tickTexts(y);
  const ticks = y.ticks.map((tick, n) => {
    const pixel = fix(y(tick));
    return `<path class="frame" d="M${left} ${pixel}h-4"/><text class="tick" x="${left - 6}" y="${pixel + 3.5}" text-anchor="end">${texts[n]}</text>`;
  });
  const corner = exponent && above ? `<text class="tick" x="${left + 4}" y="${fix(y(y.high)) + 3}">${exponent}</text>` : "";
  return ticks.join("") + corner;
}

/** Showers that are in no bin, where there are any to speak of. */
function beyond(figure, box) {
  const parts = figure.curves.map((curve) => curve.beyond);
  if (!parts.some((part) => part >= 0.005)) return "";
  const text = parts.map((part) => `${(100 * part).toFixed(1)} %`).join(" | ");
  return `<text class="tick" x="${box.right}" y="${box.top - 4}" text-anchor="end">beyond the axis: ${text}</text>`;
}
