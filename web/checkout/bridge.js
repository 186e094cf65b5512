// Opens the wallet through the bridge of its own app. The bridge's answer is a hint only: the page behind it asks the server.
(function () {
var w = window.wallet, d = document, status = d.getElementById('live'), called = false;
if (!w) return;
function say(text) { status.textContent = text }
function run() {
  called = true;
  try { w.call(w.params, function (answer) { location.replace(w.done + encodeURIComponent(answer)) }) } catch (x) { say(status.dataset.missing) }
}
function launch() {
  called = false;
  if (window[w.object]) { run(); return }
  d.addEventListener(w.ready, function () { if (!called) run() }, { once: true });
  setTimeout(function () { if (!called) say(status.dataset.missing) }, 4000)
}
d.getElementById('launch').addEventListener('click', launch);
if (w.auto) launch()
})();
