/** The section of learning curves: those of all runs. */
const trainingView = {
  names: {
    test_accuracy: 'accuracy on the test set', true_accuracy: 'accuracy on the true labels',
    noisy_accuracy: 'accuracy on the given labels', mean_loss: 'mean loss', test_loss: 'loss on the test set',
    validation_accuracy: 'accuracy on the validation set', validation_loss: 'loss on the validation set',
    top1: 'accuracy on the evaluation split', top5: 'accuracy of the first five on the evaluation split',
    train_accuracy: 'accuracy in training', loss: 'loss in training', evaluation_loss: 'loss on the evaluation split',
    down_weighted: 'share weighted below plain training', negative_scores: 'share with negative scores', kept: 'share with a weight',
    direction_norm: 'distance to the reference', direction_cosine: 'cosine to the first direction', lr: 'learning rate',
  },

  curves() {
    const several = state.report.runs.length > 1;
    return state.report.runs.flatMap(run => run.curves.map(curve => ({
      ...curve, label: !several ? curve.name : run.curves.length > 1 ? `${run.name}: ${curve.name}` : run.name,
    })));
  },

  start() {
    const curves = this.curves();
    byId('training').hidden = curves.length === 0;
    if (curves.length === 0) return;
    const metrics = [...new Set(curves.flatMap(curve => Object.keys(curve.metrics)))];
    metrics.sort((a, b) => this.place(a) - this.place(b));
    options(byId('metric'), metrics.map(metric => [metric, this.names[metric] ?? metric.replaceAll('_', ' ')]), metrics[0]);
    byId('metric').addEventListener('change', () => this.draw());
    this.draw();
    this.drawCost(curves);
  },

  place(metric) {
    const at = Object.keys(this.names).indexOf(metric);
    return at < 0 ? 100 : at;
  },

  draw() {
    const metric = byId('metric').value;
    const curves = this.curves().filter(curve => curve.metrics[metric]);
    const longest = Math.max(0, ...curves.map(curve => curve.metrics[metric].length));
    const name = this.names[metric] ?? metric.replaceAll('_', ' ');
    const share = /accuracy$|^top\d$|^down_weighted$|^negative_scores$|^kept$/.test(metric);
    chart(byId('curves'), {
      label: `${name} by epoch`, x: Array.from({ length: longest }, (_, i) => i + 1), xLabel: 'epoch', whole: true, height: 320,
      series: curves.map((curve, i) => ({
        label: share ? `${curve.label}, %` : curve.label, colour: i, dash: i >= 6,
        values: Array.from({ length: longest }, (_, e) => {
          const value = curve.metrics[metric][e] ?? null;
          return value === null ? null : share ? 100 * value : value;
        }),
      })),
    });
  },

  drawCost(curves) {
    const timed = curves.filter(curve => curve.secondsPerEpoch > 0);
    const place = byId('cost');
    place.replaceChildren();
    if (timed.length === 0) return;
    const plain = timed.find(curve => curve.plain);
    const rows = timed.map(curve => [
      curve.label, formatCount(curve.epochs), formatNumber(curve.secondsPerEpoch),
      curve.stepMilliseconds ? formatNumber(curve.stepMilliseconds) : '–',
      plain && plain.samplesPerEpoch === curve.samplesPerEpoch ? formatNumber(curve.secondsPerEpoch / plain.secondsPerEpoch) : '–',
    ]);
    place.append(element('h3', {}, 'Cost'), scrollable('Cost',
      [['Training', false], ['Epochs', true], ['Seconds per epoch', true], ['Milliseconds per step', true], ['Times plain training', true]], rows));
  },
};
