/** Picking rows for a bulk change: on this page, across pages, or all that match without some. */

const LOOKS = ['sort', 'cols', 'size', 'after', 'before', 'end', 'exact', 'at'];
const PREFIX = 'picked:';

/** The rows that were picked are remembered per list and filter, while the window is open. */
function memory(address) {
  const url = new URL(address, location.href);
  for (const name of LOOKS) url.searchParams.delete(name);
  const key = PREFIX + url.pathname + url.search;
  return {
    read() {
      try {
        const kept = JSON.parse(sessionStorage.getItem(key));
        return { all: Boolean(kept.all), ids: new Set(kept.ids) };
      } catch {
        return { all: false, ids: new Set() };
      }
    },
    write({ all, ids }) {
      if (!all && ids.size === 0) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify({ all, ids: [...ids] }));
    },
  };
}

for (const sheet of document.querySelectorAll('[data-sheet]')) {
  const bar = sheet.querySelector('[data-picker]');
  if (!bar) continue;
  const every = sheet.querySelector('[data-pick-all]');
  const boxes = [...sheet.querySelectorAll('[data-pick]')];
  const text = bar.querySelector('[data-picker-text]');
  const more = bar.querySelector('[data-picker-more]');
  const mark = bar.querySelector('[data-picker-all]');
  const kept = memory(bar.dataset.picker);
  // With `all`, the ids are those that are left out.
  const state = kept.read();

  const show = () => {
    for (const box of boxes) {
      box.checked = state.ids.has(box.value) !== state.all;
      box.closest('tr').classList.toggle('is-picked', box.checked);
    }
    const here = boxes.filter((box) => box.checked).length;
    const number = state.ids.size;
    bar.hidden = !state.all && number === 0;
    if (state.all) {
      text.textContent = bar.dataset.allText + (number ? ` (${bar.dataset.but.replace('{n}', number)})` : '');
    } else {
      text.textContent = bar.dataset.text.replace('{n}', number);
      if (number > here) text.textContent += ` (${bar.dataset.elsewhere.replace('{n}', number - here)})`;
    }
    mark.value = state.all ? '1' : '';
    if (more) more.hidden = state.all || here < boxes.length;
    every.checked = here === boxes.length;
    every.indeterminate = here > 0 && here < boxes.length;
    every.classList.toggle('is-part', every.indeterminate);
    document.body.classList.toggle('has-selection', !bar.hidden);
    kept.write(state);
  };
  const set = (box, checked) => {
    if (checked !== state.all) state.ids.add(box.value);
    else state.ids.delete(box.value);
  };

  let last = null;
  for (const box of boxes) {
    box.addEventListener('click', (event) => {
      const { checked } = box;
      let range = [box];
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
        range = boxes.slice(from, to + 1);
      }
      for (const each of range) set(each, checked);
      last = box;
      show();
    });
  }
  every.addEventListener('change', () => {
    const { checked } = every;
    for (const box of boxes) set(box, checked);
    show();
  });
  more?.addEventListener('click', () => {
    state.all = true;
    state.ids.clear();
    show();
    bar.querySelector('[data-picker-clear]').focus();
  });
  bar.querySelector('[data-picker-clear]').addEventListener('click', () => {
    state.all = false;
    state.ids.clear();
    show();
    every.focus();
  });
  // What is picked elsewhere, or left out, has no box on this page.
  bar.addEventListener('submit', () => {
    for (const old of bar.querySelectorAll('[data-picked-elsewhere]')) old.remove();
    const shown = new Set(boxes.map((box) => box.value));
    const extra = state.all ? [...state.ids] : [...state.ids].filter((id) => !shown.has(id));
    for (const id of extra) {
      const input = document.createElement('input');
      Object.assign(input, { type: 'hidden', name: state.all ? 'but' : 'id', value: id });
      input.dataset.pickedElsewhere = '';
      bar.append(input);
    }
  });
  show();
}
