/** A record's form: lookup fields, a guard against leaving with unsaved changes, Ctrl/Cmd+Enter saves. */

import { lookup } from './lookup.js';

const form = document.querySelector('[data-form]');

for (const select of document.querySelectorAll('select[data-lookup]')) lookup(select);

if (form) {
  const note = form.querySelector('[data-dirty-note]');
  let sending = false;

  const fingerprint = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value instanceof File ? `${value.name}/${value.size}` : value]));
  const before = fingerprint();
  const refused = form.hasAttribute('data-dirty');
  const dirty = () => refused || fingerprint() !== before;

  const show = () => {
    const unsaved = dirty();
    document.body.classList.toggle('has-dirty', unsaved);
    note.textContent = unsaved ? note.dataset.text : '';
  };

  // Whoever goes on typing in a field that both changed means to keep their own.
  form.addEventListener('input', ({ target }) => {
    const mine = target.closest('.db-merging')?.querySelector('[data-merge] input[value=mine]');
    if (mine && !target.closest('[data-merge]')) mine.checked = true;
  });
  form.addEventListener('input', show);
  form.addEventListener('change', show);
  form.addEventListener('submit', (event) => {
    if (sending) {
      event.preventDefault(); // a second click must not save twice
      return;
    }
    sending = true;
  });
  window.addEventListener('pageshow', () => { sending = false; });
  window.addEventListener('beforeunload', (event) => {
    if (!sending && dirty()) event.preventDefault();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector('[data-save]'));
  });
  show();
}

/* After a refused save the summary is where one reads on; its links go into the field, past Tom Select's hidden select. */
const summary = document.querySelector('[data-summary]');
summary?.focus();
document.addEventListener('click', (event) => {
  const link = event.target.closest('[data-summary] a[href^="#"]');
  const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return;
  event.preventDefault();
  if (field.tomselect) field.tomselect.focus();
  else field.focus();
  field.closest('.db-field')?.scrollIntoView({ block: 'center' });
});
