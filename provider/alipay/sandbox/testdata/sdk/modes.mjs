// Drives the simulated Alipay with the official SDK in every mode of keys: certificates, encrypted content, a partner's app, the third version; and at the counter, in an app,
// and for bills. Prints one JSON line per step. node_test.go reads them.
// Environment: BASE, CONTROL, APP_ID, APP_KEY, PLATFORM_KEY, CERT_APP, APP_CERT, ALIPAY_CERT, ROOT_CERT (PEM texts), CONTENT_KEY (base64), PARTNER_APP, TOKEN.
import { createRequire } from 'node:module';
import { inflateRawSync } from 'node:zlib';
const { AlipaySdk } = createRequire(process.cwd() + '/')('alipay-sdk');
const env = process.env;

const base = { privateKey: env.APP_KEY, keyType: 'PKCS8', gateway: env.BASE + '/gateway.do', endpoint: env.BASE };
const shop = new AlipaySdk({ ...base, appId: env.APP_ID, alipayPublicKey: env.PLATFORM_KEY });
const partner = new AlipaySdk({ ...base, appId: env.PARTNER_APP, alipayPublicKey: env.PLATFORM_KEY });
const certificates = { appCertContent: env.APP_CERT, alipayPublicCertContent: env.ALIPAY_CERT, alipayRootCertContent: env.ROOT_CERT };
const cert = new AlipaySdk({ ...base, ...certificates, appId: env.CERT_APP, encryptKey: env.CONTENT_KEY });
const run = (client, method, bizContent, more = {}) => client.exec(method, { bizContent, ...more }, { validateSign: true });
const control = (path, body) => fetch(env.CONTROL + path, { method: 'POST', body: JSON.stringify(body ?? {}) });
const code = async (password) => (await (await control('/codes', { password })).json()).code;
const order = (outTradeNo, totalAmount = '68.00') => ({ outTradeNo, totalAmount, subject: '龙井 250g, 半斤' });
const snake = (out_trade_no) => ({ out_trade_no, total_amount: '68.00', subject: '龙井 250g <新茶>' });

async function step(name, act) {
  let out;
  try {
    out = await act();
  } catch (e) {
    out = { thrown: String(e.message ?? e), code: e.code, status: e.responseHttpStatus };
  }
  console.log(JSON.stringify({ step: name, ...out }));
}
const curl = async (client, verb, path, options) => {
  const r = await client.curl(verb, path, options);
  return { ...r.data, status: r.responseHttpStatus };
};

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

await step('certificates create', () => run(cert, 'alipay.trade.precreate', order('node-c1')));
await step('certificates query', () => run(cert, 'alipay.trade.query', { outTradeNo: 'node-c1' }));
await step('certificates missing', () => new AlipaySdk({ ...base, appId: env.CERT_APP, alipayPublicKey: env.PLATFORM_KEY }).exec('alipay.trade.query', { bizContent: { outTradeNo: 'x' } }));
// This SDK decrypts answers and cannot verify encrypted ones of the second version: its extractor looks for a brace.
await step('aes create', () => cert.exec('alipay.trade.precreate', { bizContent: order('node-c2'), needEncrypt: true }));
await step('aes refused', () => cert.exec('alipay.trade.query', { bizContent: { outTradeNo: 'node-c2' }, needEncrypt: true }));
await step('aes wrong key', () => {
  const other = new AlipaySdk({ ...base, ...certificates, appId: env.CERT_APP, encryptKey: 'AAAAAAAAAAAAAAAAAAAAAA==' });
  return other.exec('alipay.trade.query', { bizContent: { outTradeNo: 'node-c2' }, needEncrypt: true });
});

const shown = await code(false);
const scan = (outTradeNo, authCode) => run(shop, 'alipay.trade.pay', { ...order(outTradeNo), scene: 'bar_code', authCode });
const cancel = (outTradeNo) => run(shop, 'alipay.trade.cancel', { outTradeNo });
await step('barcode', () => scan('node-b1', shown));
await step('barcode twice', () => scan('node-b2', shown));
await step('cancel paid', () => cancel('node-b1'));
await step('cancel again', () => cancel('node-b1'));
await step('canceled', () => run(shop, 'alipay.trade.query', { outTradeNo: 'node-b1' }));
await step('password', async () => scan('node-b3', await code(true)));
await step('cancel waiting', () => cancel('node-b3'));
await step('cancel unknown', () => cancel('node-b9'));

