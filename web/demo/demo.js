// Looks for news twice a second and puts what is new on top. Rows are built from text only.
(function () {
var d = document, feed = d.body.dataset.feed, last = '', seen = {}, first = true;
function el(tag, cls, text) { var e = d.createElement(tag); if (cls) e.className = cls; if (text) e.textContent = text; return e }
function top(title, right, tone) { var t = el('div', 'top'); t.append(el('b', '', title), el('span', 'tag ' + (tone || ''), right)); return t }
function under(a, b) { var u = el('div', 'top'); u.append(el('span', '', a), el('span', 'when', b)); return u }
var rows = {
  orders: function (o) { return [top(o.amount, o.status, o.tone), under(o.wallet || o.title, o.at)] },
  postings: function (p) {
    var list = d.getElementById('postings').dataset;
    return [top(p.title, p.at, 'when')].concat(p.lines.map(function (l) {
      var e = el('div', 'leg' + (l.credit ? ' c' : '')); e.append(el('i', '', l.debit ? list.debit : list.credit), el('span', '', l.account), el('span', 'num', l.debit || l.credit)); return e
    }))
  },
  gate: function (g) { return [document.createTextNode(g.text)] },
  webhooks: function (w) { return [top(w.type, w.status, w.tone), under('', w.at)] }
};
function show(name, items) {
  var list = d.getElementById(name);
  if (!list || !items || !items.length) return;
  list.replaceChildren.apply(list, items.map(function (item) {
    var li = el('li', (name === 'gate' ? item.tone + ' ' : '') + (!first && !seen[item.id] ? 'new' : '')); seen[item.id] = 1; li.append.apply(li, rows[name](item)); return li
  }))
}
function look() {
  fetch(feed, { cache: 'no-store' }).then(function (r) { return r.ok ? r.text() : last }).then(function (text) {
    if (text !== last) { last = text; var f = JSON.parse(text); Object.keys(rows).forEach(function (k) { show(k, f[k]) }); first = false }
  }).catch(function () { last = '' }).then(function () { setTimeout(look, d.hidden ? 5000 : 500) })
}
look();
// The slider: a day a step, page keys from mark to mark. When it comes to rest the page of that day is opened.
var when = d.getElementById('when'), rest;
if (when) {
  when.hidden = false;
  if (when.hasAttribute('autofocus')) when.focus({ preventScroll: true });
  var marks = when.dataset.marks.trim().split(' ').map(Number);
  function dayOf(n) { return new Date(Date.parse(when.dataset.first) + n * 864e5).toISOString().slice(0, 10) }
  function go() { location.assign('/?lang=' + when.dataset.lang + '&shop=' + when.dataset.shop + '&on=' + dayOf(+when.value)) }
  function moved() { d.getElementById('on').value = dayOf(+when.value); when.setAttribute('aria-valuetext', dayOf(+when.value)); clearTimeout(rest); rest = setTimeout(go, 700) }
  when.addEventListener('input', moved);
  when.addEventListener('keydown', function (ev) {
    var at = +when.value, next = ev.key === 'PageUp' ? marks.filter(function (m) { return m > at })[0] : ev.key === 'PageDown' ? marks.filter(function (m) { return m < at }).pop() : undefined;
    if (next === undefined) return;
    ev.preventDefault(); when.value = next; moved()
  })
}
})();
