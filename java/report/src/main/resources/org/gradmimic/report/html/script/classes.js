/** The section of classes. */
const classesView = {
  sorted: { column: 0, down: false },
  /** Classes in the matrix; the others are one row and one column. */
  most: 20,

  update() {
    const run = state.run;
    byId('classes').hidden = !run.classTable;
    if (!run.classTable) return;
    byId('classes-note').textContent = run.classesNote;
    this.sorted = { column: run.classTable.suspected ? 2 : 1, down: true };
    this.drawTable();
    this.drawConfusion();
  },

  thresholdChanged() {
    if (state.run.classTable) this.drawTable();
  },

  columns() {
    const of = state.run.classTable;
    const measure = state.measure;
    const columns = [
      { title: 'Class', value: c => state.run.classes[c], text: true },
      { title: 'Samples', value: c => of.samples[c] },
    ];
    if (of.suspected) {
      columns.push({ title: 'Suspected', value: c => of.suspected[c] },
        { title: 'Share', value: c => of.samples[c] === 0 ? 0 : of.suspected[c] / of.samples[c], share: true });
    }
    if (of.mislabelled) columns.push({ title: 'Mislabelled', value: c => of.mislabelled[c] });
    if (of.score) columns.push({ title: 'Mean score', value: c => of.score[c], number: true });
    if (measure && measure.classes) {
      columns.push({
        title: 'Kept at the threshold', share: true,
        value: c => {
          const all = measure.classes.subarray(c * measure.bins, (c + 1) * measure.bins);
          return of.samples[c] === 0 ? 0 : total(all, state.threshold) / of.samples[c];
        },
      });
    }
    if (of.suggestion) {
      columns.push({ title: 'Most often suggested', value: c => of.suggestion[c] < 0 ? '–' : state.run.classes[of.suggestion[c]], text: true });
    }
    return columns;
  },

  drawTable() {
    const columns = this.columns();
    const { column, down } = this.sorted;
    const key = columns[Math.min(column, columns.length - 1)];
    const rows = state.run.classes.map((name, c) => ({ c, cells: columns.map(col => col.value(c)), key: key.value(c) }));
    rows.sort((a, b) => (down ? -1 : 1) * (a.key < b.key ? -1 : a.key > b.key ? 1 : b.c - a.c));
    const place = byId('class-table');
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.column : undefined;
    place.replaceChildren(element('table', { class: 'wide' },
      element('caption', { class: 'hidden' }, 'Classes'),
      element('thead', {}, element('tr', {}, ...columns.map((col, at) => this.heading(col, at)))),
      element('tbody', {}, ...rows.map(({ c, cells }) => element('tr', {}, ...cells.map((cell, at) => this.cell(columns[at], cell, c, at)))))));
    if (focused !== undefined) place.querySelector(`[data-column="${focused}"]`)?.focus();
  },

  heading(column, at) {
    const sort = this.sorted.column === at ? (this.sorted.down ? 'descending' : 'ascending') : null;
    const sortBy = () => {
      this.sorted = { column: at, down: this.sorted.column === at ? !this.sorted.down : !column.text };
      this.drawTable();
    };
    return element('th', { scope: 'col', 'aria-sort': sort, class: column.text ? null : 'number' },
      element('button', { type: 'button', 'data-column': at, onclick: sortBy }, column.title));
  },

  cell(column, value, c, at) {
    if (at === 0) {
      const choose = () => {
        state.chosenClass = String(c);
        byId('class-filter').value = state.chosenClass;
        gallery.refresh(true);
        byId('samples').scrollIntoView();
        byId('list').focus({ preventScroll: true });
      };
      const name = state.run.shown === 0 ? value : element('button', { type: 'button', class: 'link', onclick: choose }, value);
      return element('th', { scope: 'row' }, name);
    }
    if (column.text) return element('td', {}, value);
    if (column.share) {
      const bar = element('i');
      bar.style.width = `${(100 * value).toFixed(1)}%`;
      return element('td', { class: 'number' }, (100 * value).toFixed(1) + '\u00a0%', element('span', { class: 'share', 'aria-hidden': 'true' }, bar));
    }
    return element('td', { class: 'number' }, column.number ? formatNumber(value) : formatCount(value));
  },

  /** Given label in rows, suggested label in columns. */
  drawConfusion() {
    const run = state.run;
    const place = byId('confusion');
    place.replaceChildren();
    if (!run.confusion) return;
    const { from, to, count } = run.confusion;
    const sums = new Float64Array(run.classes.length);
    for (let i = 0; i < count.length; i++) {
      sums[from[i]] += count[i];
      sums[to[i]] += count[i];
    }
    const ranked = run.classes.map((_, c) => c).filter(c => sums[c] > 0).sort((a, b) => sums[b] - sums[a]);
    const kept = ranked.slice(0, this.most).sort((a, b) => a - b);
    const names = kept.map(c => run.classes[c]);
    if (ranked.length > kept.length) names.push('others');
    const position = new Map(kept.map((c, at) => [c, at]));
    const at = c => position.get(c) ?? kept.length;
    const cells = names.map(() => new Float64Array(names.length));
    for (let i = 0; i < count.length; i++) cells[at(from[i])][at(to[i])] += count[i];
    const largest = Math.max(1, ...cells.map(row => Math.max(...row)));
    const colour = theme.colour('accent');
    const matrix = element('table', {},
      element('caption', { class: 'hidden' }, 'Given label in rows, suggested label in columns'),
      element('thead', {}, element('tr', {}, element('td', { class: 'faint' }, 'given → suggested'),
        ...names.map(name => element('th', { scope: 'col', title: name }, name)))),
      element('tbody', {}, ...names.map((name, r) => element('tr', {}, element('th', { scope: 'row', title: name }, name),
        ...names.map((other, c) => {
          const cell = element('td', { title: `${name} → ${other}: ${formatCount(cells[r][c])}` }, cells[r][c] === 0 ? '' : formatCount(cells[r][c]));
          cell.style.background = theme.translucent(colour, (0.42 * cells[r][c] / largest).toFixed(3));
          return cell;
        })))));
    place.append(element('h3', {}, 'Given label → suggested label'),
      element('div', { class: 'matrix', role: 'region', tabindex: '0', 'aria-label': 'Given label and suggested label' }, matrix));
  },
};

theme.listeners.push(() => { if (state.run && state.run.confusion) classesView.drawConfusion(); });
