// The page's own script: looks for news, says that a link was copied, and never sends a form twice. Without it a refresh does the same, slower.
(function () {
var d = document, b = d.body, live = b.dataset.live, gap = 1500, timer;
function each(s, f) { Array.prototype.forEach.call(d.querySelectorAll(s), f) }
function later() { clearTimeout(timer); gap = Math.min(gap * 1.2, 5000); timer = setTimeout(look, d.hidden ? 15000 : gap) }
function look() {
  clearTimeout(timer);
  fetch(live, { headers: { Accept: 'application/json' }, cache: 'no-store' }).then(function (r) { return r.ok ? r.json() : null }).then(function (s) {
    if (s && s.rev !== b.dataset.rev) location.replace(b.dataset.self); else later()
  }).catch(later)
}
if (live) {
  timer = setTimeout(look, gap);
  d.addEventListener('visibilitychange', function () { if (!d.hidden) { gap = 1500; look() } })
}
each('[data-after]', function (e) { e.hidden = true; setTimeout(function () { e.hidden = false }, +e.dataset.after) });
each('[data-copy]', function (e) {
  var field = d.getElementById(e.dataset.copy), said = d.getElementById('live');
  e.hidden = false;
  function ok() { said.textContent = e.dataset.done }
  function byHand() {
    field.focus(); field.setSelectionRange(0, field.value.length);
    var did = false; try { did = d.execCommand('copy') } catch (x) { did = false }
    if (did) ok(); else said.textContent = e.dataset.fail
  }
  e.addEventListener('click', function () {
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(field.value).then(ok, byHand); else byHand()
  })
});
each('[data-count]', function (e) {
  var n = +e.dataset.count, t = setInterval(function () { n -= 1; if (n < 1) clearInterval(t); else e.textContent = e.dataset.text.replace('%d', n) }, 1000)
});
d.addEventListener('submit', function (ev) {
  var f = ev.target;
  if (f.dataset.sent) { ev.preventDefault(); return }
  f.dataset.sent = 1;
  var button = f.querySelector('button'); if (button) button.setAttribute('aria-busy', 'true')
});
window.addEventListener('pageshow', function (ev) {
  if (!ev.persisted) return;
  each('form[data-sent]', function (f) { delete f.dataset.sent; var k = f.querySelector('button'); if (k) k.removeAttribute('aria-busy') });
  if (live) look()
});
// Test mode: the simulated phone reports what the wallet's bridge would; the server is asked either way.
each('[data-bridge]', function (e) {
  window.addEventListener('message', function (ev) { if (ev.source === e.contentWindow) setTimeout(function () { location.replace(e.dataset.bridge) }, 1200) })
});
each('form[data-now]', function (f) { f.submit() });
// One obvious choice is taken at once, but only once: who comes back wants to choose.
each('form[data-auto]', function (f) {
  try { if (sessionStorage.getItem(f.dataset.auto)) return; sessionStorage.setItem(f.dataset.auto, '1') } catch (x) { return }
  f.dataset.sent = 1; f.submit()
})
})();
