/** The colours of the page. Charts are redrawn when they change. */
const theme = {
  listeners: [],

  /** The value of a colour of the style sheet, as a canvas takes it. */
  colour(name) {
    const probe = element('span', { hidden: '' });
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  },

  translucent(colour, opacity) {
    return colour.replace('rgb(', 'rgba(').replace(')', `, ${opacity})`);
  },

  series(i) {
    return this.colour(['accent', 'warm', 'series-3', 'series-4', 'series-5', 'faint'][i % 6]);
  },

  start() {
    const button = byId('theme');
    const names = ['system', 'light', 'dark'];
    let current = 'system';
    const show = () => {
      if (current === 'system') delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = current;
      button.textContent = `Colours: ${current}`;
      this.listeners.forEach(listener => listener());
    };
    button.addEventListener('click', () => {
      current = names[(names.indexOf(current) + 1) % names.length];
      show();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
    show();
  },
};
