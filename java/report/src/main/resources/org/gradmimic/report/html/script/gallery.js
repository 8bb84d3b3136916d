/** The section of samples: a list of which only the visible part is in the page. */
const gallery = {
  matches: new Int32Array(0),
  orders: new Map(),
  virtual: null,
  drawn: new Map(),
  perRow: 1,

  start() {
    const list = byId('list');
    const redraw = () => this.refresh(true);
    let waiting = 0;
    byId('query').addEventListener('input', event => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        state.query = event.target.value.trim();
        redraw();
      }, 80);
    });
    byId('class-filter').addEventListener('change', event => { state.chosenClass = event.target.value; redraw(); });
    byId('show').addEventListener('change', event => { state.show = event.target.value; redraw(); });
    byId('order').addEventListener('change', event => { state.order = event.target.value; redraw(); });
    byId('download').addEventListener('click', () => this.download());
    list.addEventListener('keydown', event => this.key(event));
    list.addEventListener('click', event => {
      const option = event.target.closest('[role=option]');
      if (option) this.choose(Number(option.dataset.place));
    });
    new ResizeObserver(() => this.layout()).observe(list);
  },

  update() {
    const run = state.run;
    byId('samples').hidden = run.shown === 0;
    this.orders.clear();
    state.query = '';
    byId('query').value = '';
    state.chosenClass = '';
    state.show = 'all';
    state.view = run.images ? 'images' : 'list';
    byId('samples-note').textContent = run.samplesNote;
    segments(byId('view'), [['images', 'Images'], ['list', 'List']], state.view, view => {
      state.view = view;
      this.layout(true);
    });
    options(byId('class-filter'), [['', 'all classes'], ...(run.classes ?? []).map((name, c) => [String(c), name])], '');
    options(byId('show'), this.shows(run), 'all');
    const orders = this.orderNames(run);
    state.order = orders[0][0];
    options(byId('order'), orders, state.order);
    this.refresh(true);
    this.choose(this.matches.length > 0 ? 0 : -1, false);
  },

  shows(run) {
    const shows = [['all', 'all']];
    if (run.suspected) shows.push(['suspected', 'suspected']);
    if (run.mislabelled) shows.push(['mislabelled', 'known as mislabelled']);
    if (run.measures.length > 0) shows.push(['kept', 'kept at the threshold'], ['discarded', 'discarded at the threshold']);
    return shows;
  },

  orderNames(run) {
    const names = [];
    if (run.rank) names.push(['rank', 'most suspicious first']);
    if (run.score) names.push(['score', 'lowest score first'], ['-score', 'highest score first']);
    if (run.weight) names.push(['weight', 'lowest weight first'], ['-weight', 'highest weight first']);
    if (run.keep) names.push(['keep', 'least worth keeping first']);
    names.push(['id', 'by id']);
    if (run.names) names.push(['names', 'by path']);
    return names;
  },

  /** The positions of all samples in an order. Samples without a value come last. */
  ordered(order) {
    if (!this.orders.has(order)) {
      const run = state.run;
      const sign = order.startsWith('-') ? -1 : 1;
      const values = run[order.replace('-', '')];
      const positions = Int32Array.from({ length: run.shown }, (_, i) => i);
      if (order === 'names') positions.sort((a, b) => (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : a - b));
      else {
        const key = Float64Array.from(values, value => Number.isNaN(value) || value < -1e30 ? Infinity : sign * value);
        positions.sort((a, b) => (key[a] < key[b] ? -1 : key[a] > key[b] ? 1 : a - b));
      }
      this.orders.set(order, positions);
    }
    return this.orders.get(order);
  },

  test() {
    const run = state.run;
    const query = state.query.toLowerCase();
    const id = /^#?\d+$/.test(query) ? Number(query.replace('#', '')) : -1;
    const classes = query === '' || !run.classes ? null : run.classes.map(name => name.toLowerCase().includes(query));
    const chosenClass = state.chosenClass === '' ? -1 : Number(state.chosenClass);
    return i => {
      if (chosenClass >= 0 && run.given[i] !== chosenClass && !(run.suggested && run.suggested[i] === chosenClass)) return false;
      if (state.show === 'suspected' && !run.suspected[i]) return false;
      if (state.show === 'mislabelled' && !run.mislabelled[i]) return false;
      if (state.show === 'kept' && !isKept(i)) return false;
      if (state.show === 'discarded' && isKept(i)) return false;
      if (query === '') return true;
      if (run.id[i] === id) return true;
      if (run.names && run.names[i].toLowerCase().includes(query)) return true;
      if (classes && ((run.given[i] >= 0 && classes[run.given[i]])
        || (run.suggested && run.suggested[i] >= 0 && classes[run.suggested[i]]))) return true;
      return Boolean(run.captions && run.captions[i].toLowerCase().includes(query));
    };
  },

  refresh(fromTop) {
    const run = state.run;
    if (run.shown === 0) return;
    this.matches = this.ordered(state.order).filter(this.test());
    const whole = run.complete ? '' : ` of the ${formatCount(run.shown)} listed`;
    byId('count').textContent = this.matches.length === 1 ? `1 sample${whole}` : `${formatCount(this.matches.length)} samples${whole}`;
    byId('download').disabled = this.matches.length === 0;
    this.layout(true);
    if (fromTop && this.virtual) this.virtual.scrollToOffset(0);
  },

  thresholdChanged() {
    if (state.show === 'kept' || state.show === 'discarded') this.refresh(false);
    else this.redrawRows();
    this.showDetail();
  },

  /** Divides the matches into rows; only where the number of cards in a row changed, unless forced. */
  layout(force) {
    const list = byId('list');
    if (!state.run || list.clientWidth === 0) return;
    const images = state.view === 'images';
    const perRow = images ? Math.max(1, Math.floor((list.clientWidth - 10) / 150)) : 1;
    if (!force && perRow === this.perRow) return;
    this.perRow = perRow;
    list.classList.toggle('lines', !images);
    byId('columns').hidden = images;
    byId('columns').replaceChildren(...['', 'id', 'path', 'label', state.measure?.name ?? 'score', ''].map((text, i) =>
      element('span', { class: i === 1 || i === 4 ? 'number' : null }, text)));
    const settings = {
      count: Math.ceil(this.matches.length / perRow),
      getScrollElement: () => list,
      estimateSize: () => images ? 206 : 52,
      paddingStart: images ? 10 : 0,
      overscan: 3,
      scrollToFn: VirtualCore.elementScroll,
      observeElementRect: VirtualCore.observeElementRect,
      observeElementOffset: VirtualCore.observeElementOffset,
      onChange: () => this.drawRows(),
    };
    if (!this.virtual) {
      this.virtual = new VirtualCore.Virtualizer(settings);
      this.virtual._didMount();
    } else {
      this.virtual.setOptions(settings);
      this.virtual.measure();
    }
    this.virtual._willUpdate();
    this.redrawRows();
  },

  redrawRows() {
    this.drawn.forEach(row => row.remove());
    this.drawn.clear();
    if (this.virtual) this.drawRows();
  },

  drawRows() {
    const rows = byId('rows');
    rows.style.height = `${this.virtual.getTotalSize()}px`;
    const wanted = new Set();
    for (const item of this.virtual.getVirtualItems()) {
      wanted.add(item.index);
      let row = this.drawn.get(item.index);
      if (!row) {
        row = this.row(item.index);
        this.drawn.set(item.index, row);
        rows.append(row);
      }
      row.style.transform = `translateY(${item.start}px)`;
    }
    for (const [index, row] of this.drawn) {
      if (wanted.has(index)) continue;
      row.remove();
      this.drawn.delete(index);
    }
    this.markChosen();
  },

  row(index) {
    const row = element('div', { class: 'row', role: 'none' });
    row.style.gridTemplateColumns = `repeat(${this.perRow}, minmax(0, 1fr))`;
    const end = Math.min(this.matches.length, (index + 1) * this.perRow);
    for (let place = index * this.perRow; place < end; place++) row.append(this.option(place));
    return row;
  },

  option(place) {
    const run = state.run;
    const i = this.matches[place];
    const source = images.of(run, i);
    const image = source ? element('img', { src: source, alt: '' }) : element('div', { class: 'blank' }, `#${run.id[i]}`);
    const value = state.measure ? formatNumber(run[state.measure.key][i]) : formatNumber(run.score?.[i]);
    const attributes = {
      role: 'option', id: `option-${place}`, 'data-place': place, 'aria-selected': 'false',
      'aria-posinset': place + 1, 'aria-setsize': this.matches.length, title: sampleName(run, i),
    };
    const discarded = state.measure && !isKept(i) ? 'discarded' : null;
    if (state.view === 'images') {
      return element('div', { class: 'card', ...attributes },
        element('div', { class: 'image' }, image),
        element('p', { class: 'labels' }, ...this.labels(run, i)),
        element('p', { class: 'value' }, value),
        element('p', { class: 'name' }, shortName(sampleName(run, i))),
        discarded ? element('span', { class: 'tag' }, discarded) : null);
    }
    return element('div', { class: 'line', ...attributes }, image,
      element('span', { class: 'number faint' }, String(run.id[i])),
      element('p', {}, sampleName(run, i)),
      element('p', {}, ...this.labels(run, i)),
      element('span', { class: 'number' }, value),
      element('span', { class: 'faint' }, discarded ?? ''));
  },

  labels(run, i) {
    const given = run.classes ? className(run, run.given[i]) : `#${run.id[i]}`;
    const parts = [run.mislabelled?.[i] ? element('span', { class: 'wrong' }, given) : given];
    if (run.suggested && run.suggested[i] >= 0 && run.suggested[i] !== run.given[i]) {
      parts.push(' → ', element('span', { class: 'wrong' }, className(run, run.suggested[i])));
    }
    return parts;
  },

  key(event) {
    const page = Math.max(1, Math.floor(byId('list').clientHeight / (state.view === 'images' ? 206 : 52))) * this.perRow;
    const steps = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.perRow, ArrowUp: -this.perRow, PageDown: page, PageUp: -page,
      Home: -Infinity, End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const now = Math.max(0, this.matches.indexOf(state.chosen));
    this.choose(Math.max(0, Math.min(this.matches.length - 1, now + step)), true);
  },

  choose(place, scroll) {
    state.chosen = place < 0 ? -1 : this.matches[place];
    if (scroll) this.virtual.scrollToIndex(Math.floor(place / this.perRow), { align: 'auto' });
    this.markChosen();
    this.showDetail();
  },

  markChosen() {
    const list = byId('list');
    list.querySelectorAll('.chosen').forEach(option => {
      option.classList.remove('chosen');
      option.setAttribute('aria-selected', 'false');
    });
    const place = state.chosen < 0 ? -1 : this.matches.indexOf(state.chosen);
    const option = place < 0 ? null : byId(`option-${place}`);
    if (option) {
      option.classList.add('chosen');
      option.setAttribute('aria-selected', 'true');
      list.setAttribute('aria-activedescendant', option.id);
    } else {
      list.removeAttribute('aria-activedescendant');
    }
  },

  showDetail() {
    detail.update();
  },

  download() {
    const blob = new Blob([csv(state.run, this.matches)], { type: 'text/csv' });
    const address = URL.createObjectURL(blob);
    element('a', { href: address, download: 'samples.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  },
};

/** The end of a path, which tells files apart. */
function shortName(path) {
  const parts = path.split('/');
  return parts.length > 2 ? '…/' + parts.slice(-2).join('/') : path;
}

/**
 * Samples as CSV. A text that a spreadsheet would take for a formula begins with an apostrophe.
 */
function csv(run, positions) {
  const columns = [['id', i => run.id[i]]];
  const text = value => {
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  if (run.names) columns.push(['path', i => text(run.names[i])]);
  if (run.classes) columns.push(['given_label', i => run.given[i] < 0 ? '' : text(run.classes[run.given[i]])]);
  if (run.suggested) columns.push(['suggested_label', i => run.suggested[i] < 0 ? '' : text(run.classes[run.suggested[i]])]);
  if (run.captions) columns.push(['caption', i => text(run.captions[i])]);
  for (const [name, key] of [['mimic_score', 'score'], ['relative_weight', 'weight'], ['loss', 'loss'], ['keep_probability', 'keep']]) {
    if (run[key]) columns.push([name, i => Number.isNaN(run[key][i]) ? '' : Number(run[key][i].toPrecision(7))]);
  }
  if (run.mislabelled) columns.push(['mislabelled', i => run.mislabelled[i]]);
  if (state.measure) columns.push(['kept', i => isKept(i) ? 1 : 0]);
  const lines = [columns.map(([name]) => name).join(',')];
  for (const i of positions) lines.push(columns.map(([, value]) => value(i)).join(','));
  return lines.join('\n') + '\n';
}
