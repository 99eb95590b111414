// [data-mask]: boxes are dragged over a photo in place of the grid to tick. Boxes are thousandths of the sides.
export function start(el) {
  if (!self.PointerEvent) return; // the grid stays
  const area = el.querySelector('.mask-in'), undo = el.querySelector('button'), made = [];
  el.querySelector('.hint').textContent = el.dataset.mask;
  area.classList.add('is-drag');
  Array.from(area.querySelectorAll('input')).forEach(i => i.parentNode.remove());
  undo.hidden = false;
  let from, box;
  const at = e => {
    const r = area.getBoundingClientRect(), f = (v, a, b) => Math.round(Math.max(0, Math.min(1, (v - a) / b)) * 1000);
    return [f(e.clientX, r.left, r.width), f(e.clientY, r.top, r.height)];
  };
  const span = p => [Math.min(from[0], p[0]), Math.min(from[1], p[1]), Math.abs(from[0] - p[0]), Math.abs(from[1] - p[1])];
  const lay = p => ['left', 'top', 'width', 'height'].forEach((k, i) => { box.style[k] = span(p)[i] / 10 + '%'; });
  area.addEventListener('pointerdown', e => {
    e.preventDefault();
    area.setPointerCapture(e.pointerId);
    from = at(e);
    box = area.appendChild(document.createElement('span'));
    lay(from);
  });
  area.addEventListener('pointermove', e => { if (box) lay(at(e)); });
  area.addEventListener('pointerup', e => {
    if (!box) return;
    const s = span(at(e));
    if (s[2] < 8 || s[3] < 8) box.remove(); // a slip of the finger
    else {
      made.push(box);
      box.appendChild(Object.assign(document.createElement('input'), { type: 'hidden', name: 'box', value: s.join() }));
    }
    box = null;
  });
  area.addEventListener('pointercancel', () => { if (box) box.remove(); box = null; });
  undo.addEventListener('click', () => { const b = made.pop(); if (b) b.remove(); });
}
