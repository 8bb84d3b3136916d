/** The section of scores and weights. */
const scoresView = {
  /** Adjacent bins are drawn as one bar. */
  joined: 3,

  start() {
    byId('epoch').addEventListener('input', event => {
      state.epoch = Number(event.target.value);
      this.drawHistogram();
    });
    byId('threshold').addEventListener('input', event => {
      state.threshold = Number(event.target.value);
      this.thresholdChanged();
    });
  },

  update() {
    const run = state.run;
    byId('scores').hidden = run.measures.length === 0;
    if (run.measures.length === 0) return;
    segments(byId('measure'), run.measures.map(measure => [measure.key, measure.name]), run.measures[0].key,
      key => this.choose(run.measures.find(measure => measure.key === key)));
    this.choose(run.measures[0]);
  },

  choose(measure) {
    state.measure = measure;
    state.epoch = measure.epochs;
    state.threshold = measure.start;
    byId('scores-note').textContent = measure.note;
    const epoch = byId('epoch');
    epoch.max = String(measure.epochs);
    epoch.value = String(measure.epochs);
    const threshold = byId('threshold');
    threshold.max = String(measure.bins);
    threshold.value = String(measure.start);
    this.drawBands();
    this.drawHistogram();
    this.drawCut();
    this.thresholdChanged();
  },

  drawBands() {
    const measure = state.measure;
    const series = [];
    const bands = [];
    groupNames(measure).forEach((name, group) => {
      const at = (share, dash) => Array.from({ length: measure.epochs },
        (_, epoch) => quantile(measure, counts(measure, epoch, group), share));
      const colour = group === 0 ? 'accent' : 'warm';
      bands.push([series.length + 2, series.length + 1, colour]);
      series.push({ label: name, values: at(0.5), colour },
        { label: `${name}, 10 % below`, values: at(0.1), colour, hidden: true },
        { label: `${name}, 10 % above`, values: at(0.9), colour, hidden: true });
    });
    chart(byId('bands'), {
      label: `${measure.name} by epoch: median and the middle 80 % of ${groupNames(measure).join(' and ')}`,
      x: Array.from({ length: measure.epochs }, (_, epoch) => epoch + 1),
      xLabel: 'epoch', whole: true, series, bands, height: 220,
    });
  },

  /** Shares of a group per bar, in per cent, with the last one repeated for the end of its step. */
  bars(epoch, group) {
    const measure = state.measure;
    const values = counts(measure, epoch, group);
    const all = total(values);
    const shares = [];
    for (let k = 0; k < measure.bins; k += this.joined) {
      shares.push(all === 0 ? 0 : 100 * total(values.subarray(k, k + this.joined)) / all);
    }
    shares.push(shares[shares.length - 1]);
    return shares;
  },

  edges() {
    const measure = state.measure;
    const edges = [];
    for (let k = 0; k < measure.bins; k += this.joined) edges.push(edge(measure, k));
    edges.push(edge(measure, measure.bins));
    return edges;
  },

  histogram(place, epoch, label, extra) {
    const measure = state.measure;
    const edges = this.edges();
    chart(place, {
      label, x: edges, xLabel: measure.axis, xName: 'from', xRange: [edges[0], edges[edges.length - 1]], fromZero: true,
      series: groupNames(measure).map((name, group) => ({
        label: `${name}, %`, values: this.bars(epoch, group), colour: group === 0 ? 'accent' : 'warm', steps: true, fill: true,
      })),
      height: 230, ...extra,
    });
  },

  drawHistogram() {
    const measure = state.measure;
    const mean = state.epoch === measure.epochs;
    const title = mean ? 'Mean over all epochs' : `Epoch ${state.epoch + 1}`;
    byId('epoch-title').textContent = title;
    byId('epoch').setAttribute('aria-valuetext', title);
    this.histogram(byId('histogram'), state.epoch, `Distribution of the ${measure.name}, ${title}`, { numbers: byId('histogram-numbers') });
  },

  drawCut() {
    const measure = state.measure;
    this.histogram(byId('cut'), measure.epochs, `Distribution of the mean ${measure.name}, with the threshold`, {
      numbers: null, // those of the mean are beside it
      draw: plot => this.drawThreshold(plot),
      click: x => {
        state.threshold = Math.max(0, Math.min(measure.bins, Math.round((x - measure.from) / measure.step)));
        byId('threshold').value = String(state.threshold);
        this.thresholdChanged();
      },
    });
  },

  /** What is left of the threshold is discarded and shaded. */
  drawThreshold(plot) {
    const { left, top, height } = plot.bbox;
    const x = plot.valToPos(edge(state.measure, state.threshold), 'x', true);
    const ctx = plot.ctx;
    ctx.save();
    ctx.fillStyle = theme.translucent(theme.colour('faint'), 0.14);
    ctx.fillRect(left, top, x - left, height);
    ctx.fillStyle = theme.colour('text');
    ctx.fillRect(x - devicePixelRatio, top, 2 * devicePixelRatio, height);
    ctx.restore();
  },

  thresholdChanged() {
    const measure = state.measure;
    const k = state.threshold;
    const value = formatNumber(edge(measure, k));
    byId('threshold-value').textContent = k === 0 ? 'all' : value;
    byId('threshold').setAttribute('aria-valuetext', k === 0 ? 'keeps all' : `${measure.name} ${value}`);
    const kept = keptCount(measure, k);
    const text = [
      element('strong', {}, `${formatCount(kept)} kept`), ` (${formatShare(kept, state.run.samples)}), `,
      element('strong', {}, `${formatCount(state.run.samples - kept)} discarded`), '.',
    ];
    if (measure.groups === 2) text.push(' ' + this.found(measure, k));
    byId('kept').replaceChildren(...text);
    if (byId('cut').plot) byId('cut').plot.redraw(false);
    gallery.thresholdChanged();
    classesView.thresholdChanged();
  },

  /** How well the discarded samples are the mislabelled ones. */
  found(measure, k) {
    const mislabelled = keptOf(measure, 1, 0);
    const found = mislabelled - keptOf(measure, 1, k);
    const discarded = found + keptOf(measure, 0, 0) - keptOf(measure, 0, k);
    return `Of the discarded, ${formatShare(found, discarded)} are mislabelled (precision); of the mislabelled, `
      + `${formatShare(found, mislabelled)} are discarded (recall).`;
  },
};
