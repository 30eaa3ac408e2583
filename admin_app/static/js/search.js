/**
 * The box on top: suggests as one types, over everything that one may open. Arrows walk, Enter opens what is marked
 * or else the page of all that is found, Esc closes. All words come from the server.
 */

const box = document.querySelector('[data-suggest]');
if (box) suggest(box, document.getElementById('suggestions'), document.getElementById('suggestions-said'));

function suggest(input, list, said) {
  let asked = '';
  let timer = 0;
  let running = null;

  const options = () => [...list.querySelectorAll('[role=option]')];
  const marked = () => list.querySelector('[aria-selected=true]');

  function close() {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function mark(option) {
    marked()?.setAttribute('aria-selected', 'false');
    if (!option) return input.removeAttribute('aria-activedescendant');
    option.setAttribute('aria-selected', 'true');
    option.scrollIntoView({ block: 'nearest' });
    return input.setAttribute('aria-activedescendant', option.id);
  }

  function entry(hit, number) {
    const link = document.createElement('a');
    link.href = hit.url;
    link.id = `suggestion-${number}`;
    link.tabIndex = -1;
    link.setAttribute('role', 'option');
    link.setAttribute('aria-selected', 'false');
    link.append(text('b', hit.label));
    if (hit.code) link.append(text('span', hit.code));
    return link;
  }

  function text(name, words, style = '') {
    const element = document.createElement(name);
    element.textContent = words;
    if (style) element.className = style;
    return element;
  }

  function show(answer) {
    let number = 0;
    const parts = answer.groups.map((group, place) => {
      const part = document.createElement('div');
      const head = text('div', '', 'db-suggest-group');
      head.id = `suggestions-${place}`;
      head.append(text('span', group.label), text('span', group.count));
      part.setAttribute('role', 'group');
      part.setAttribute('aria-labelledby', head.id);
      part.append(head, ...group.hits.map((hit) => entry(hit, number++)));
      return part;
    });
    const nothing = text('p', answer.said, 'db-suggest-none');
    nothing.setAttribute('role', 'presentation');
    list.replaceChildren(...(parts.length ? parts : [nothing]));
    said.textContent = answer.said;
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    input.removeAttribute('aria-activedescendant');
  }

  async function ask() {
    const words = input.value.trim();
    if (words === asked) return;
    asked = words;
    running?.abort();
    if (!words) return close();
    running = new AbortController();
    try {
      const address = new URL(input.dataset.suggest, window.location.href);
      address.searchParams.set('q', words);
      const answer = await fetch(address, { signal: running.signal, headers: { Accept: 'application/json' } });
      if (answer.ok && !answer.redirected) show(await answer.json());
    } catch (error) {
      if (error.name !== 'AbortError') close();
    }
  }

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  input.addEventListener('keydown', (event) => {
    if (event.isComposing || list.hidden) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const all = options();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const place = all.indexOf(marked());
      mark(all[place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step]);
    } else if (event.key === 'Enter' && marked()) {
      marked().click();
    } else if (event.key === 'Escape') {
      close();
    } else return;
    event.preventDefault();
  });
  document.addEventListener('click', (event) => {
    if (!event.target.closest('.db-search')) close();
  });
  input.closest('form').addEventListener('focusout', (event) => {
    if (!event.relatedTarget?.closest('.db-search')) setTimeout(close, 150);
  });
}
