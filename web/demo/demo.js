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
  webhooks: function (w) { return [top(w.type, w.status, w.tone), under('', w.at)] }
};
function show(name, items) {
  var list = d.getElementById(name);
  if (!items.length) return;
  list.replaceChildren.apply(list, items.map(function (item) {
    var li = el('li', !first && !seen[item.id] ? 'new' : ''); seen[item.id] = 1; li.append.apply(li, rows[name](item)); return li
  }))
}
function look() {
  fetch(feed, { cache: 'no-store' }).then(function (r) { return r.ok ? r.text() : last }).then(function (text) {
    if (text !== last) { last = text; var f = JSON.parse(text); Object.keys(rows).forEach(function (k) { show(k, f[k]) }); first = false }
  }).catch(function () { last = '' }).then(function () { setTimeout(look, d.hidden ? 5000 : 500) })
}
look()
})();
