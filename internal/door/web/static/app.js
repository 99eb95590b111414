// Small helpers, each hung on an attribute; without them every page still works. Words come from the page (data-*).
// Written for Chrome 64 and Safari 12: no ?. and no ??.
const all = (s, r) => Array.from((r || document).querySelectorAll(s));
const fill = (s, n) => (s || '').replace(/\{n\}/, n);
const store = { // storage may be full, shut off, or forbidden
  get(k) { try { return JSON.parse(localStorage.getItem(k)) || {}; } catch (e) { return {}; } },
  put(k, v) { try { localStorage.setItem(k, JSON.stringify(v)); } catch (e) {} },
  drop(k) { try { localStorage.removeItem(k); } catch (e) {} },
};

// Answers to change: focus on the summary; its links go to the label first, so that the question is seen.
all('.errs').forEach(box => {
  box.focus();
  all('a', box).forEach(a => a.addEventListener('click', e => {
    const el = document.getElementById(a.hash.slice(1));
    if (!el) return;
    e.preventDefault();
    (el.closest('.field') || el).scrollIntoView();
    el.focus({ preventScroll: true });
  }));
});

// [data-count]: characters as people count them, not bytes.
all('[data-count]').forEach(t => {
  const out = t.parentNode.querySelector('.count'), max = +t.dataset.count;
  if (!out) return;
  const show = () => {
    const n = Array.from(t.value.trim()).length, over = n > max;
    out.classList.toggle('is-over', over);
    out.textContent = over ? fill(t.dataset.over, n - max) : n > max * .8 ? fill(t.dataset.left, max - n) : n ? fill(t.dataset.said, n) : '';
  };
  t.addEventListener('input', show);
  show();
});

// Photos of a draft, in IndexedDB where there is one; a week at most.
const shelf = (mode, work) => new Promise((done, fail) => {
  const q = indexedDB.open('linli', 1);
  q.onupgradeneeded = () => q.result.createObjectStore('photos');
  q.onerror = fail;
  q.onsuccess = () => {
    const t = q.result.transaction('photos', mode), r = work(t.objectStore('photos'));
    t.oncomplete = () => { q.result.close(); done(r.result); };
    t.onerror = t.onabort = fail;
  };
});
const album = {
  get: k => shelf('readonly', s => s.get(k)).then(o => o && Date.now() - o.at < 6048e5 ? o.files : []).catch(() => []),
  put: (k, files) => shelf('readwrite', s => s.put({ at: Date.now(), files: files }, k)).catch(() => {}),
  drop: k => shelf('readwrite', s => s.delete(k)).catch(() => {}),
};
const place = (i, files) => {
  const d = new DataTransfer();
  files.forEach(f => d.items.add(f));
  i.files = d.files;
};

// form[data-draft]: kept on this device until it was received; never what names a person.
const secret = el => el.dataset.private !== undefined || /^(tel|email|password|hidden|file|submit|image)$/.test(el.type);
all('form[data-draft]').forEach(f => {
  const key = 'draft:' + f.dataset.draft, old = store.get(key);
  Array.from(f.elements).forEach(el => {
    if (!el.name || secret(el) || old[el.name] === undefined) return;
    if (el.type === 'radio' || el.type === 'checkbox') {
      if (!all('input:checked', f).some(x => x.name === el.name)) el.checked = [].concat(old[el.name]).indexOf(el.value) >= 0;
    } else if (!el.value) {
      el.value = old[el.name];
      el.dispatchEvent(new Event('input'));
    }
  });
  let wait;
  f.addEventListener('input', () => {
    clearTimeout(wait);
    wait = setTimeout(() => {
      const o = store.get(key);
      Array.from(f.elements).forEach(el => {
        if (!el.name || secret(el)) return;
        if (el.type === 'radio') { if (el.checked) o[el.name] = el.value; }
        else if (el.type === 'checkbox') o[el.name] = all('input:checked', f).filter(x => x.name === el.name).map(x => x.value);
        else o[el.name] = el.value;
      });
      store.put(key, o);
    }, 300);
  });
});
all('[data-draft-done]').forEach(el => {
  store.drop('draft:' + el.dataset.draftDone);
  album.drop('draft:' + el.dataset.draftDone);
});
// [data-wipe]: phones are shared; nothing of ours stays.
all('[data-wipe]').forEach(b => {
  b.hidden = false;
  b.addEventListener('click', () => {
    try { localStorage.clear(); indexedDB.deleteDatabase('linli'); } catch (e) {}
    if (self.caches) caches.keys().then(ks => ks.forEach(k => caches.delete(k)));
    say(b.dataset.wipe);
  });
});

function say(s) { document.getElementById('said').textContent = s || ''; }

// form[data-once]: a second tap while the first is on its way sends nothing.
all('form[data-once]').forEach(f => {
  let sent = 0;
  f.addEventListener('submit', e => {
    if (Date.now() - sent < 5000) e.preventDefault();
    else sent = Date.now();
  });
  addEventListener('pageshow', () => { sent = 0; });
});

