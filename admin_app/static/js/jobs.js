/** Jobs: asks how far they are while one is open, and loads the page again when one ended. */

const EVERY = 1500; // milliseconds
const list = document.querySelector('[data-jobs]');

async function look() {
  const answer = await fetch(list.dataset.jobs, { headers: { Accept: 'application/json' } });
  if (!answer.ok) return;
  let left = false;
  let ended = false;
  for (const job of (await answer.json()).jobs) {
    const row = list.querySelector(`[data-job="${job.id}"][data-open]`);
    if (!row) continue;
    if (!job.open) {
      ended = true;
      continue;
    }
    left = true;
    row.querySelector('[data-state]').textContent = job.state_label;
    row.querySelector('[data-progress]').textContent = job.progress ? ` · ${job.progress}` : '';
    const bar = row.querySelector('progress');
    if (bar) {
      bar.max = job.total;
      bar.value = job.done;
    }
  }
  if (ended) location.reload();
  else if (left) setTimeout(look, EVERY);
}

if (list?.querySelector('[data-open]')) setTimeout(look, EVERY);