const signed = shop.sdkExecute('alipay.trade.app.pay', { bizContent: { ...order('node-app'), productCode: 'QUICK_MSECURITY_PAY' }, notifyUrl: 'http://127.0.0.1/n' });
await step('app', async () => {
  const r = await control('/app', { content: signed });
  return { status: r.status, orderNo: (await r.json()).order_no };
});
await step('app forged', async () => ({ status: (await control('/app', { content: signed.replace('68.00', '0.01') })).status }));

await step('partner', () => run(partner, 'alipay.trade.precreate', order('node-p1'), { appAuthToken: env.TOKEN }));
await step('partner refused', () => run(partner, 'alipay.trade.precreate', order('node-p2'), { appAuthToken: 'nobody' }));

await step('v3 create', () => curl(shop, 'POST', '/v3/alipay/trade/precreate', { body: snake('node-v1') }));
await step('v3 absent', () => curl(shop, 'POST', '/v3/alipay/trade/query', { body: { out_trade_no: 'node-v1' } }));
await step('v3 paid', async () => {
  await control('/orders/node-v1/approve');
  return curl(shop, 'POST', '/v3/alipay/trade/query', { body: { out_trade_no: 'node-v1' } });
});
const back = { out_trade_no: 'node-v1', refund_amount: '8.00', out_request_no: 'node-rv1', refund_reason: '试吃' };
await step('v3 refund', () => curl(shop, 'POST', '/v3/alipay/trade/refund', { body: back }));
await step('v3 refund query', () => curl(shop, 'POST', '/v3/alipay/trade/fastpay/refund/query', { body: { out_trade_no: 'node-v1', out_request_no: 'node-rv1' } }));
await step('v3 wrong platform', () => {
  const client = new AlipaySdk({ ...base, ...certificates, appId: env.APP_ID, alipayPublicCertContent: env.APP_CERT });
  return curl(client, 'POST', '/v3/alipay/trade/query', { body: { out_trade_no: 'node-v1' } });
});
await step('v3 certificates', () => curl(cert, 'POST', '/v3/alipay/trade/precreate', { body: snake('node-v2') }));
await step('v3 aes', () => curl(cert, 'POST', '/v3/alipay/trade/precreate', { body: snake('node-v3'), needEncrypt: true }));
await step('v3 partner', () => curl(partner, 'POST', '/v3/alipay/trade/precreate', { body: snake('node-v4'), appAuthToken: env.TOKEN }));
await step('v3 get', () => curl(shop, 'GET', '/v3/alipay/data/dataservice/bill/downloadurl/query', { query: { bill_type: 'trade', bill_date: '2999-01-01' } }));

await step('rotated', async () => {
  await control('/rotate');
  return run(cert, 'alipay.trade.query', { outTradeNo: 'node-c1' });
});

const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
await control('/clock', { advance_ms: 48 * 3600e3 }); // the second version does not look at the clock
const bill = async (billType) => {
  const r = await run(shop, 'alipay.data.dataservice.bill.downloadurl.query', { billType, billDate: today });
  const members = unzip(await (await fetch(r.billDownloadUrl)).arrayBuffer());
  const names = Object.keys(members);
  const lines = members[names.find((n) => !n.includes('汇总'))].split('\r\n');
  return { names, lines };
};
await step('bill', async () => {
  const { names, lines } = await bill('trade');
  return { names, paid: lines.find((l) => l.includes('node-v1') && l.includes(',交易\t')), back: lines.find((l) => l.includes('node-rv1')), total: lines.find((l) => l.startsWith('#交易合计')) };
});
await step('account bill', async () => {
  const { names, lines } = await bill('signcustomer');
  return { names, paid: lines.find((l) => l.includes('node-v1')), total: lines.find((l) => l.startsWith('#收入合计')) };
});
