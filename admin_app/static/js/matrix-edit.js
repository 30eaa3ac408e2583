/**
 * Editing the duty matrix: letters by key, undo, copying a position, one cell's own reach and levels. What is changed
 * waits here until it is saved; matrix-panel.js previews and saves it.
 */

import { openPanel } from './matrix-panel.js';

const table = document.querySelector('[data-matrix]');
const letters = JSON.parse(table.dataset.letters);
const say = JSON.parse(table.dataset.say);
const turned = table.classList.contains('is-turned');
const heads = [...table.querySelectorAll('[data-column]')];
const lines = [...table.querySelectorAll('[data-line]')];
const places = new Map();
const stored = new Map();
const edits = new Map();
const past = [];
let mine = new Set();
let groups = {};
let copied = null;
let current = null;
let panel = null;

const keyOf = (position, duty) => `${position} ${duty}`;
const alike = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
const now = (key) => (edits.has(key) ? edits.get(key) : stored.get(key) ?? null);

/** What a cell of the table stands for: {position, duty}, elements of a head and a line. */
function at(cell) {
  const [line, head] = [cell.parentElement, heads[cell.cellIndex - 1]];
  return turned ? { position: line, duty: head } : { position: head, duty: line };
}

function keyAt(cell) {
  const { position, duty } = at(cell);
  return keyOf(position.dataset.code, duty.dataset.code);
}

function drawn(cell) {
  const letter = document.createElement('span');
  letter.className = cell ? `db-let is-${cell.letter.toLowerCase()}` : 'db-none';
  letter.textContent = cell?.letter || '';
  if (cell && (cell.rows || cell.field_levels)) letter.classList.add('has-own');
  return letter;
}

/** Show what stands, or shall stand, in a cell. */
function paint(cell) {
  const key = keyAt(cell);
  const changed = edits.has(key);
  cell.classList.toggle('is-changed', changed);
  cell.classList.toggle('is-refused', false);
  const shown = now(key);
  if (changed) {
    const old = document.createElement('del');
    old.className = 'db-old';
    old.textContent = stored.get(key)?.letter || '·';
    const arrow = document.createElement('span');
    arrow.className = 'db-arrow';
    arrow.setAttribute('aria-hidden', 'true');
    arrow.textContent = '→';
    cell.replaceChildren(old, arrow, drawn(shown));
    cell.setAttribute('aria-label', describe(cell));
  } else {
    cell.replaceChildren(...(shown ? [drawn(shown)] : []));
    cell.removeAttribute('aria-label');
  }
}

function describe(cell) {
  const { position, duty } = at(cell);
  const key = keyAt(cell);
  const word = (value) => (value ? letters[value.letter] : say.empty);
  const text = `${position.dataset.name}, ${duty.dataset.name}: ${word(now(key))}`;
  return edits.has(key) ? `${text}, ${say.unsaved.replace('{before}', word(stored.get(key)))}` : text;
}

/** Put values ({key: cell or null}) into the matrix as one step that undo takes back. */
function put(values) {
  const step = new Map();
  for (const [key, value] of values) {
    const position = key.split(' ')[0];
    if (!mine.has(position) || alike(now(key), value)) continue;
    step.set(key, edits.has(key) ? edits.get(key) : undefined);
    set(key, value);
  }
  if (!step.size) return false;
  past.push(step);
  panel.changed();
  return true;
}

function set(key, value) {
  if (value === undefined || alike(value, stored.get(key))) edits.delete(key);
  else edits.set(key, value);
  const cell = places.get(key);
  if (cell) paint(cell);
}

function undo() {
  const step = past.pop();
  if (!step) return;
  for (const [key, value] of step) set(key, value);
  panel.changed();
}

function back(key) {
  put([[key, stored.get(key) ?? null]]);
  focus(places.get(key));
}

function discard() {
  for (const key of [...edits.keys()]) set(key, undefined);
  past.length = 0;
  panel.changed();
}

