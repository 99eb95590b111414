// The shell and the last pages seen, for when there is no network. HASH is put in when this is served.
// Pages marked no-store (everything personal) are never kept.
const V = 'linli-HASH', S = '/static/HASH/', SHELL = [S + 'app.css', S + 'app.js', S + 'roofs.svg', '/offline'];
self.addEventListener('install', e => e.waitUntil(caches.open(V).then(c => c.addAll(SHELL)).then(() => self.skipWaiting())));
self.addEventListener('activate', e => e.waitUntil(caches.keys().then(ks => Promise.all(ks.filter(k => k !== V).map(k => caches.delete(k)))).then(() => self.clients.claim())));
const keep = (r, a) => {
  const c = a.clone();
  return caches.open(V).then(x => x.put(r, c)).then(() => a, () => a);
};
self.addEventListener('fetch', e => {
  const r = e.request, u = new URL(r.url);
  if (r.method !== 'GET' || u.origin !== location.origin) return;
  if (r.mode === 'navigate') {
    e.respondWith(fetch(r).then(a => a.ok && !a.redirected && !/no-store/.test(a.headers.get('Cache-Control') || '') ? keep(r, a) : a)
      .catch(() => caches.match(r).then(h => h || caches.match('/offline'))));
  } else if (/^\/(static|tiles)\//.test(u.pathname)) {
    e.respondWith(caches.match(r).then(h => h || fetch(r).then(a => a.ok ? keep(r, a) : a)));
  }
});
