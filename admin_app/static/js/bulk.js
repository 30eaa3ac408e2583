/** A bulk change: in its form, a field shows its input once it is chosen; its preview ends the picking. */

for (const box of document.querySelectorAll('[data-choose]')) {
  const part = box.closest('.db-choosing').querySelector('[data-chosen]');
  const show = () => {
    part.hidden = !box.checked;
  };
  box.addEventListener('change', () => {
    show();
    if (box.checked) part.querySelector('input, select, textarea')?.focus();
  });
  show();
}

// What was picked has been dealt with once its change is applied.
document.querySelector('[data-bulk-apply]')?.addEventListener('submit', () => {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith('picked:')) sessionStorage.removeItem(key);
});