function focus(cell) {
  if (!cell) return;
  if (current) current.tabIndex = -1;
  current = cell;
  cell.tabIndex = 0;
  cell.focus({ preventScroll: true });
  cell.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** The next shown cell in a direction, or none. */
function next(cell, down, right) {
  let found = cell;
  do {
    if (right) found = right > 0 ? found.nextElementSibling : found.previousElementSibling;
    else found = lines[lines.indexOf(found.parentElement) + down]?.cells[found.cellIndex];
  } while (found && found.tagName === 'TD' && !found.offsetParent);
  return found?.tagName === 'TD' ? found : null;
}

function copyOf(position) {
  const found = new Map();
  for (const key of places.keys()) {
    const [code, duty] = key.split(' ');
    if (code === position) found.set(duty, now(key));
  }
  return found;
}

function paste(position, source) {
  if (source) put([...source].map(([duty, value]) => [keyOf(position, duty), value]));
}

const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function onKey(event) {
  const cell = event.target.closest('td');
  if (!cell || !places.has(keyAt(cell)) || event.isComposing || event.altKey) return;
  const position = at(cell).position.dataset.code;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  let done = true;
  if (event.ctrlKey || event.metaKey) {
    if (key === 'Z') undo();
    else if (key === 'C') {
      copied = copyOf(position);
      panel.tell(say.copied.replace('{name}', at(cell).position.dataset.name));
    } else if (key === 'V') paste(position, copied);
    else done = false;
  } else if (steps[key]) focus(next(cell, ...steps[key]));
  else if (key === 'Enter' || key === 'F2') openCell(cell);
  else if (letters[key] || key === 'Delete' || key === 'Backspace') {
    if (mine.has(position)) {
      put([[keyAt(cell), letters[key] ? { letter: key, rows: null, field_levels: null } : null]]);
      panel.tell(describe(cell));
    } else panel.tell(say.theirs);
  } else done = false;
  if (!done) return;
  event.preventDefault();
  event.stopPropagation();
}

const dialog = document.querySelector('[data-cell-dialog]');
const form = dialog.querySelector('form');

function openCell(cell) {
  const { position, duty } = at(cell);
  if (!mine.has(position.dataset.code)) {
    panel.tell(say.theirs);
    return;
  }
  focus(cell);
  const value = now(keyAt(cell));
  dialog.querySelector('[data-cell-title]').textContent = `${position.dataset.name} · ${duty.dataset.name}`;
  form.elements.letter.value = value?.letter || '';
  form.elements.rows.value = value?.rows || '';
  const levels = dialog.querySelector('[data-cell-levels]');
  levels.replaceChildren(...(groups[duty.dataset.code] || []).map((group, index) => {
    const field = dialog.querySelector('[data-level]').content.firstElementChild.cloneNode(true);
    const [label, select] = [field.querySelector('label'), field.querySelector('select')];
    label.textContent = group.label;
    label.htmlFor = select.id = `cell-level-${index}`;
    select.dataset.group = group.key;
    select.value = value?.field_levels?.[group.key] || '';
    return field;
  }));
  dialog.returnValue = '';
  dialog.showModal();
}

dialog.addEventListener('close', () => {
  if (dialog.returnValue === 'apply' && current) {
    const levels = Object.fromEntries([...dialog.querySelectorAll('[data-group]')]
      .filter((select) => select.value).map((select) => [select.dataset.group, select.value]));
    const letter = form.elements.letter.value;
    const value = { letter, rows: form.elements.rows.value || null, field_levels: Object.keys(levels).length ? levels : null };
    put([[keyAt(current), letter ? value : null]]);
  }
  current?.focus();
});

const copying = document.querySelector('[data-copy-dialog]');
document.querySelector('[data-copy-open]').addEventListener('click', () => {
  dialog.close('');
  copying.querySelector('[data-copy-to]').textContent = say.onto.replace('{name}', at(current).position.dataset.name);
  copying.returnValue = '';
  copying.showModal();
});
copying.addEventListener('close', () => {
  const from = copying.querySelector('select').value;
  if (copying.returnValue === 'apply' && current) paste(at(current).position.dataset.code, copyOf(from));
  current?.focus();
});

/** Take the cells as they stand on the server; edits stay, and have seen them. */
async function load() {
  const answer = await fetch(JSON.parse(table.dataset.urls).data, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(String(answer.status));
  const data = await answer.json();
  // At first the page itself says what stands there, all but a cell's own reach and levels.
  const before = stored.size ? new Map(stored) : new Map(data.cells.filter((each) => !each.cell.rows && !each.cell.field_levels)
    .filter((each) => places.get(keyOf(each.position, each.duty))?.textContent === each.cell.letter)
    .map((each) => [keyOf(each.position, each.duty), each.cell]));
  stored.clear();
  for (const each of data.cells) stored.set(keyOf(each.position, each.duty), each.cell);
  mine = new Set(data.editable);
  groups = data.groups;
  for (const [key, cell] of places) {
    if (edits.has(key) && alike(edits.get(key), stored.get(key))) edits.delete(key);
    if (edits.has(key) || !alike(before.get(key), stored.get(key))) paint(cell);
  }
}

function begin() {
  const codes = heads.map((head) => head.dataset.code);
  for (const line of lines) {
    const own = line.dataset.code;
    const cells = line.cells;
    codes.forEach((code, index) => places.set(turned ? keyOf(own, code) : keyOf(code, own), cells[index + 1]));
  }
  load().then(() => {
    for (const [key, cell] of places) if (!mine.has(key.split(' ')[0])) cell.classList.add('is-ro');
    table.setAttribute('role', 'grid');
    table.addEventListener('keydown', onKey);
    // A click on the cell that has the focus already opens it.
    let focused = null;
    table.addEventListener('pointerdown', () => { focused = document.activeElement; });
    table.addEventListener('click', (event) => {
      const cell = event.target.closest('td');
      if (!cell || !places.has(keyAt(cell))) return;
      if (focused === cell || window.matchMedia('(max-width: 767px)').matches) openCell(cell);
      else focus(cell);
    });
    panel = openPanel({ table, say, edits, stored, places, load, discard, undo, back });
    current = [...places.values()].find((cell) => !cell.classList.contains('is-ro') && cell.offsetParent) || null;
    if (current) current.tabIndex = 0;
    const pending = JSON.parse(table.dataset.pending);
    put(pending.map((each) => [keyOf(each.position, each.duty), each.cell]));
    if (edits.size) focus(places.get([...edits.keys()][0]));
    table.dataset.ready = '';
  });
}

begin();
