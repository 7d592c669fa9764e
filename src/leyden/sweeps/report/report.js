'use strict';
// Everything here is optional: without it the page has its texts and its tables.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read('figures');
  const values = read('values'); // of each row's name, its value of each axis
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const chosen = {};
  let isPrinting = false;

  // --- Filter -----------------------------------------------------------------------------
  const isShown = (name) => {
    const own = values[name];
    return !own || Object.entries(chosen).every(([axis, level]) => own[axis] === level);
  };

  function filterRows() {
    let all = 0;
    let shown = 0;
    for (const row of document.querySelectorAll('tr[data-row]')) {
      row.hidden = !isShown(row.id);
      if (row.id.startsWith('job-')) {
        all += 1;
        shown += row.hidden ? 0 : 1;
      }
    }
    const count = document.getElementById('filter-count');
    if (count) count.textContent = `(${shown} of ${all} jobs are shown)`;
  }

  // --- Pictures ---------------------------------------------------------------------------
  const OF_POINTS = ['x', 'y', 'text', 'customdata'];
  const cut = (list, keep) => (Array.isArray(list) ? list.filter((_, i) => keep[i]) : list);

  function filtered(trace) {
    const names = trace.customdata;
    if (!Array.isArray(names) || !Object.keys(chosen).length) return trace;
    const keep = names.map(isShown);
    const made = { ...trace };
    for (const key of OF_POINTS) if (key in made) made[key] = cut(made[key], keep);
    for (const key of ['error_x', 'error_y']) {
      if (made[key]) made[key] = { ...made[key], array: cut(made[key].array, keep) };
    }
    if (made.marker) {
      made.marker = { ...made.marker };
      for (const key of ['color', 'size', 'symbol']) made.marker[key] = cut(made.marker[key], keep);
    }
    return made;
  }

  // Colours such as `@text` are those of the page, so that pictures follow it.
  function colored(value, key, colors) {
    if (Array.isArray(value)) return value.map((one) => colored(one, key, colors));
    if (value && typeof value === 'object') {
      const made = {};
      for (const [name, one] of Object.entries(value)) made[name] = colored(one, name, colors);
      return made;
    }
    const isColor = typeof value === 'string' && value[0] === '@' && /color$/.test(key);
    return isColor ? colors.getPropertyValue(`--${value.slice(1)}`).trim() : value;
  }

  function draw(id) {
    const box = document.getElementById(id);
    const { data, layout, narrow } = figures[id];
    const colors = getComputedStyle(document.documentElement);
    const made = colored(layout, '', colors);
    for (const [path, value] of Object.entries((box.clientWidth < 600 && narrow) || {})) {
      const keys = path.split('.');
      const last = keys.pop();
      keys.reduce((inner, key) => (inner[key] ??= {}), made)[last] = value;
    }
    const config = {
      responsive: !isPrinting,
      displaylogo: false,
      modeBarButtons: [['toImage', 'zoom2d', 'pan2d', 'resetScale2d']],
    };
    return Plotly.react(box, colored(data.map(filtered), '', colors), made, config);
  }

  const drawAll = () => Promise.all(Object.keys(figures).map(draw));

  function find(name) {
    const row = document.getElementById(name);
    if (!row) return;
    for (const folded of [row.closest('details')]) if (folded) folded.open = true;
    for (const old of document.querySelectorAll('tr.found')) old.classList.remove('found');
    row.classList.add('found');
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'center' });
  }

  // --- Tables -----------------------------------------------------------------------------
  function compare(a, b) {
    const [x, y] = [a.dataset.value, b.dataset.value];
    if (x !== undefined && y !== undefined) return Number(x) - Number(y);
    return a.textContent.localeCompare(b.textContent, undefined, { numeric: true });
  }

  function sort(head, place) {
    const isUp = head.getAttribute('aria-sort') !== 'ascending';
    const body = head.closest('table').tBodies[0];
    const isKnown = (row) => row.cells[place].textContent !== '-';
    const rows = [...body.rows].sort((a, b) => {
      const known = isKnown(b) - isKnown(a); // what is not known stays at the end
      const order = compare(a.cells[place], b.cells[place]);
      return known || (isUp ? order : -order);
    });
    for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', isUp ? 'ascending' : 'descending');
    body.append(...rows);
  }

  for (const row of document.querySelectorAll('thead tr')) {
    [...row.cells].forEach((head, place) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = head.textContent;
      button.addEventListener('click', () => sort(head, place));
      head.replaceChildren(button);
    });
  }

  const filter = document.getElementById('filter');
  if (filter) {
    filter.hidden = false;
    const form = filter.querySelector('form');
    const apply = () => {
      for (const select of form.querySelectorAll('select')) {
        delete chosen[select.dataset.axis];
        if (select.selectedIndex > 0) chosen[select.dataset.axis] = select.value;
      }
      filterRows();
      drawAll();
    };
    form.addEventListener('change', apply);
    form.addEventListener('reset', () => setTimeout(apply));
    form.addEventListener('submit', (event) => event.preventDefault());
    filterRows();
  }

  if (!window.Plotly) return;
  dark.addEventListener('change', drawAll);
  // The style of paper does not apply yet when this is told, so a class brings its colours.
  const turn = (isPaper) => {
    isPrinting = isPaper;
    document.documentElement.classList.toggle('printed', isPaper);
    drawAll();
  };
  window.addEventListener('beforeprint', () => turn(true));
  window.addEventListener('afterprint', () => turn(false));
  drawAll().then(() => {
    for (const id of Object.keys(figures)) {
      document.getElementById(id).on('plotly_click', (event) => {
        const name = event.points[0].customdata;
        if (typeof name === 'string') find(name);
      });
    }
    document.documentElement.dataset.ready = 'yes';
  });
})();
