// Drives the simulated Alipay with the official SDK, signature checking on, and prints one JSON line per step. node_test.go reads them.
// Environment: BASE (the sandbox), CONTROL (its control address), APP_ID, APP_KEY, PLATFORM_KEY, STRANGER_KEY, STRANGER_PUBLIC (PEM texts).
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
const { AlipaySdk } = createRequire(process.cwd() + '/')('alipay-sdk');
const env = process.env;

const sdk = (more = {}) => new AlipaySdk({
  appId: env.APP_ID, privateKey: env.APP_KEY, keyType: 'PKCS8', alipayPublicKey: env.PLATFORM_KEY, gateway: env.BASE + '/gateway.do', ...more,
});
const shop = sdk();
const run = (client, method, bizContent, more = {}) => client.exec(method, { bizContent, ...more }, { validateSign: true });
const control = (path, body) => fetch(env.CONTROL + path, { method: 'POST', body: JSON.stringify(body ?? {}) });

let arrived;
const notes = [];
const hook = createServer((req, res) => {
  let body = '';
  req.on('data', (d) => { body += d; });
  req.on('end', () => {
    notes.push(Object.fromEntries(new URLSearchParams(body)));
    res.end('success');
    arrived?.();
  });
});
await new Promise((done) => { hook.listen(0, '127.0.0.1', done); });
const notifyUrl = `http://127.0.0.1:${hook.address().port}/notify?x=1`;
const nextNote = () => new Promise((done) => { arrived = done; });

async function step(name, act) {
  let out;
  try {
    out = await act();
  } catch (e) {
    out = { thrown: String(e.message ?? e) };
  }
  console.log(JSON.stringify({ step: name, ...out }));
}

const order = (outTradeNo, totalAmount = '68.00') => ({ outTradeNo, totalAmount, subject: '龙井 250g, 半斤 <新茶> a+b' });
const refund = () => run(shop, 'alipay.trade.refund', { outTradeNo: 'node-1', refundAmount: '8.00', outRequestNo: 'node-r1', refundReason: '试吃 100%' });

await step('create', () => run(shop, 'alipay.trade.precreate', order('node-1'), { notifyUrl }));
await step('query unscanned', () => run(shop, 'alipay.trade.query', { outTradeNo: 'node-1' }));
await step('notify', async () => {
  const note = nextNote();
  const { status } = await control('/orders/node-1/approve', { payer: 'li' });
  await note;
  const n = notes[0];
  return { status, tradeStatus: n.trade_status, v2: shop.checkNotifySignV2(n), v1: shop.checkNotifySign(n), forged: shop.checkNotifySignV2({ ...n, total_amount: '0.01' }) };
});
await step('query paid', () => run(shop, 'alipay.trade.query', { outTradeNo: 'node-1' }));
await step('refund', refund);
await step('refund again', refund);
await step('refund query', () => run(shop, 'alipay.trade.fastpay.refund.query', { outTradeNo: 'node-1', outRequestNo: 'node-r1' }));
await step('jsapi', () => run(shop, 'alipay.trade.create', { ...order('node-2'), buyerId: '2088123412341234', productCode: 'JSAPI_PAY', opAppId: env.APP_ID }));
await step('close', () => run(shop, 'alipay.trade.close', { outTradeNo: 'node-2' }));
await step('close paid', () => run(shop, 'alipay.trade.close', { outTradeNo: 'node-1' }));
await step('cancel', () => run(shop, 'alipay.trade.cancel', { outTradeNo: 'node-2' }));
await step('unknown order', () => run(shop, 'alipay.trade.query', { outTradeNo: 'nobody' }));
// These two come under error_response, as from the real gateway, which this SDK can read and not verify.
await step('unknown method', () => shop.exec('alipay.trade.fly', { bizContent: { outTradeNo: 'nobody' } }));
await step('wrong code', () => shop.exec('alipay.system.oauth.token', { grantType: 'authorization_code', code: 'none' }));
await step('oauth', async () => {
  const back = encodeURIComponent('http://127.0.0.1/back');
  const page = await fetch(`${env.BASE}/oauth2/publicAppAuthorize.htm?app_id=${env.APP_ID}&scope=auth_base&redirect_uri=${back}`, { redirect: 'manual' });
  const code = new URL(page.headers.get('location')).searchParams.get('auth_code');
  return shop.exec('alipay.system.oauth.token', { grantType: 'authorization_code', code }, { validateSign: true });
});
await step('page', async () => {
  const url = shop.pageExecute('alipay.trade.page.pay', 'GET', { bizContent: { ...order('node-3'), productCode: 'FAST_INSTANT_TRADE_PAY' }, returnUrl: 'http://127.0.0.1/back' });
  const page = await fetch(url, { redirect: 'manual' });
  return { status: page.status, location: page.headers.get('location') };
});
await step('wrong app key', () => run(sdk({ privateKey: env.STRANGER_KEY }), 'alipay.trade.query', { outTradeNo: 'node-1' }));
await step('wrong platform key', () => run(sdk({ alipayPublicKey: env.STRANGER_PUBLIC }), 'alipay.trade.query', { outTradeNo: 'node-1' }));
await step('spoiled signature', async () => {
  await control('/faults', { op: 'query', fault: 'wrong_signature', times: 1 });
  return run(shop, 'alipay.trade.query', { outTradeNo: 'node-1' });
});
hook.close();
