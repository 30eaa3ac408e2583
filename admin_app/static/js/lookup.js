/**
 * Reference fields: `<select data-lookup="URL">` asks `URL&query=…` as one types and gets `[[key, label], …]` back.
 * Nothing is loaded before somebody opens the field, and never more than one page of answers.
 */

const PAUSE = 200; // ms without a key before the server is asked

/** Make a lookup of `select`. Words: data-none (nothing found), data-failed, data-clear. */
export function lookup(select) {
  const { lookup: url, none = '', failed = '', clear = '' } = select.dataset;
  const TomSelect = window.TomSelect;
  if (!TomSelect) return null;
  let latest = null;
  const box = new TomSelect(select, {
    valueField: 'key',
    labelField: 'label',
    searchField: [],
    sortField: [{ field: '$order' }],
    score: () => () => 1,
    maxOptions: null,
    allowEmptyOption: false,
    preload: 'focus',
    loadThrottle: PAUSE,
    shouldLoad: () => true,
    openOnFocus: true,
    selectOnTab: true,
    placeholder: select.getAttribute('placeholder') || '',
    plugins: select.required || select.dataset.required ? {} : { clear_button: { title: clear, html: () => clearButton(clear) } },
    render: {
      no_results: () => line('no-results', box.failed ? failed : none),
      option: (item) => line('option', item.label),
      item: (item) => line('item', item.label),
      loading: () => line('no-results', '…'),
      not_loading: null,
    },
    async load(query, done) {
      latest?.abort();
      const mine = (latest = new AbortController());
      try {
        const answer = await fetch(`${url}${url.includes('?') ? '&' : '?'}query=${encodeURIComponent(query)}`, {
          headers: { Accept: 'application/json' },
          signal: mine.signal,
        });
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        box.failed = false;
        dropOthers(box);
        done(found.map(([key, label]) => ({ key: String(key), label })));
      } catch (problem) {
        if (problem.name === 'AbortError') return;
        box.failed = true;
        dropOthers(box);
        done();
      }
    },
  });
  // Answers to an earlier question are not kept: another one typed the same words may have changed them.
  box.on('type', () => { box.loadedSearches = {}; });
  // Readers meet the box alone, not the select behind it.
  select.setAttribute('aria-hidden', 'true');
  box.control_input.setAttribute('aria-label', labelOf(select));
  for (const name of ['aria-describedby', 'aria-invalid']) {
    if (select.hasAttribute(name)) box.control_input.setAttribute(name, select.getAttribute(name));
  }
  return box;
}

function labelOf(select) {
  return (document.querySelector(`label[for="${CSS.escape(select.id)}"], label[for="${CSS.escape(select.id)}-ts-control"]`)?.firstElementChild?.textContent || select.getAttribute('aria-label') || '').trim();
}

function dropOthers(box) {
  box.clearOptions((option) => box.items.includes(String(option.key)));
}

function line(name, text) {
  const element = document.createElement('div');
  element.className = name;
  element.textContent = text;
  return element;
}

function clearButton(title) {
  const button = document.createElement('div');
  button.className = 'clear-button';
  button.title = title;
  button.textContent = '×';
  return button;
}
