/** What the page shows; each change is followed by an update of the parts that depend on it. */
const state = {
  report: null,
  run: null,
  measure: null,
  epoch: 0,
  threshold: 0,
  query: '',
  chosenClass: '',
  show: 'all',
  order: '',
  view: 'images',
  chosen: -1,
};

function className(run, c) {
  return c < 0 ? '–' : run.classes[c];
}

function sampleName(run, i) {
  return run.names ? run.names[i] : `sample ${run.id[i]}`;
}

/** The bin of a value, as the counts were made; −1 if it is not a number. */
function binOf(measure, value) {
  if (Number.isNaN(value)) return -1;
  return Math.max(0, Math.min(measure.bins - 1, Math.floor((value - measure.from) / measure.step)));
}

function edge(measure, k) {
  return measure.from + k * measure.step;
}

/** The counts of a group in an epoch; the epoch after the last one is the mean over all. */
function counts(measure, epoch, group) {
  const at = (epoch * measure.groups + group) * measure.bins;
  return measure.histogram.subarray(at, at + measure.bins);
}

function total(values, from = 0) {
  let sum = 0;
  for (let i = from; i < values.length; i++) sum += values[i];
  return sum;
}

/** How many samples of a group have a mean of at least the k-th edge. */
function keptOf(measure, group, k) {
  return total(counts(measure, measure.epochs, group), k);
}

function keptCount(measure, k) {
  let kept = 0;
  for (let group = 0; group < measure.groups; group++) kept += keptOf(measure, group, k);
  return kept;
}

function isKept(i) {
  const run = state.run;
  return binOf(state.measure, run[state.measure.key][i]) >= state.threshold;
}

/** A quantile from the counts of bins, interpolated within its bin. */
function quantile(measure, values, share) {
  const all = total(values);
  if (all === 0) return null;
  let before = 0;
  for (let k = 0; k < values.length; k++) {
    if (values[k] > 0 && before + values[k] >= share * all) {
      return edge(measure, k) + measure.step * (share * all - before) / values[k];
    }
    before += values[k];
  }
  return edge(measure, measure.bins);
}

const groupNames = measure => measure.groups === 1 ? ['all samples'] : ['correct label', 'mislabelled'];
