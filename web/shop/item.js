// The item page's own script: adds up, steps the quantity, fetches the large picture when the line is good, and never sends a form twice. Without it everything
// works too, with one number less on the button.
(function () {
var d = document, f = d.getElementById('order');
function each(s, g) { d.querySelectorAll(s).forEach(g) }
addEventListener('load', function () {
  var c = navigator.connection;
  if (!c || !c.saveData && c.effectiveType === '4g') each('[data-first]', function (e) { e.src = e.parentNode.href })
});
if (!f) return;
var q = f.elements.quantity, sum = d.getElementById('sum');
sum.hidden = false;
function money(n) {
  var k = +f.dataset.digits, s = String(n);
  while (s.length <= k) s = '0' + s;
  var cut = s.length - k;
  return f.dataset.sign + s.slice(0, cut).replace(/\B(?=(\d{3})+$)/g, ',') + (k ? '.' + s.slice(cut) : '')
}
function total() {
  var v = f.querySelector('[name=variant]:checked') || f.querySelector('[type=hidden][name=variant]'), n = +q.value;
  sum.textContent = v && n > 0 && n === Math.floor(n) && n <= 9999 ? money(n * v.value.split(':')[1] + +f.elements.fee.value) : ''
}
each('[data-step]', function (b) {
  b.hidden = false;
  b.addEventListener('click', function () { q.value = Math.min(+q.max, Math.max(1, (Math.floor(+q.value) || 0) + +b.dataset.step)); total() })
});
f.addEventListener('input', total);
d.addEventListener('submit', function (ev) {
  var t = ev.target, b = ev.submitter;
  if (t.dataset.sent) { ev.preventDefault(); return }
  t.dataset.sent = 1;
  if (b) b.setAttribute('aria-busy', 'true')
});
addEventListener('pageshow', function () {
  each('form[data-sent]', function (t) { delete t.dataset.sent });
  each('[aria-busy]', function (b) { b.removeAttribute('aria-busy') });
  total()
})
})();
