/* Scales from values to pixels, their ticks, and numbers as a reader wants them. */

/** A scale; a logarithmic one has its ticks at decades. `from` and `to` are pixels. */
function makeScale(low, high, from, to, log, count = 5) {
  const bend = log ? Math.log10 : (value) => value;
  const start = bend(low), length = bend(high) - start || 1;
  const scale = (value) => from + ((bend(value) - start) / length) * (to - from);
  scale.low = low;
  scale.high = high;
  scale.log = log;
  scale.ticks = log ? decades(low, high) : steps(low, high, count);
  return scale;
}

function steps(low, high, count) {
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 2.5, 5, 10].find((factor) => factor * unit >= rough * 0.999);
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n++) {
    ticks.push(n * step);
  }
  return ticks;
}

function decades(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 1) return steps(low, high, 4).filter((tick) => tick > 0);
  const every = Math.ceil((last - first) / 6);
  const ticks = [];
  for (let n = first; n <= last; n += every) ticks.push(10 ** n);
  return ticks;
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const power = (exponent) => "10" + [...String(exponent)].map((sign) => RAISED[sign]).join("");

/** Texts of a scale's ticks, and the power of ten that is taken out of them ("" for none). */
function tickTexts(scale) {
  const { ticks } = scale;
  if (scale.log && ticks.length > 1 && ticks[1] / ticks[0] > 9) {
    const plain = scale.low >= 0.009 && scale.high <= 11000;
    return [ticks.map((t) => (plain ? short(t) : power(Math.round(Math.log10(t))))), ""];
  }
  const largest = Math.max(...ticks.map(Math.abs)) || 1;
  const size = Math.floor(Math.log10(largest));
  const exponent = size >= 5 || size < -2 ? 3 * Math.floor(size / 3) : 0;
  const scaled = ticks.map((tick) => tick / 10 ** exponent);
  const step = scaled.length > 1 ? Math.abs(scaled[1] - scaled[0]) : 1;
  const decimals = [0, 1, 2, 3, 4, 5, 6].find(
    (n) => Math.abs(step * 10 ** n - Math.round(step * 10 ** n)) < 1e-6 * step * 10 ** n
  ) ?? 6;
  const texts = scaled.map((tick) => (Math.abs(tick) < 1e-9 * step ? 0 : tick).toFixed(decimals));
  return [texts.map((text) => text.replace("-", "−")), exponent ? "× " + power(exponent) : ""];
}

/** A number to `digits` significant digits. */
function short(value, digits = 3) {
  if (value === null || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  if (size < -4 || size > 6) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${mantissa} × ${power(Number(exponent))}`.replace("-", "−");
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

const escapeText = (text) =>
  String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
