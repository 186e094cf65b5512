// Drives the switch's Alipay-compatible gateway with the official SDK, signature checking on, as a merchant's untouched code does: key mode, certificate mode with encrypted
// content, the third version; the money is collected by other wallets. Prints one JSON line per step, which face_sdk_test.go reads.
// Environment: BASE, CONTROL, APP_ID, APP_KEY, PLATFORM_KEY, CERT_APP, APP_CERT, ALIPAY_CERT, ROOT_CERT (PEM texts), CONTENT_KEY (base64), STRANGER_KEY.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { inflateRawSync } from 'node:zlib';
const { AlipaySdk } = createRequire(process.cwd() + '/')('alipay-sdk');
const env = process.env;

const base = { privateKey: env.APP_KEY, keyType: 'PKCS8', gateway: env.BASE + '/gateway.do', endpoint: env.BASE };
const shop = new AlipaySdk({ ...base, appId: env.APP_ID, alipayPublicKey: env.PLATFORM_KEY });
const certificates = { appCertContent: env.APP_CERT, alipayPublicCertContent: env.ALIPAY_CERT, alipayRootCertContent: env.ROOT_CERT };
const cert = new AlipaySdk({ ...base, ...certificates, appId: env.CERT_APP, encryptKey: env.CONTENT_KEY });
const run = (client, method, bizContent, more = {}) => client.exec(method, { bizContent, ...more }, { validateSign: true });
const control = async (path) => (await fetch(env.CONTROL + path, { method: 'POST' })).text();

const notes = [];
const hook = createServer((req, res) => {
  let body = '';
  req.on('data', (d) => { body += d; });
  req.on('end', () => {
    notes.push(Object.fromEntries(new URLSearchParams(body)));
    res.end('success');
  });
});
await new Promise((done) => { hook.listen(0, '127.0.0.1', done); });
const notifyUrl = `http://127.0.0.1:${hook.address().port}/notify?x=1`;

async function step(name, act) {
  let out;
  try {
    out = await act();
  } catch (e) {
    out = { thrown: String(e.message ?? e), code: e.code, status: e.responseHttpStatus };
  }
  console.log(JSON.stringify({ step: name, ...out }));
}
const order = (outTradeNo, totalAmount = '68.00') => ({ outTradeNo, totalAmount, subject: '龙井 250g, 半斤 <新茶> a+b' });
const refund = (outTradeNo, outRequestNo, refundAmount) => run(shop, 'alipay.trade.refund', { outTradeNo, refundAmount, outRequestNo, refundReason: '试吃 100%' });
const query = (outTradeNo) => run(shop, 'alipay.trade.query', { outTradeNo });

await step('create', () => run(shop, 'alipay.trade.precreate', { ...order('node-1'), passbackParams: 'a%3D1%26b' }, { notifyUrl }));
await step('create again', () => run(shop, 'alipay.trade.precreate', order('node-1')));
await step('create changed', () => run(shop, 'alipay.trade.precreate', order('node-1', '67.00')));
await step('unscanned', () => query('node-1'));
await step('close unscanned', () => run(shop, 'alipay.trade.close', { outTradeNo: 'node-1' }));
await step('paid by wechat', async () => {
  await control('/pay?number=node-1&wallet=wechatpay');
  const n = notes.at(-1);
  return { tradeStatus: n.trade_status, passback: n.passback_params, v2: shop.checkNotifySignV2(n), v1: shop.checkNotifySign(n), forged: shop.checkNotifySignV2({ ...n, total_amount: '0.01' }) };
});
await step('query paid', () => query('node-1'));
await step('pay again', () => run(shop, 'alipay.trade.precreate', order('node-1')));
await step('close paid', () => run(shop, 'alipay.trade.close', { outTradeNo: 'node-1' }));
await step('refund', () => refund('node-1', 'node-r1', '8.00'));
await step('refund again', async () => { await control('/run?seconds=30'); return refund('node-1', 'node-r1', '8.00'); });
await step('refund other amount', () => refund('node-1', 'node-r1', '9.00'));
await step('refund too much', () => refund('node-1', 'node-r2', '60.01'));
await step('refund query', () => run(shop, 'alipay.trade.fastpay.refund.query', { outTradeNo: 'node-1', outRequestNo: 'node-r1', queryOptions: ['gmt_refund_pay'] }));
await step('refund notified', async () => { const n = notes.at(-1); return { tradeStatus: n.trade_status, fee: n.refund_fee, no: n.out_biz_no, v2: shop.checkNotifySignV2(n) }; });
await step('refund rest', async () => { await refund('node-1', 'node-r3', '60.00'); await control('/run?seconds=30'); return query('node-1'); });
await step('refund closed', () => refund('node-1', 'node-r4', '1.00'));

