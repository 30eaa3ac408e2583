/** What was typed into a form whose record is gone: copied by a click. */

for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    const area = document.getElementById(button.dataset.copy);
    area.select();
    try {
      await navigator.clipboard.writeText(area.value);
    } catch {
      document.execCommand('copy'); // without HTTPS there is no clipboard
    }
    button.querySelector('span').textContent = button.dataset.done;
  });
}
