// The bar of debug mode: a click on "Plan" asks the database how it answers that statement.
const bar = document.querySelector('[data-debug]');

bar?.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-plan]');
  if (!button) return;
  const place = button.closest('li').lastElementChild;
  if (!place.textContent) {
    const answer = await fetch(bar.dataset.debug.replace(/0$/, button.dataset.plan), { headers: { Accept: 'application/json' } });
    const lines = answer.ok ? await answer.json() : [];
    place.textContent = lines.length ? lines.join('\n') : bar.dataset.failed;
  }
  place.hidden = !place.hidden;
  button.setAttribute('aria-expanded', String(!place.hidden));
});
