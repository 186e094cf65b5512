// The order page's own script: looks for news, ever more seldom, copies the parcel's number, prints, and never sends a form twice. Without it a refresh does the same.
(function () {
var d = document, b = d.body, live = b.dataset.live, slowest = +b.dataset.slowest || 60000, gap = 2000, timer;
function each(s, f) { Array.prototype.forEach.call(d.querySelectorAll(s), f) }
function typing() { var e = d.activeElement; return e && e.tagName === 'TEXTAREA' && e.value }
function later() { clearTimeout(timer); gap = Math.min(gap * 1.5, slowest); timer = setTimeout(look, d.hidden ? Math.max(gap, 30000) : gap) }
function look() {
  clearTimeout(timer);
  fetch(live, { headers: { 'If-None-Match': '"' + b.dataset.rev + '"' }, cache: 'no-store' }).then(function (r) { return r.status === 200 ? r.json() : null }).then(function (s) {
    if (s && s.rev !== b.dataset.rev && !typing()) location.replace(b.dataset.self); else later()
  }).catch(later)
}
if (live) {
  timer = setTimeout(look, gap);
  d.addEventListener('visibilitychange', function () { if (!d.hidden) { gap = 2000; look() } })
}
each('[data-print]', function (e) { e.hidden = false; e.addEventListener('click', function () { window.print() }) });
each('[data-copy]', function (e) {
  var text = d.getElementById(e.dataset.copy);
  e.hidden = false;
  function ok() { e.textContent = e.dataset.done }
  function byHand() {
    var r = d.createRange(), s = getSelection();
    r.selectNodeContents(text); s.removeAllRanges(); s.addRange(r);
    try { if (d.execCommand('copy')) ok() } catch (x) { s.empty() }
  }
  e.addEventListener('click', function () {
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(text.textContent).then(ok, byHand); else byHand()
  })
});
d.addEventListener('submit', function (ev) {
  var f = ev.target;
  if (f.dataset.sent) { ev.preventDefault(); return }
  f.dataset.sent = 1
});
window.addEventListener('pageshow', function (ev) {
  each('form[data-sent]', function (f) { delete f.dataset.sent });
  if (ev.persisted && live) look()
})
})();
