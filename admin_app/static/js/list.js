/** A list: picking rows and the bulk bar, the filter builder, the column chooser, the page size. */

import { lookup } from './lookup.js';
import { rowAddress } from './app.js';

/* picking */
for (const sheet of document.querySelectorAll('[data-sheet]')) {
  const bar = sheet.querySelector('[data-bulk]');
  if (!bar) continue;
  const all = sheet.querySelector('[data-pick-all]');
  const boxes = [...sheet.querySelectorAll('[data-pick]')];
  const text = bar.querySelector('[data-bulk-text]');

  const show = () => {
    const picked = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.closest('tr').classList.toggle('is-picked', box.checked);
    bar.hidden = picked === 0;
    text.textContent = bar.dataset.text.replace('{n}', picked);
    all.checked = picked === boxes.length;
    all.indeterminate = picked > 0 && picked < boxes.length;
    all.classList.toggle('is-part', all.indeterminate);
    document.body.classList.toggle('has-selection', picked > 0);
  };
  const setAll = (value) => {
    for (const box of boxes) box.checked = value;
    show();
  };
  let last = null;
  for (const box of boxes) {
    box.addEventListener('click', (event) => {
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
        for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
      }
      last = box;
      show();
    });
  }
  all.addEventListener('change', () => setAll(all.checked));
  bar.querySelector('[data-bulk-clear]').addEventListener('click', () => {
    setAll(false);
    all.focus();
  });
  show();
}

/* row menus: one for all rows, put at the row whose button is pressed */
for (const button of document.querySelectorAll('[data-row-menu]')) button.setAttribute('aria-haspopup', 'menu');
for (const sheet of document.querySelectorAll('[data-sheet]')) {
  const menus = sheet.querySelector('[data-row-menus]');
  sheet.addEventListener('click', (event) => {
    const button = event.target.closest('[data-row-menu]');
    if (!button || button.dataset.bsToggle) return;
    const place = button.parentElement;
    place.classList.add('dropdown');
    place.append(menus.content.cloneNode(true));
    for (const way of place.querySelectorAll('[data-way]')) {
      if (button.dataset.rowMenu.includes(way.dataset.way)) way.href = rowAddress(button, way.dataset.way);
      else way.parentElement.remove();
    }
    button.dataset.bsToggle = 'dropdown';
    button.setAttribute('aria-expanded', 'false');
    new window.tabler.Dropdown(button, { popperConfig: { strategy: 'fixed' } }).toggle();
    event.stopPropagation();
  });
}

/* What the builder and the chooser offer, asked for once, when one of them opens. */
const offered = new Map();
function offer(form) {
  const { src } = form.dataset;
  if (!offered.has(src)) {
    offered.set(src, fetch(src, { headers: { Accept: 'application/json' } }).then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }));
  }
  return offered.get(src).catch((error) => {
    offered.delete(src);
    throw error;
  });
}

function onOpening(form, show) {
  const panel = form.closest('details');
  let shown = false;
  panel.addEventListener('toggle', async () => {
    if (!panel.open || shown) return;
    panel.querySelector('[data-trouble]')?.remove();
    try {
      const all = await offer(form);
      if (shown) return;
      shown = true;
      show(all);
    } catch {
      const trouble = document.createElement('p');
      trouble.dataset.trouble = '';
      trouble.role = 'alert';
      trouble.textContent = form.dataset.failed;
      (form.hidden ? form.parentElement : form).prepend(trouble);
    }
  });
}

/* filter builder: field, operator, value become one argument `key:op=value` */
const builder = document.querySelector('[data-builder]');
if (builder) {
  let fields = [];
  const fieldBox = builder.querySelector('[data-builder-field]');
  const opBox = builder.querySelector('[data-builder-op]');
  const slot = builder.querySelector('[data-builder-slot]');
  const current = () => fields.find((field) => field.key === fieldBox.value);
  const option = (value, label) => new Option(label, value);
  let box = null;

  const input = () => {
    box?.destroy();
    box = null;
    slot.querySelector('#filter-value')?.remove();
    const field = current();
    const op = field.ops.find((each) => each.key === opBox.value);
    slot.hidden = op?.arity === 0;
    if (slot.hidden) return;
    let control;
    if (field.lookup_url || (field.choices && field.choices.length)) {
      control = document.createElement('select');
      control.className = 'form-select';
      for (const [code, label] of field.choices || []) control.add(option(code, label));
    } else {
      control = document.createElement('input');
      control.className = 'form-control';
      control.type = { date: 'date', 'datetime-local': 'datetime-local', time: 'time' }[field.input_type] || 'text';
      if (field.kind === 'number' || field.kind === 'money') control.inputMode = 'decimal';
    }
    control.id = 'filter-value';
    control.required = true;
    slot.append(control);
    if (field.lookup_url) {
      control.dataset.lookup = field.lookup_url;
      control.dataset.none = builder.dataset.none;
      control.dataset.required = 'true';
      control.required = false; // Tom Select hides the select, and a hidden required one blocks the form without a word
      box = lookup(control);
    }
  };
  const operators = () => {
    opBox.replaceChildren(...current().ops.map((op) => option(op.key, op.label)));
    input();
  };
  fieldBox.addEventListener('change', operators);
  opBox.addEventListener('change', input);
  builder.addEventListener('submit', (event) => {
    const op = current().ops.find((each) => each.key === opBox.value);
    const value = op.arity === 0 ? '1' : slot.querySelector('#filter-value').value;
    if (value === '') {
      event.preventDefault();
      return;
    }
    const hidden = document.createElement('input');
    hidden.type = 'hidden';
    hidden.name = `${fieldBox.value}:${opBox.value}`;
    hidden.value = value;
    builder.append(hidden);
  });
  builder.closest('details').addEventListener('toggle', (event) => {
    if (event.target.open) fieldBox.focus();
  });
  onOpening(builder, (all) => {
    ({ fields } = all);
    fieldBox.replaceChildren(...fields.map((field) => option(field.key, field.label)));
    operators();
    builder.hidden = false;
    fieldBox.focus();
  });
}

/* column chooser: one argument with commas instead of many */
const columns = document.querySelector('[data-columns]');
if (columns) {
  onOpening(columns, (all) => {
    columns.querySelector('fieldset').append(...all.columns.map((column) => {
      const label = document.createElement('label');
      label.className = 'db-check';
      const box = document.createElement('input');
      Object.assign(box, { type: 'checkbox', className: 'form-check-input', name: 'cols', value: column.key, checked: column.shown });
      const words = document.createElement('span');
      words.textContent = column.label;
      label.append(box, words);
      return label;
    }));
  });
}
columns?.addEventListener('submit', () => {
  const boxes = [...columns.querySelectorAll('[name=cols]')];
  const hidden = document.createElement('input');
  hidden.type = 'hidden';
  hidden.name = 'cols';
  hidden.value = boxes.filter((box) => box.checked).map((box) => box.value).join(',');
  for (const box of boxes) box.disabled = true;
  if (hidden.value) columns.append(hidden);
});

for (const form of document.querySelectorAll('[data-size]')) {
  form.querySelector('select').addEventListener('change', () => form.requestSubmit());
}
