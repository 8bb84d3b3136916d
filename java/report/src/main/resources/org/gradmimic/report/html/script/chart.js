/** All charts on the page by the element they are in. */
const charts = new Map();

/**
 * Draws a chart into an element, in place of what it had.
 *
 * @param spec label: what it shows, for readers who do not see it; numbers: where its numbers go as a table, null for
 *   nowhere; x: the values; xLabel, yLabel; whole: whether x is
 *   whole numbers; series: each {label, values, colour, fill, steps, dash, hidden}; bands: pairs of series between which
 *   is filled, with their colour; draw: called with the plot after its axes; click: called with x
 */
function chart(place, spec) {
  charts.set(place, spec);
  drawChart(place, spec);
}

function drawChart(place, spec) {
  if (place.plot) {
    place.plot.destroy();
    place.observer.disconnect();
  }
  place.replaceChildren();
  if (spec.x.length === 0) {
    place.append(element('p', { class: 'empty' }, 'Nothing to draw.'));
    place.plot = null;
    return;
  }
  const colour = item => typeof item === 'number' ? theme.series(item) : theme.colour(item);
  const text = theme.colour('faint');
  const line = theme.colour('line');
  const font = '12px system-ui, sans-serif';
  const shown = spec.series.filter(series => !series.hidden);
  const values = shown.map(() => element('output', {}));
  const legend = element('ul', { class: 'legend' });
  shown.forEach((series, i) => {
    const swatch = element('i');
    swatch.style.background = colour(series.colour);
    legend.append(element('li', {}, swatch, series.label, values[i]));
  });
  const position = element('output', {});
  legend.append(element('li', {}, position));
  const canvas = element('div', { class: 'plot', role: 'img', 'aria-label': spec.label });
  place.append(legend, canvas);
  (spec.numbers ?? place).querySelector('.numbers')?.remove();
  if (spec.numbers !== null) (spec.numbers ?? place).append(dataTable(spec));

  const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const places = spec.whole ? { values: (u, splits) => splits.map(x => Number.isInteger(x) ? x : '') } : {};
  place.plot = new uPlot({
    width: Math.max(200, place.clientWidth),
    height: spec.height ?? 250,
    padding: [8, 8, null, null],
    legend: { show: false },
    cursor: { y: false, points: { show: !spec.series.some(series => series.steps) }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, ...(spec.xRange ? { range: spec.xRange } : {}) },
      y: { range: (u, least, most) => yRange(spec, least, most) },
    },
    axes: [
      { ...axis, ...places, label: spec.xLabel, labelFont: font, labelSize: 20, grid: { show: false }, size: 28 },
      { ...axis, size: 56, values: (u, splits) => splits.map(y => y === null ? '' : formatTick(y)) },
    ],
    series: [{}, ...spec.series.map(series => ({
      label: series.label,
      stroke: series.hidden ? 'transparent' : colour(series.colour),
      width: series.hidden ? 0 : 1.75,
      dash: series.dash ? [5, 4] : undefined,
      fill: series.fill ? theme.translucent(colour(series.colour), 0.18) : undefined,
      paths: series.steps ? uPlot.paths.stepped({ align: 1 }) : undefined,
      points: { show: !series.hidden && !series.steps && spec.x.length <= 40, size: 5, fill: series.hidden ? undefined : colour(series.colour) },
      spanGaps: false,
    }))],
    bands: (spec.bands ?? []).map(([above, below, of]) => ({
      series: [above + 1, below + 1], fill: theme.translucent(colour(of), 0.16),
    })),
    hooks: {
      draw: spec.draw ? [spec.draw] : [],
      setCursor: [plot => {
        const i = plot.cursor.idx;
        position.textContent = i === null || i === undefined ? '' : `${spec.xName ?? spec.xLabel} ${formatNumber(spec.x[i])}`;
        shown.forEach((series, s) => {
          values[s].textContent = i === null || i === undefined ? '' : formatNumber(series.values[i]);
        });
      }],
    },
  }, [spec.x, ...spec.series.map(series => series.values)], canvas);
  if (spec.click) {
    place.plot.over.addEventListener('click', event => spec.click(place.plot.posToVal(event.offsetX, 'x')));
  }
  let width = place.clientWidth;
  place.observer = new ResizeObserver(() => {
    if (place.clientWidth === width || place.clientWidth === 0) return;
    width = place.clientWidth;
    place.plot.setSize({ width, height: spec.height ?? 250 });
  });
  place.observer.observe(place);
}

function yRange(spec, least, most) {
  if (least === null || most === null) return [0, 1];
  if (spec.fromZero) return [0, most > 0 ? most * 1.05 : 1];
  const margin = most > least ? (most - least) * 0.06 : Math.max(1e-3, Math.abs(most) * 0.1);
  return [least - margin, most + margin];
}

function formatTick(y) {
  const size = Math.abs(y);
  if (size !== 0 && (size >= 1e5 || size < 1e-4)) return y.toExponential(0).replace('e+', 'e').replace('-', '−');
  return String(Number(y.toPrecision(6))).replace('-', '−');
}

/** The numbers of a chart as a table, made when it is opened. */
function dataTable(spec) {
  const details = element('details', { class: 'numbers' }, element('summary', {}, 'The numbers as a table'));
  details.addEventListener('toggle', () => {
    if (!details.open || details.querySelector('table')) return;
    const columns = [[spec.xName ?? spec.xLabel, true], ...spec.series.map(series => [series.label, true])];
    const rows = Array.from(spec.x, (x, i) => [x, ...spec.series.map(series => series.values[i])].map(formatNumber));
    const scroll = element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': spec.label });
    scroll.append(table(spec.label, columns, rows));
    details.append(scroll);
  });
  return details;
}

theme.listeners.push(() => charts.forEach((spec, place) => drawChart(place, spec)));
