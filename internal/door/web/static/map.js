// The only file that knows the map library: Leaflet 1.9 now, another later. The page has a picture already;
// this puts a map in its place, of the same size. Buttons stand under the map, never over a marker.
const base = new URL('vendor/leaflet/leaflet', import.meta.url).href;
const add = (tag, o) => new Promise((ok, no) => document.head.append(Object.assign(document.createElement(tag), o, { onload: ok, onerror: no })));
let lib;
const load = () => lib || (lib = Promise.all([add('link', { rel: 'stylesheet', href: base + '.css' }), add('script', { src: base + '.js' })]));

const pinSVG = '<svg width="26" height="40" viewBox="-13 -38 26 40" aria-hidden="true"><path d="M0 0c-8-11-13-17-13-24a13 13 0 1 1 26 0c0 7-5 13-13 24z" fill="#a5321b" stroke="#fff" stroke-width="2"/><circle cy="-24" r="4.5" fill="#fff"/></svg>';

export async function start(el) {
  const d = el.dataset, picture = el.querySelector('img,input[type=image]'), at = [+d.lat, +d.lon];
  await load();
  const L = self.L, box = document.createElement('div');
  box.style.height = Math.max(picture ? picture.getBoundingClientRect().height : 0, 240) + 'px';
  el.prepend(box);
  if (picture) picture.remove();
  const m = L.map(box, { zoomControl: false, minZoom: 12, maxZoom: 19, scrollWheelZoom: false, zoomAnimation: !matchMedia('(prefers-reduced-motion:reduce)').matches });
  m.attributionControl.setPrefix(false);
  m.on('focus', () => m.scrollWheelZoom.enable()).on('blur', () => m.scrollWheelZoom.disable());
  L.tileLayer(d.tiles || '/tiles/{z}/{x}/{y}.svg', { attribution: text(d.credit), maxZoom: 19 }).addTo(m);
  m.setView(at, +d.z || 16);
  bar(el, m, d);
  if (d.map === 'pick') pick(el, m, d, at);
  else if (d.map === 'public') points(m, d);
  else L.marker(at, { icon: pin(), keyboard: false, interactive: false }).addTo(m);
}

function bar(el, m, d) {
  const p = el.querySelector('.map-bar');
  if (!p) return;
  p.textContent = '';
  [['＋ ' + d.in, () => m.zoomIn()], ['－ ' + d.out, () => m.zoomOut()]].forEach(([t, f]) => {
    const b = Object.assign(document.createElement('button'), { type: 'button', textContent: t });
    b.addEventListener('click', f);
    p.append(b);
  });
}

const pin = () => self.L.divIcon({ className: '', iconSize: [26, 40], iconAnchor: [13, 38], html: pinSVG });

// Leaflet takes attribution and labels as HTML.
function text(s) {
  const p = document.createElement('p');
  p.textContent = s || '';
  return p.innerHTML;
}

function pick(el, m, d, at) {
  const lat = el.querySelector('[name=lat]'), lon = el.querySelector('[name=lon]');
  let p;
  const put = (ll, quiet) => {
    if (!p) {
      p = self.L.marker(ll, { icon: pin(), draggable: true, title: d.pin, alt: d.pin }).addTo(m);
      p.on('dragend', () => put(p.getLatLng()));
    }
    p.setLatLng(ll);
    if (quiet) return;
    lat.value = ll.lat.toFixed(6);
    lon.value = ll.lng.toFixed(6);
    el.dispatchEvent(new Event('pin', { bubbles: true }));
  };
  if (d.nopin === undefined) put(self.L.latLng(at), true);
  m.on('click', e => put(e.latlng));
}

// The server groups what lies close: [lat, lon, how many, path of the one, state].
function points(m, d) {
  const L = self.L, g = L.layerGroup().addTo(m);
  let asked = 0;
  const draw = async () => {
    const b = m.getBounds(), n = ++asked;
    const u = new URL(d.points, location.href);
    u.searchParams.set('z', m.getZoom());
    u.searchParams.set('b', [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map(x => x.toFixed(5)).join());
    const r = await fetch(u).then(x => x.ok ? x.json() : []).catch(() => []);
    if (n !== asked) return;
    g.clearLayers();
    r.forEach(([lat, lon, many, path, state]) => {
      const s = many > 1 ? Math.min(46, 26 + 4 * Math.log2(many)) : 26, label = many > 1 ? d.many.replace('{n}', many) : d.one;
      L.marker([lat, lon], {
        title: label, alt: label,
        icon: L.divIcon({ className: '', iconSize: [s, s], html: many > 1 ? '<span class="dot">' + (many | 0) + '</span>' : '<span class="dot is-one is-' + String(state || '').replace(/[^a-z_]/g, '') + '"></span>' }),
      }).on('click', () => many > 1 ? m.setView([lat, lon], m.getZoom() + 2) : location.assign(path)).addTo(g);
    });
  };
  m.on('moveend', draw);
  draw();
}
