/**
 * The panel beside the matrix: asks what the unsaved changes would do, shows it, and saves them, or asks the next one
 * up for those that are beyond the reader. All sentences come from the server.
 */

const WAIT = 350;

/** Make the panel work on the matrix that `grid` holds; returns {changed, tell}. */
export function openPanel(grid) {
  const { table, say, edits, stored, places } = grid;
  const urls = JSON.parse(table.dataset.urls);
  const find = (name) => document.querySelector(`[data-${name}]`);
  const panel = find('panel');
  const [impact, reason, problem, save, ask, dock] = ['impact', 'reason', 'problem', 'save', 'ask', 'dock'].map(find);
  let timer = 0;
  let asked = 0;
  let refused = [];
  let leaving = false;

  const send = async (url, body) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': table.dataset.token },
      body: JSON.stringify(body),
    });
    const data = await answer.json().catch(() => ({}));
    return { ok: answer.ok, status: answer.status, data };
  };

  const documents = (keep = () => true) => [...edits].filter(([key]) => keep(key)).map(([key, cell]) => {
    const [position, duty] = key.split(' ');
    return { position, duty, cell, seen: stored.get(key) ?? null };
  });

  const complain = (text) => {
    problem.textContent = text || '';
    problem.hidden = !text;
  };

  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };

  const side = (found, gain) => {
    if (!found.people) return [];
    const section = element('section', '', 'db-imp');
    section.append(element('h3', found.heading, gain ? 'is-gain' : 'is-loss'));
    for (const effect of found.effects) {
      const text = element('p', effect.text);
      if (effect.records) {
        const count = element(effect.url ? 'a' : 'span', ` (${effect.records})`);
        if (effect.url) count.href = effect.url;
        text.append(count);
      }
      const who = element('p', '', 'db-who');
      for (const initial of effect.initials) {
        const avatar = element('span', initial, 'db-avatar');
        avatar.setAttribute('aria-hidden', 'true');
        who.append(avatar);
      }
      who.append(element('span', effect.who));
      if (effect.keeping) who.append(element('span', effect.keeping, 'db-muted'));
      const parts = effect.parts ? [element('p', effect.parts, 'db-muted')] : [];
      section.append(text, ...parts, who, ...effect.because.map((each) => element('p', each, 'db-because')));
    }
    return [section];
  };

  const alert = (title, sentences, tone, remedy = () => []) => {
    if (!sentences.length) return [];
    const section = element('section', '', `db-alert is-${tone}`);
    const list = element('ul');
    list.append(...sentences.map((each, index) => {
      const item = element('li', each);
      item.append(...remedy(index));
      return item;
    }));
    section.append(element('h3', title), list);
    return [section];
  };

  const putBack = (index) => {
    const button = element('button', say.back, 'db-link');
    button.type = 'button';
    button.addEventListener('click', () => grid.back(`${refused[index].position} ${refused[index].duty}`));
    return [...refused[index].rules.flatMap((url) => {
      const link = element('a', say.rule, 'db-link');
      link.href = url;
      return [link, ' '];
    }), button];
  };

  const show = (found) => {
    refused = found.refused;
    for (const each of refused) {
      const cell = places.get(`${each.position} ${each.duty}`);
      cell?.classList.add('is-refused');
    }
    const nothing = !found.gains.people && !found.losses.people && !refused.length;
    impact.replaceChildren(
      ...side(found.gains, true),
      ...side(found.losses, false),
      ...(nothing ? [element('p', say.nobody, 'db-imp')] : []),
      ...alert(say.owners, found.owners, 'warn'),
      ...alert(found.refused_title, refused.map((each) => each.text), 'bad', putBack),
    );
    save.textContent = found.save;
    save.disabled = found.allowed === 0;
    ask.hidden = !found.ask;
    ask.textContent = found.ask || '';
    find('sum').textContent = found.sum;
  };

  const preview = async () => {
    const mine = (asked += 1);
    impact.setAttribute('aria-busy', 'true');
    const answer = await send(urls.preview, { edits: documents() });
    if (mine !== asked) return;
    impact.removeAttribute('aria-busy');
    if (answer.ok) {
      complain('');
      show(answer.data);
    } else await stale(answer);
  };

  // Somebody else was quicker: what was typed stays, and is put on what stands there now.
  const stale = async (answer) => {
    complain(answer.data.detail || say.failed);
    if (answer.status !== 409) return;
    await grid.load();
    if (edits.size) {
      const again = await send(urls.preview, { edits: documents() });
      if (again.ok) show(again.data);
    } else changed();
  };

  const finish = async (url, body) => {
    if (!reason.value.trim()) {
      complain(say.reason);
      reason.focus();
      return;
    }
    save.disabled = ask.disabled = true;
    const answer = await send(url, { ...body, reason: reason.value });
    save.disabled = ask.disabled = false;
    if (answer.ok) {
      leaving = true;
      window.location.assign(urls.page + window.location.search);
    } else await stale(answer);
  };

  const isRefused = (key) => refused.some((each) => `${each.position} ${each.duty}` === key);

  function changed() {
    const count = edits.size;
    panel.hidden = dock.hidden = count === 0;
    document.querySelector('[data-matrix-split]').classList.toggle('has-panel', count > 0);
    document.body.classList.toggle('has-dirty', count > 0);
    for (const each of document.querySelectorAll('[data-unsaved]')) each.textContent = say.count.replace('{count}', count);
    window.clearTimeout(timer);
    if (count) timer = window.setTimeout(preview, WAIT);
    else {
      asked += 1;
      panel.classList.remove('is-open');
      complain('');
    }
  }

  const tell = (text) => { find('say-now').textContent = text; };

  save.addEventListener('click', () => finish(urls.save, { edits: documents((key) => !isRefused(key)) }));
  ask.addEventListener('click', () => finish(urls.request, { edits: documents(isRefused) }));
  find('discard').addEventListener('click', grid.discard);
  find('undo').addEventListener('click', grid.undo);
  find('panel-open').addEventListener('click', () => panel.classList.add('is-open'));
  find('panel-close').addEventListener('click', () => panel.classList.remove('is-open'));
  reason.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save.click();
  });
  window.addEventListener('beforeunload', (event) => {
    if (edits.size && !leaving) event.preventDefault();
  });
  return { changed, tell };
}