await step('paid by unionpay', async () => {
  await run(shop, 'alipay.trade.precreate', order('node-2', '12.34'), { notifyUrl });
  await control('/pay?number=node-2&wallet=unionpay');
  return query('node-2');
});
await step('jsapi', () => run(shop, 'alipay.trade.create', { ...order('node-3'), buyerId: '2088123412341234', productCode: 'JSAPI_PAY', opAppId: env.APP_ID }));
await step('waiting', () => query('node-3'));
await step('close', () => run(shop, 'alipay.trade.close', { outTradeNo: 'node-3' }));
await step('closed', () => query('node-3'));

const code = (wallet, password) => control(`/code?wallet=${wallet}${password ? '&password=1' : ''}`);
const scan = (outTradeNo, authCode) => run(shop, 'alipay.trade.pay', { ...order(outTradeNo), scene: 'bar_code', authCode });
const cancel = (outTradeNo) => run(shop, 'alipay.trade.cancel', { outTradeNo });
await step('wechat barcode', async () => scan('node-b1', await code('wechatpay')));
await step('cancel paid', async () => { await cancel('node-b1'); await control('/run?seconds=30'); return cancel('node-b1'); });
await step('canceled', () => query('node-b1'));
await step('unionpay barcode', async () => { await scan('node-b2', await code('unionpay')); await control('/run?seconds=30'); return query('node-b2'); });
await step('password', async () => scan('node-b3', await code('wechatpay', true)));
await step('cancel waiting', () => cancel('node-b3'));
await step('no wallet', () => scan('node-b4', '990000000000000000'));
await step('cancel unknown', () => cancel('nobody'));
await step('unknown order', () => query('nobody'));
await step('unknown method', () => run(shop, 'alipay.fund.trans.uni.transfer', { outBizNo: 'x' }));
await step('wrong key', () => run(new AlipaySdk({ ...base, appId: env.APP_ID, privateKey: env.STRANGER_KEY, alipayPublicKey: env.PLATFORM_KEY }), 'alipay.trade.query', { outTradeNo: 'x' }));
await step('unknown app', () => new AlipaySdk({ ...base, appId: '2021999999999999', alipayPublicKey: env.PLATFORM_KEY }).exec('alipay.trade.query', { bizContent: { outTradeNo: 'x' } }));
await step('oauth', () => shop.exec('alipay.system.oauth.token', { grantType: 'authorization_code', code: 'none' }));

