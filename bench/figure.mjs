// The figure of cost as the work grows, as SVG.

const [width, height, left, top, gap] = [300, 220, 56, 28, 70];

/** Two panels over the size of the data: seconds and peak memory, with the line of what grows in proportion to the data. */
export function growthFigure(points) {
  const panels = [
    { title: "seconds", values: points.map(({ seconds }) => seconds) },
    { title: "peak memory, MiB", values: points.map(({ peakBytes }) => peakBytes / 2 ** 20) },
  ];
  const drawn = panels.map((panel, i) => drawPanel(points, panel, left + i * (width + gap)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * (width + gap) + left}" height="${height + 90}" font-family="sans-serif" font-size="12">
<title>Seconds and peak memory of a training run over the size of its data</title>
<rect width="100%" height="100%" fill="white"/>
${drawn.join("\n")}
</svg>
`;
}

function drawPanel(points, { title, values }, x0) {
  const most = Math.max(...values, 1e-9);
  const largest = Math.max(...points.map(({ times }) => times));
  const x = (times) => x0 + (width * times) / largest;
  const y = (value) => top + height * (1 - value / (most * 1.1));
  const first = values[0] / points[0].times;
  const line = points.map(({ times }, i) => `${x(times).toFixed(1)},${y(values[i]).toFixed(1)}`).join(" ");
  const until = Math.min(largest, (most * 1.1) / first);
  const labels = points.map(
    (
      { times, pairs },
      i,
    ) => `<circle cx="${x(times).toFixed(1)}" cy="${y(values[i]).toFixed(1)}" r="3.5" fill="#1565c0"/>
<text x="${x(times).toFixed(1)}" y="${(y(values[i]) - 8).toFixed(1)}" text-anchor="middle">${values[i].toFixed(values[i] < 10 ? 1 : 0)}</text>
<text x="${x(times).toFixed(1)}" y="${top + height + 18}" text-anchor="middle">${times}×</text>
<text x="${x(times).toFixed(1)}" y="${top + height + 34}" text-anchor="middle" fill="#666">${pairs}</text>`,
  );
  return `<text x="${x0}" y="${top - 10}" font-weight="bold">${title}</text>
<path d="M${x0} ${top}V${top + height}H${x0 + width}" fill="none" stroke="#888"/>
<path d="M${x0} ${y(0).toFixed(1)}L${x(until).toFixed(1)} ${y(first * until).toFixed(1)}" stroke="#bbb" stroke-dasharray="4 4" fill="none"/>
<polyline points="${line}" fill="none" stroke="#1565c0" stroke-width="2"/>
${labels.join("\n")}`;
}
