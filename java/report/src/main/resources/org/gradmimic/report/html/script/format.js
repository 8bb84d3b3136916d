const integers = new Intl.NumberFormat('en');

function formatCount(n) {
  return integers.format(n);
}

/** A number with four significant digits; a dash where there is none. */
function formatNumber(x) {
  if (x === null || x === undefined || Number.isNaN(x)) return '–';
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e6) return formatCount(x).replace('-', '−');
  if (size >= 1e5 || size < 1e-3) return x.toExponential(2).replace('-', '−').replace('e+', 'e');
  return x.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size)))).replace('-', '−');
}

function formatShare(part, whole) {
  return whole === 0 ? '–' : (100 * part / whole).toFixed(1) + '\u00a0%';
}

/** An element with a class, text or children, and attributes. Texts become text nodes, never HTML. */
function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined) continue;
    if (name === 'class') made.className = value;
    else if (name.startsWith('on')) made.addEventListener(name.substring(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

/** A table. A column is its title and whether it holds numbers; the first cell of each row is its heading. */
function table(caption, columns, rows) {
  return element('table', {},
    element('caption', { class: 'hidden' }, caption),
    element('thead', {}, element('tr', {}, ...columns.map(([title, number]) =>
      element('th', { scope: 'col', class: number ? 'number' : null }, title)))),
    element('tbody', {}, ...rows.map(cells => element('tr', {}, ...cells.map((cell, i) =>
      i === 0 ? element('th', { scope: 'row' }, cell)
        : element('td', { class: columns[i][1] ? 'number' : null }, cell))))));
}

/** A table that scrolls by itself where the page is narrow. */
function scrollable(caption, columns, rows) {
  return element('div', { class: 'across', role: 'region', tabindex: '0', 'aria-label': caption }, table(caption, columns, rows));
}

/** Radio buttons in a fieldset that has its legend already. */
function segments(fieldset, choices, chosen, change) {
  fieldset.querySelectorAll('label').forEach(label => label.remove());
  for (const [value, text] of choices) {
    const input = element('input', { type: 'radio', name: fieldset.id, value, onchange: () => change(value) });
    input.checked = value === chosen;
    fieldset.append(element('label', {}, input, text));
  }
}

function options(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, text]) => element('option', { value }, text)));
  select.value = chosen;
}

function byId(id) {
  return document.getElementById(id);
}
