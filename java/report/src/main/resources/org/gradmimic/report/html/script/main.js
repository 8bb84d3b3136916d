function chooseRun(run) {
  state.run = run;
  state.measure = run.measures[0] ?? null;
  state.threshold = state.measure?.start ?? 0;
  byId('title').textContent = run.title;
  byId('sentence').textContent = run.sentence;
  byId('figures').replaceChildren(...run.figures.map(([name, value, note]) => element('div', {},
    element('dt', {}, name), element('dd', {}, value, note ? element('small', {}, note) : null))));
  gallery.update();
  scoresView.update();
  classesView.update();
  runView.update();
  for (const link of byId('sections').children) link.hidden = document.querySelector(link.getAttribute('href')).hidden;
}

async function start() {
  if (typeof DecompressionStream === 'undefined') throw new Error('this browser is too old for it (it needs one of 2023 or newer)');
  state.report = await readData();
  const runs = state.report.runs;
  document.title = `${runs.map(run => run.name).join(', ')} – gradmimic report`;
  byId('made').textContent = state.report.made;
  byId('loading').remove();
  byId('content').hidden = false;
  theme.start();
  scoresView.start();
  gallery.start();
  trainingView.start();
  options(byId('run-select'), runs.map((run, i) => [String(i), run.name]), '0');
  byId('run-choice').hidden = runs.length < 2;
  byId('run-select').addEventListener('change', event => chooseRun(runs[Number(event.target.value)]));
  chooseRun(runs[0]);
  document.documentElement.dataset.ready = 'true';
}

start().catch(error => {
  const place = byId('loading') ?? byId('sentence');
  place.textContent = `This report cannot be shown: ${error.message}`;
  throw error;
});
