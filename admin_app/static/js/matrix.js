/**
 * The duty matrix, read only: filters without a round trip (the address keeps them), folding, one position on a phone.
 * A text that no duty has is looked for among the positions and narrows the columns instead.
 */

const table = document.querySelector('[data-matrix]');
const tools = document.querySelector('[data-matrix-tools]');
const picker = document.querySelector('[data-matrix-position]');

if (table && tools) {
  const rows = [...table.querySelectorAll('[data-duty]')];
  const bodies = [...table.tBodies];
  const heads = [...table.querySelectorAll('[data-column]')];
  const departments = [...table.querySelectorAll('[data-department]')];
  const empty = document.querySelector('[data-matrix-empty]');
  const gapButtons = [...tools.querySelectorAll('[data-gaps]')];
  const initial = new URL(window.location.href).searchParams;
  let gaps = gapButtons.find((button) => button.getAttribute('aria-pressed') === 'true')?.dataset.gaps || '';
  let focus = picker?.value || '';
  tools.querySelector('[data-gaps-kept]')?.remove();

  const setFocus = () => {
    const at = heads.findIndex((head) => head.dataset.code === focus);
    for (const row of rows) for (const [index, cell] of [...row.cells].slice(1).entries()) cell.classList.toggle('is-focus', index === at);
  };

  const apply = () => {
    const q = tools.elements.q.value.trim().toLowerCase();
    const department = tools.elements.department.value;
    const category = tools.elements.category.value;
    const inDuties = q !== '' && rows.some((row) => row.dataset.words.includes(q));
    const inPositions = q !== '' && !inDuties;

    const shown = heads.map((head) => (!department || head.dataset.of === department) && (!inPositions || head.dataset.words.includes(q)));
    heads.forEach((head, index) => { head.hidden = !shown[index]; });
    for (const each of departments) {
      const width = heads.filter((head, index) => shown[index] && head.dataset.of === each.dataset.department).length;
      each.hidden = width === 0;
      if (width) each.colSpan = width;
    }
    // The line between departments stands before the first column that is left of each.
    const seen = new Set();
    const first = heads.map((head, index) => shown[index] && !seen.has(head.dataset.of) && Boolean(seen.add(head.dataset.of)));
    heads.forEach((head, index) => head.classList.toggle('is-first', first[index]));

    for (const row of rows) {
      const owners = Number(row.dataset.owners);
      row.hidden = (inDuties && !row.dataset.words.includes(q)) || (gaps === 'none' && owners !== 0) || (gaps === 'many' && owners < 2);
      for (const [index, cell] of [...row.cells].slice(1).entries()) {
        cell.hidden = !shown[index];
        cell.classList.toggle('is-first', first[index]);
      }
    }
    let left = 0;
    for (const body of bodies) {
      const count = [...body.rows].filter((row) => row.hasAttribute('data-duty') && !row.hidden).length;
      body.hidden = count === 0 || (category !== '' && body.dataset.category !== category);
      body.querySelector('.db-count').textContent = count;
      if (!body.hidden) left += count;
      body.querySelector('.db-mx-group td').colSpan = Math.max(1, shown.filter(Boolean).length);
    }
    empty.hidden = left > 0 && shown.some(Boolean);
    table.hidden = !empty.hidden;

    if (picker) {
      for (const option of picker.options) {
        option.hidden = option.disabled = !shown[heads.findIndex((head) => head.dataset.code === option.value)];
      }
      if (picker.selectedOptions[0]?.disabled) {
        picker.value = [...picker.options].find((option) => !option.disabled)?.value || '';
        focus = picker.value;
      }
      setFocus();
    }
    for (const button of gapButtons) button.setAttribute('aria-pressed', String(button.dataset.gaps === gaps));
    keepAddress({ q: tools.elements.q.value.trim(), department, category, gaps });
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
  picker?.addEventListener('change', () => {
    focus = picker.value;
    setFocus();
  });
  if (initial.has('position') && picker) {
    picker.value = initial.get('position');
    focus = picker.value;
  }
  apply();
}
