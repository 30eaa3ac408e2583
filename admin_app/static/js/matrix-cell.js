/** An address may name a cell of the matrix, `#POSITION-DUTY` by their codes: it is framed and brought into view. */

const table = document.querySelector('[data-matrix]');
const picker = document.querySelector('[data-matrix-position]');

const named = () => {
  try {
    return decodeURIComponent(window.location.hash.slice(1));
  } catch {
    return '';
  }
};

/** The cell, and the code of its position, whichever way the matrix is turned. */
const find = (name) => {
  const turned = table.classList.contains('is-turned');
  const lines = new Map([...table.querySelectorAll('[data-line]')].map((line) => [line.dataset.code, line]));
  for (const [index, head] of [...table.querySelectorAll('[data-column]')].entries()) {
    const { code } = head.dataset;
    const other = turned ? name.slice(0, -code.length - 1) : name.slice(code.length + 1);
    const line = lines.get(other);
    if (line && name === (turned ? `${other}-${code}` : `${code}-${other}`)) {
      return { cell: line.cells[index + 1], position: turned ? other : code };
    }
  }
  return null;
};

const found = table && named() ? find(named()) : null;
if (found) {
  if (picker) {
    picker.value = found.position;
    picker.dispatchEvent(new Event('change', { bubbles: true }));
  }
  found.cell.classList.add('is-target');
  found.cell.scrollIntoView({ block: 'center', inline: 'center' });
}
