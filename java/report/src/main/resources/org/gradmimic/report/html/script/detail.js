/** The panel of the chosen sample. */
const detail = {
  update() {
    const panel = byId('detail');
    const run = state.run;
    const i = state.chosen;
    if (i < 0) {
      charts.forEach((spec, place) => { if (panel.contains(place)) charts.delete(place); });
      panel.replaceChildren(element('p', { class: 'empty' }, 'No sample is chosen.'));
      return;
    }
    if (panel.dataset.shown === `${run.name} ${i} ${state.measure?.key}` && panel.querySelector('dl')) {
      // Only what changed, so that a screen reader does not read it again at each step of the slider.
      const facts = this.facts(run, i);
      if (facts.textContent !== panel.querySelector('dl').textContent) panel.querySelector('dl').replaceWith(facts);
      return;
    }
    panel.dataset.shown = `${run.name} ${i} ${state.measure?.key}`;
    charts.forEach((spec, place) => { if (panel.contains(place)) charts.delete(place); });
    const source = images.of(run, i);
    panel.replaceChildren(
      element('h3', {}, sampleName(run, i)),
      ...(source ? [element('img', { src: source, alt: `Image of ${sampleName(run, i)}` })] : []),
      this.facts(run, i));
    this.drawEpochs(panel, run, i);
  },

  facts(run, i) {
    const facts = [['id', String(run.id[i])]];
    if (run.classes) facts.push(['given label', className(run, run.given[i])]);
    if (run.suggested && run.suggested[i] >= 0) facts.push(['suggested label', className(run, run.suggested[i])]);
    if (run.captions && run.captions[i]) facts.push(['caption', run.captions[i]]);
    if (run.score) facts.push(['mean score', formatNumber(run.score[i])]);
    if (run.weight) facts.push(['mean weight', formatNumber(run.weight[i])]);
    if (run.loss) facts.push(['loss', formatNumber(run.loss[i])]);
    if (run.keep) facts.push(['worth keeping', formatNumber(run.keep[i])]);
    if (run.suspected) facts.push(['suspected', run.suspected[i] ? 'yes' : 'no']);
    if (run.mislabelled) facts.push(['known as', run.mislabelled[i] ? 'mislabelled' : 'correct']);
    if (state.measure) facts.push(['at the threshold', isKept(i) ? 'kept' : 'discarded']);
    return element('dl', {}, ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
  },

  /** Scores or weights along the epochs, with the median of all samples. */
  drawEpochs(panel, run, i) {
    const measure = state.measure;
    if (!measure || !run.paths || !run.paths[measure.key]) return;
    const epochs = Array.from(run.paths.epochs);
    const values = Array.from(run.paths[measure.key].subarray(i * epochs.length, (i + 1) * epochs.length),
      value => Number.isNaN(value) ? null : value);
    const median = epochs.map(epoch => {
      const all = new Int32Array(measure.bins);
      for (let group = 0; group < measure.groups; group++) counts(measure, epoch, group).forEach((n, k) => { all[k] += n; });
      return quantile(measure, all, 0.5);
    });
    const place = element('div', { class: 'chart' });
    panel.append(element('p', { class: 'faint' }, `${measure.name} along the epochs`), place);
    chart(place, {
      label: `${measure.name} of ${sampleName(run, i)} along the epochs`,
      x: epochs.map(epoch => epoch + 1), xLabel: 'epoch', whole: true, height: 190,
      series: [{ label: 'this sample', values, colour: 'accent' }, { label: 'median', values: median, colour: 'faint', dash: true }],
    });
  },
};
