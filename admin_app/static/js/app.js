/**
 * Loaded on every page: keys, panels that close, messages that go, the sheet of keys. Menus and the off-canvas sidebar
 * are Bootstrap's (tabler.min.js). All words come from the page.
 */

const typing = (target) => target.closest('input:not([type=checkbox]), textarea, select, [contenteditable], .ts-wrapper');
const visible = (element) => element && element.offsetParent !== null;

/** Rows of the list in front, each with its link; j and k walk over them, x picks, e edits. */
function walk(step) {
  const links = [...document.querySelectorAll('[data-row] .db-row-link[href], [data-row] [data-pick]')]
    .filter((link) => link.matches('.db-row-link'));
  if (!links.length) return;
  const now = links.findIndex((link) => link.closest('[data-row]').contains(document.activeElement));
  const next = links[now < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, now + step))];
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
}

function currentRow() {
  return document.activeElement?.closest('[data-row]');
}

const keys = {
  '/': () => focusOn(document.querySelector('[data-find]')) || focusOn(document.querySelector('[data-search]')),
  c: () => press('[data-key="c"]'),
  e: () => follow(rowAddress(currentRow()?.querySelector('[data-row-menu*="e"]'), 'e')) || press('[data-key="e"]'),
  j: () => walk(1),
  k: () => walk(-1),
  x: () => currentRow()?.querySelector('[data-pick]')?.click(),
  '?': openKeys,
};

function focusOn(input) {
  if (!visible(input)) return false;
  input.focus();
  input.select();
  return true;
}

function press(selector) {
  const found = document.querySelector(selector);
  if (visible(found)) found.click();
}

function follow(address) {
  if (!address) return false;
  window.location.assign(address);
  return true;
}

/** Where the menu button of a list's row leads to: o(pen), e(dit) or d(elete) its record; null without a button. */
export function rowAddress(button, way) {
  if (!button) return null;
  const link = button.closest('[data-row]').querySelector('.db-row-link');
  const { edit, delete: remove } = button.closest('[data-sheet]').querySelector('[data-row-menus]').dataset;
  return way === 'o' ? link.href : (way === 'e' ? edit : remove) + new URL(link.href).search;
}

function openKeys() {
  const sheet = document.getElementById('keys');
  if (sheet && !sheet.open) sheet.showModal();
}

function closePanels(except = null) {
  for (const panel of document.querySelectorAll('[data-pop][open]')) {
    if (panel === except || panel.contains(except)) continue;
    panel.open = false;
  }
}

document.addEventListener('keydown', (event) => {
  if (event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
    if (focusOn(document.querySelector('[data-search]'))) event.preventDefault();
    return;
  }
  if (event.key === 'Escape') {
    const open = event.target.closest?.('[data-pop][open]');
    if (open && !event.target.closest('.dropdown-active')) {
      open.open = false;
      open.querySelector('summary').focus();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]')) return;
  const action = keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener('click', (event) => {
  closePanels(event.target);
  const dismiss = event.target.closest('[data-dismiss]');
  if (dismiss) dismiss.closest('.db-flash').remove();
  if (event.target.closest('[data-keys]')) {
    closePanels();
    openKeys();
  }
});

/* Bootstrap makes a dialog of the sidebar while it lies over the page; only then may, and must, it have a name. */
const side = document.getElementById('side');
side?.addEventListener('show.bs.offcanvas', () => side.setAttribute('aria-label', side.dataset.name));
side?.addEventListener('hidden.bs.offcanvas', () => side.removeAttribute('aria-label'));

for (const button of document.querySelectorAll('[data-dismiss], [data-keys]')) button.hidden = false;
