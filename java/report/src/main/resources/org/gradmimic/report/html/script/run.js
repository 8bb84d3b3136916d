/** The sections of filters and of the run. */
const runView = {
  update() {
    const run = state.run;
    this.drawFilters(run);
    const place = byId('run-details');
    place.replaceChildren();
    if (run.commandLine) {
      const copy = element('button', { type: 'button', onclick: () => this.copy(copy, run.commandLine) }, 'Copy the command');
      place.append(element('h3', {}, 'To repeat it'), element('pre', {}, run.commandLine), copy);
    }
    this.facts(place, 'Settings', run.settings);
    this.facts(place, 'Input files', run.inputs);
    this.facts(place, 'Seconds per stage', run.seconds);
    this.facts(place, 'Environment', run.environment);
  },

  facts(place, title, facts) {
    const entries = Object.entries(facts ?? {});
    if (entries.length === 0) return;
    place.append(element('h3', {}, title), element('div', { class: entries.length > 6 ? 'settings' : null },
      table(title, [['Name', false], ['Value', false]], entries.map(([name, value]) =>
        [name.replaceAll('_', ' '), typeof value === 'number' ? formatNumber(value) : String(value)]))));
  },

  async copy(button, text) {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = 'Selected: copy it with Ctrl-C';
    }
    setTimeout(() => { button.textContent = 'Copy the command'; }, 3000);
  },

  drawFilters(run) {
    const place = byId('filter-tables');
    byId('filters').hidden = run.filters.length === 0;
    place.replaceChildren();
    if (run.filters.length === 0) return;
    byId('filters-note').textContent = run.filtersNote;
    const judged = run.filters.some(filter => filter.precision !== null);
    place.append(scrollable('What each filter keeps',
      [['Filter', false], ['Samples', true], ['Kept', true], ['Share kept', true], ...(judged ? [['Precision', true], ['Recall', true], ['F1', true]] : [])],
      run.filters.map(filter => [filter.name, formatCount(filter.samples), formatCount(filter.kept), formatShare(filter.kept, filter.samples),
        ...(judged ? [filter.precision, filter.recall, filter.f1].map(formatNumber) : [])])));
    if (run.overlaps.length === 0) return;
    place.append(element('h3', {}, 'Overlap'), scrollable('Overlap of filters',
      [['Filters', false], ['Kept by both', true], ['Kept by either', true], ['Jaccard index', true], ['Agreement', true]],
      run.overlaps.map(overlap => [`${overlap.first} and ${overlap.second}`, formatCount(overlap.both), formatCount(overlap.either),
        formatNumber(overlap.jaccard), formatShare(overlap.agreement, 1)])));
  },
};
