/* Matrices of the reference and of each candidate, with candidate minus reference. */

/** Blue for -1, pale for 0, red for +1: distinguishable with any colour vision. */
function diverging(value) {
  const part = Math.max(-1, Math.min(1, value));
  const pale = [242, 242, 240], end = part < 0 ? [33, 102, 172] : [178, 24, 43];
  return pale.map((channel, n) => Math.round(channel + (end[n] - channel) * Math.abs(part) ** 0.8));
}

/** The SVG of a matrix's panels, with what is needed to find the cell below a pointer. */
function drawMatrix(figure, names) {
  const count = figure.size, named = figure.labels.length > 0;
  // A row of a named matrix is as high as its label.
  const side = named ? Math.max(200, 13 * count) : 200;
  const left = named ? 300 : 34, gap = 44, top = 22;
  const panels = [{ title: names[0], values: figure.reference, span: 1 }];
  figure.candidates.forEach((values, n) => {
    panels.push({ title: names[n + 1], values, span: 1 });
    panels.push({ title: `${names[n + 1]} − ${names[0]}`, values: figure.differences[n], span: figure.span });
  });
  const columns = Math.min(panels.length, named ? 2 : 3);
  const place = (n) => [left + (n % columns) * (side + gap), top + Math.floor(n / columns) * (side + 74)];
  const rows = Math.ceil(panels.length / columns);
  const parts = panels.map((panel, n) => {
    const [x, y] = place(n);
    return `<image x="${x}" y="${y}" width="${side}" height="${side}" preserveAspectRatio="none" href="${image(panel, count)}"/>
<rect class="frame" x="${x}" y="${y}" width="${side}" height="${side}"/>
<text class="label" x="${x}" y="${y - 6}">${escapeText(panel.title)}</text>
${numbers(figure, x, y, side, count)}${colourBar(x, y + side + 24, side, panel.span)}`;
  });
  const texts = named ? labels(figure, left - 6, top, side, count, rows) : "";
  const size = [left + columns * (side + gap) - gap + 8, rows * (side + 74) + top];
  return { svg: parts.join("") + texts, size, panels, place, side, count };
}

function image({ values, span }, count) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = count;
  const context = canvas.getContext("2d"), pixels = context.createImageData(count, count);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      // The first row is drawn at the bottom, as the first layer is where a shower begins.
      const at = 4 * ((count - 1 - row) * count + column);
      pixels.data.set([...diverging(values[row * count + column] / span), 255], at);
    }
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

function numbers(figure, x, y, side, count) {
  const cell = side / count;
  return steps(0, count - 1, Math.min(6, count)).filter(Number.isInteger).map((n) => {
    const at = fix((n + 0.5) * cell), text = n + (figure.labels.length ? 1 : 0);
    const beside = figure.labels.length ? "" : `<text class="tick" x="${x - 5}" y="${fix(y + side - at + 3.5)}" text-anchor="end">${text}</text>`;
    return `<text class="tick" x="${fix(x + at)}" y="${y + side + 13}" text-anchor="middle">${text}</text>${beside}`;
  }).join("");
}

function labels(figure, x, top, side, count, rows) {
  let text = "";
  for (let row = 0; row < rows; row++) {
    figure.labels.forEach((label, n) => {
      const y = top + row * (side + 74) + side - (n + 0.5) * (side / count) + 3;
      text += `<text class="tick" x="${x}" y="${fix(y)}" text-anchor="end">${escapeText(`${label} ${n + 1}`)}</text>`;
    });
  }
  return text;
}

function colourBar(x, y, width, span) {
  const stops = [-1, -0.6, -0.3, 0, 0.3, 0.6, 1];
  const parts = stops.slice(1).map((stop, n) => {
    const wide = ((stop - stops[n]) / 2) * width;
    return `<rect x="${fix(x + ((stops[n] + 1) / 2) * width)}" y="${y}" width="${fix(wide)}" height="6" fill="rgb(${diverging((stop + stops[n]) / 2)})"/>`;
  });
  const texts = [-span, 0, span].map(
    (value, n) => `<text class="tick" x="${x + (n * width) / 2}" y="${y + 17}" text-anchor="middle">${short(value)}</text>`
  );
  return parts.join("") + texts.join("");
}