const biz = { ...order('node-page'), productCode: 'FAST_INSTANT_TRADE_PAY' };
await step('page get', async () => {
  const page = await fetch(shop.pageExecute('alipay.trade.page.pay', 'GET', { bizContent: biz, returnUrl: 'http://127.0.0.1/back?own=1', notifyUrl }), { redirect: 'manual' });
  return { status: page.status, location: page.headers.get('location') };
});
const unescape = (s) => s.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
await step('page form', async () => {
  const html = shop.pageExecute('alipay.trade.page.pay', 'POST', { bizContent: biz, returnUrl: 'http://127.0.0.1/back?own=1', notifyUrl });
  const form = new URLSearchParams();
  for (const [, name, value] of html.matchAll(/name="([^"]*)" value="([^"]*)"/g)) form.set(name, unescape(value));
  const page = await fetch(unescape(html.match(/action="([^"]*)"/)[1]), { method: 'POST', body: form, redirect: 'manual' });
  return { status: page.status, location: page.headers.get('location'), fields: [...form.keys()].join(' ') };
});
await step('page returns', async () => {
  await control('/pay?number=node-page&wallet=wechatpay');
  const back = new URL(await control('/return?number=node-page'));
  const { own, ...all } = Object.fromEntries(back.searchParams);
  return { own, method: all.method, total: all.total_amount, v2: shop.checkNotifySignV2(all), v1: shop.checkNotifySign(all) };
});
await step('wap get', async () => {
  const page = await fetch(shop.pageExecute('alipay.trade.wap.pay', 'GET', { bizContent: { ...order('node-wap'), productCode: 'QUICK_WAP_WAY' } }), { redirect: 'manual' });
  return { status: page.status, location: page.headers.get('location') };
});
await step('page bad', async () => {
  const page = await fetch(shop.pageExecute('alipay.trade.page.pay', 'GET', { bizContent: { ...biz, outTradeNo: 'a b' } }), { redirect: 'manual' });
  return { status: page.status, kind: page.headers.get('content-type'), text: await page.text() };
});
const signed = shop.sdkExecute('alipay.trade.app.pay', { bizContent: { ...order('node-app'), productCode: 'QUICK_MSECURITY_PAY' } });
await step('app', async () => { const r = await fetch(`${env.BASE}/app?${signed}`, { redirect: 'manual' }); return { status: r.status, location: r.headers.get('location') }; });
await step('app forged', async () => { const r = await fetch(`${env.BASE}/app?${signed.replace('68.00', '0.01')}`, { redirect: 'manual' }); return { status: r.status, text: await r.text() }; });

await step('certificates create', () => run(cert, 'alipay.trade.precreate', order('node-c1')));
await step('certificates query', () => run(cert, 'alipay.trade.query', { outTradeNo: 'node-c1' }));
await step('certificates missing', () => new AlipaySdk({ ...base, appId: env.CERT_APP, alipayPublicKey: env.PLATFORM_KEY }).exec('alipay.trade.query', { bizContent: { outTradeNo: 'x' } }));
// This SDK decrypts answers and cannot verify encrypted ones of the second version: its extractor looks for a brace.
await step('aes create', () => cert.exec('alipay.trade.precreate', { bizContent: order('node-c2'), needEncrypt: true }));
await step('aes refused', () => cert.exec('alipay.trade.query', { bizContent: { outTradeNo: 'node-c2' }, needEncrypt: true }));
await step('aes wrong key', () => new AlipaySdk({ ...base, ...certificates, appId: env.CERT_APP, encryptKey: 'AAAAAAAAAAAAAAAAAAAAAA==' })
  .exec('alipay.trade.query', { bizContent: { outTradeNo: 'node-c2' }, needEncrypt: true }));

const curl = async (client, verb, path, options) => {
  const r = await client.curl(verb, path, options);
  return { ...r.data, status: r.responseHttpStatus };
};
const snake = (out_trade_no) => ({ out_trade_no, total_amount: '68.00', subject: '龙井 250g <新茶>' });
await step('v3 create', () => curl(shop, 'POST', '/v3/alipay/trade/precreate', { body: { ...snake('node-v1'), notify_url: notifyUrl } }));
await step('v3 absent', () => curl(shop, 'POST', '/v3/alipay/trade/query', { body: { out_trade_no: 'node-v1' } }));
await step('v3 paid', async () => {
  await control('/pay?number=node-v1&wallet=wechatpay');
  return { ...await curl(shop, 'POST', '/v3/alipay/trade/query', { body: { out_trade_no: 'node-v1' } }), v2: shop.checkNotifySignV2(notes.at(-1)) };
});
const back = { out_trade_no: 'node-v1', refund_amount: '8.00', out_request_no: 'node-rv1', refund_reason: '试吃' };
await step('v3 refund', () => curl(shop, 'POST', '/v3/alipay/trade/refund', { body: back }));
await step('v3 refund query', async () => { await control('/run?seconds=30'); return curl(shop, 'POST', '/v3/alipay/trade/fastpay/refund/query', { body: { out_trade_no: 'node-v1', out_request_no: 'node-rv1' } }); });
await step('v3 certificates', () => curl(cert, 'POST', '/v3/alipay/trade/precreate', { body: snake('node-v2') }));
await step('v3 aes', () => curl(cert, 'POST', '/v3/alipay/trade/precreate', { body: snake('node-v3'), needEncrypt: true }));
await step('v3 get', () => curl(shop, 'GET', '/v3/alipay/data/dataservice/bill/downloadurl/query', { query: { bill_type: 'trade', bill_date: '2999-01-01' } }));
await step('v3 unknown', () => curl(shop, 'POST', '/v3/alipay/fund/trans/uni/transfer', { body: { out_biz_no: 'x' } }));

// unzip reads a ZIP by its directory; names and content are GBK.
function unzip(bytes) {
  const b = Buffer.from(bytes);
  const gbk = new TextDecoder('gbk');
  const members = {};
  const end = b.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = b.readUInt32LE(end + 16);
  for (let n = b.readUInt16LE(end + 10); n > 0; n--) {
    const [packed, name, extra, note] = [b.readUInt32LE(at + 20), b.readUInt16LE(at + 28), b.readUInt16LE(at + 30), b.readUInt16LE(at + 32)];
    const local = b.readUInt32LE(at + 42);
    const start = local + 30 + b.readUInt16LE(local + 26) + b.readUInt16LE(local + 28);
    members[gbk.decode(b.subarray(at + 46, at + 46 + name))] = gbk.decode(inflateRawSync(b.subarray(start, start + packed)));
    at += 46 + name + extra + note;
  }
  return members;
}
const today = await control('/day');
await control('/run?seconds=172800'); // the second version does not look at the clock
const bill = async (billType) => {
  const r = await run(shop, 'alipay.data.dataservice.bill.downloadurl.query', { billType, billDate: today });
  const members = unzip(await (await fetch(r.billDownloadUrl)).arrayBuffer());
  const names = Object.keys(members);
  return { names, lines: members[names.find((n) => !n.includes('汇总'))].split('\r\n') };
};
await step('bill', async () => {
  const { names, lines } = await bill('trade');
  return { names, paid: lines.find((l) => l.includes('node-1\t') && l.includes(',交易\t')), back: lines.find((l) => l.includes('node-r1')), total: lines.find((l) => l.startsWith('#交易合计')) };
});
await step('account bill', async () => {
  const { names, lines } = await bill('signcustomer');
  return { names, paid: lines.find((l) => l.includes('node-v1')), total: lines.find((l) => l.startsWith('#收入合计')) };
});
hook.close();
