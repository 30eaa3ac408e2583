/**
 * Reading the duty matrix: filters without a round trip (the address keeps them), folding, one position on a phone.
 * A text that no duty has is looked for among the positions and narrows those instead. Works in both orientations:
 * `is-turned` says that positions go down and duties across.
 */

const table = document.querySelector('[data-matrix]');
const tools = document.querySelector('[data-matrix-tools]');
const picker = document.querySelector('[data-matrix-position]');

// A phone shows one position at a time, which has no other orientation.
if (table?.classList.contains('is-turned') && window.matchMedia('(max-width: 767px)').matches) {
  window.location.replace(window.location.pathname);
} else if (table && tools) {
  const turned = table.classList.contains('is-turned');
  const lines = [...table.querySelectorAll('[data-line]')];
  const bodies = [...table.tBodies];
  const heads = [...table.querySelectorAll('[data-column]')];
  const groups = [...table.querySelectorAll('[data-group]')];
  const empty = document.querySelector('[data-matrix-empty]');
  const gapButtons = [...tools.querySelectorAll('[data-gaps]')];
  const initial = new URL(window.location.href).searchParams;
  const [duties, positions] = turned ? [heads, lines] : [lines, heads];
  let gaps = gapButtons.find((button) => button.getAttribute('aria-pressed') === 'true')?.dataset.gaps || '';
  let columns = '';
  tools.querySelector('[data-gaps-kept]')?.remove();

  const setFocus = () => {
    if (turned || !picker) return;
    const at = heads.findIndex((head) => head.dataset.code === picker.value);
    for (const cell of table.querySelectorAll('td.is-focus')) cell.classList.remove('is-focus');
    if (at >= 0) for (const line of lines) line.cells[at + 1].classList.add('is-focus');
  };

  const apply = () => {
    const q = tools.elements.q.value.trim().toLowerCase();
    const department = tools.elements.department.value;
    const category = tools.elements.category.value;
    const inDuties = q !== '' && duties.some((duty) => duty.dataset.words.includes(q));
    const inPositions = q !== '' && !inDuties;
    const ofDuty = (duty) => {
      const owners = Number(duty.dataset.owners);
      return (!category || duty.dataset.of === category) && (!inDuties || duty.dataset.words.includes(q))
        && (gaps !== 'none' || owners === 0) && (gaps !== 'many' || owners > 1);
    };
    const ofPosition = (position) => (!department || position.dataset.of === department)
      && (!inPositions || position.dataset.words.includes(q));

    const shown = heads.map(turned ? ofDuty : ofPosition);
    showColumns(shown);
    const keeps = turned ? ofPosition : ofDuty;
    for (const line of lines) line.hidden = !keeps(line);
    let left = 0;
    for (const body of bodies) {
      const count = [...body.rows].filter((line) => line.hasAttribute('data-line') && !line.hidden).length;
      body.hidden = count === 0;
      body.querySelector('.db-count').textContent = count;
      left += count;
    }
    empty.hidden = left > 0 && shown.some(Boolean);
    table.hidden = !empty.hidden;
    if (picker) keepPicker(positions.map(ofPosition));
    for (const button of gapButtons) button.setAttribute('aria-pressed', String(button.dataset.gaps === gaps));
    keepAddress({ q: tools.elements.q.value.trim(), department, category, gaps });
  };

  // A matrix may have twenty thousand cells: columns are hidden by rules, not one cell after the other.
  const rules = new CSSStyleSheet();
  const drawn = heads.map((head) => head.classList.contains('is-first'));
  document.adoptedStyleSheets.push(rules);
  for (const cell of table.querySelectorAll('td[hidden]')) cell.hidden = false;

  const showColumns = (shown) => {
    const key = shown.map(Number).join('');
    if (key === columns) return;
    columns = key;
    const seen = new Set();
    // The line between groups stands before the first column that is left of each.
    const first = heads.map((head, index) => shown[index] && !seen.has(head.dataset.of) && Boolean(seen.add(head.dataset.of)));
    heads.forEach((head, index) => {
      head.hidden = !shown[index];
      head.classList.toggle('is-first', first[index]);
    });
    const wide = groups.flatMap((each, index) => {
      const width = heads.filter((head, place) => shown[place] && head.dataset.of === each.dataset.group).length;
      each.hidden = width === 0;
      if (width) each.colSpan = width;
      // matrix-live.css knows the smaller ones without a script.
      return width > 30 ? [`.db-mx thead .db-mx-dept:nth-child(${index + 2}) { width: calc(${width} * var(--mx-col, 64px)); }`] : [];
    });
    const cell = '.db-mx tr[data-line] > td';
    const away = ranges(shown).map(([from, to]) => `${cell}:nth-child(n + ${from + 2}):nth-child(-n + ${to + 2})`);
    // Where the page came with a line, it has one already: each rule costs something at each cell.
    const edges = first.flatMap((is, index) => (is && !drawn[index] ? [`${cell}:nth-child(${index + 2})`] : []));
    rules.replaceSync([
      away.length ? `${away.join(', ')} { display: none !important; }` : '',
      edges.length ? `${edges.join(', ')} { border-left: 1px solid var(--db-line-2); }` : '',
      wide.length ? `@media screen and (min-width: 768px) { ${wide.join(' ')} }` : '',
    ].join(' '));
    const width = Math.max(1, shown.filter(Boolean).length);
    for (const filler of table.querySelectorAll('.db-mx-group td')) filler.colSpan = width;
  };

  /** First and last index of each run of columns that are not shown. */
  const ranges = (shown) => {
    const found = [];
    shown.forEach((is, index) => {
      if (is) return;
      if (found.length && found[found.length - 1][1] === index - 1) found[found.length - 1][1] = index;
      else found.push([index, index]);
    });
    return found;
  };

  const keepPicker = (kept) => {
    for (const option of picker.options) {
      option.hidden = option.disabled = !kept[positions.findIndex((each) => each.dataset.code === option.value)];
    }
    if (picker.selectedOptions[0]?.disabled) {
      picker.value = [...picker.options].find((option) => !option.disabled)?.value || '';
    }
    setFocus();
  };

  const keepAddress = (filters) => {
    const url = new URL(window.location.href);
    for (const [name, value] of Object.entries(filters)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    if (url.href !== window.location.href) window.history.replaceState(null, '', url);
  };

  tools.addEventListener('submit', (event) => {
    event.preventDefault();
    const button = event.submitter?.closest('[data-gaps]');
    if (button) gaps = gaps === button.dataset.gaps ? '' : button.dataset.gaps;
    apply();
  });
  tools.addEventListener('input', apply);
  table.addEventListener('click', (event) => {
    const fold = event.target.closest('[data-fold]');
    if (!fold) return;
    const open = fold.getAttribute('aria-expanded') !== 'true';
    fold.setAttribute('aria-expanded', String(open));
    fold.closest('tbody').classList.toggle('is-folded', !open);
  });
  picker?.addEventListener('change', setFocus);
  if (initial.has('position') && picker) picker.value = initial.get('position');
  apply();
}