// [data-geo]: "where I am", only where it can work. The place goes into the form, never into the address.
all('[data-geo]').forEach(b => {
  if (!navigator.geolocation || !isSecureContext) return;
  const f = b.form, out = document.getElementById(b.dataset.geo);
  const put = (name, v) => {
    let el = f.elements[name];
    if (!el) {
      el = document.createElement('input');
      el.type = 'hidden';
      el.name = name;
      f.append(el);
    }
    el.value = v;
  };
  const tell = s => { if (out) out.textContent = s; };
  b.hidden = false;
  b.addEventListener('click', e => {
    e.preventDefault();
    b.setAttribute('aria-busy', 'true');
    tell(b.dataset.wait);
    navigator.geolocation.getCurrentPosition(p => {
      put('lat', p.coords.latitude.toFixed(6));
      put('lon', p.coords.longitude.toFixed(6));
      put('acc', Math.round(p.coords.accuracy));
      put('geo', '1');
      f.submit();
    }, err => {
      b.removeAttribute('aria-busy');
      tell(err.code === 1 ? b.dataset.denied : b.dataset.failed);
    }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
  });
});

// input[data-photo]: pictures are made small on the phone, and shown before they are sent. Those of a draft
// are put back after a reload, unless they were sent already (fields called photos).
all('input[data-photo]').forEach(i => {
  const f = i.form, key = f && f.dataset.draft && self.DataTransfer ? 'draft:' + f.dataset.draft : '';
  const sent = () => f.querySelector('[name=photos]');
  const keep = small => key && (sent() ? album.get(key) : Promise.resolve([])).then(old => album.put(key, old.concat(small).slice(-i.dataset.photo)));
  i.addEventListener('change', () => chosen(i, keep));
  if (!key) return;
  all('[name=drop]', f).forEach(b => b.addEventListener('click', () => album.drop(key)));
  if (!sent()) album.get(key).then(old => {
    if (!old.length || i.files.length) return;
    place(i, old);
    chosen(i, () => {});
  });
});

function chosen(i, keep) {
  const box = i.closest('.drop'), out = box.querySelector('[role=status]'), shown = box.querySelector('.photos'), max = +i.dataset.photo;
  const files = Array.from(i.files);
  shown.textContent = '';
  out.textContent = files.length > max ? fill(i.dataset.many, max) : '';
  files.slice(0, max).forEach((f, n) => {
    const img = new Image();
    img.alt = fill(i.dataset.alt, n + 1);
    img.src = URL.createObjectURL(f);
    shown.append(img);
  });
  if (!self.createImageBitmap || !self.DataTransfer) return;
  Promise.all(files.slice(0, max).map(shrink)).then(small => {
    keep(small);
    if (small.every((f, n) => f === files[n]) && small.length === files.length) return;
    place(i, small);
    if (files.length <= max) out.textContent = fill(i.dataset.small, Math.round(small.reduce((n, f) => n + f.size, 0) / 1024));
  }).catch(() => {});
}

async function shrink(f) {
  if (f.size < 4e5) return f;
  const b = await createImageBitmap(f, { imageOrientation: 'from-image' });
  const k = Math.min(1, 1600 / Math.max(b.width, b.height)), c = document.createElement('canvas');
  c.width = Math.round(b.width * k);
  c.height = Math.round(b.height * k);
  c.getContext('2d').drawImage(b, 0, 0, c.width, c.height);
  const small = await new Promise(done => c.toBlob(done, 'image/jpeg', .82));
  return small && small.size < f.size ? new File([small], 'photo.jpg', { type: 'image/jpeg' }) : f;
}

// No network: said once, above the page, and taken back.
const net = document.getElementById('net');
if (net) {
  const tell = (s, gone) => { net.textContent = s; net.hidden = !!gone; };
  addEventListener('offline', () => tell(net.dataset.off));
  addEventListener('online', () => tell(net.dataset.on));
  if (navigator.onLine === false) tell(net.dataset.off);
}

// [data-copy="id"], [data-print]: buttons that need script show themselves.
all('[data-copy]').forEach(b => {
  if (!navigator.clipboard) return;
  b.hidden = false;
  b.addEventListener('click', () => {
    const el = document.getElementById(b.dataset.copy);
    navigator.clipboard.writeText(el.href || el.value || el.textContent).then(() => say(b.dataset.done));
  });
});
all('[data-print]').forEach(b => { b.hidden = false; b.addEventListener('click', () => print()); });

// A menu shuts when one looks elsewhere.
addEventListener('click', e => all('details.menu[open]').forEach(d => { if (!d.contains(e.target)) d.open = false; }));
addEventListener('keydown', e => { if (e.key === 'Escape') all('details.menu[open]').forEach(d => { d.open = false; d.firstElementChild.focus(); }); });

// [data-map]: a library's worth of script only when a map comes near the window.
const maps = all('[data-map]'), open = el => import('./map.js').then(m => m.start(el)).catch(() => {});
if (maps.length) {
  if (self.IntersectionObserver) {
    const seen = new IntersectionObserver(es => es.forEach(e => {
      if (!e.isIntersecting) return;
      seen.unobserve(e.target);
      open(e.target);
    }), { rootMargin: '100px' });
    maps.forEach(m => seen.observe(m));
  } else maps.forEach(open);
}

const masks = all('[data-mask]');
if (masks.length) import('./mask.js').then(m => masks.forEach(m.start)).catch(() => {});

if (navigator.serviceWorker && isSecureContext) addEventListener('load', () => navigator.serviceWorker.register('/sw.js').catch(() => {}));
