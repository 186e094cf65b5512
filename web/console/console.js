// The console's own script: copies what has a copy button, and never sends a form twice. Without it everything works but the copying.
(function () {
var d = document;
function each(s, f) { Array.prototype.forEach.call(d.querySelectorAll(s), f) }
each('[data-copy]', function (e) {
  var field = d.getElementById(e.dataset.copy), word = e.textContent;
  e.hidden = false;
  function say(t) { e.textContent = t; setTimeout(function () { e.textContent = word }, 2000) }
  function byHand() {
    field.focus(); field.setSelectionRange(0, field.value.length);
    var did = false; try { did = d.execCommand('copy') } catch (x) { did = false }
    say(did ? e.dataset.done : e.dataset.fail)
  }
  e.addEventListener('click', function () {
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(field.value).then(function () { say(e.dataset.done) }, byHand); else byHand()
  })
});
each('form[method=post]', function (f) {
  f.addEventListener('submit', function (e) {
    if (f.dataset.sent) { e.preventDefault(); return }
    f.dataset.sent = '1';
    var b = e.submitter; if (b) b.setAttribute('aria-busy', 'true')
  })
});
window.addEventListener('pageshow', function () { each('form[data-sent]', function (f) { delete f.dataset.sent }); each('[aria-busy]', function (b) { b.removeAttribute('aria-busy') }) });
})();
