// Drives the sandbox with a second SDK, which knows one address only: its HTTP service is replaced by one that goes to the sandbox and checks the signature of every success with
// the SDK's own verifySign. Reads its configuration from standard input and writes what happened, step by step.
'use strict';

const WxPay = require('wechatpay-node-v3');
const config = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const seen = {};
const host = 'https://api.mch.weixin.qq.com';

const pay = new WxPay({ appid: config.appid, mchid: config.mchid, serial_no: config.serial, publicKey: Buffer.from(config.merchant_public_key), privateKey: Buffer.from(config.private_key), key: config.apiv3_key });

async function send(method, url, headers, params) {
  const answer = await fetch(url.replace(host, config.base_url), { method, headers: { ...headers, 'Accept-Encoding': 'identity' }, body: params && JSON.stringify(params) });
  const raw = Buffer.from(await answer.arrayBuffer());
  const signed = answer.headers.get('wechatpay-signature');
  let verified = false;
  if (answer.ok && signed && !url.endsWith('/v3/certificates')) {
    verified = await pay.verifySign({
      timestamp: answer.headers.get('wechatpay-timestamp'), nonce: answer.headers.get('wechatpay-nonce'), serial: answer.headers.get('wechatpay-serial'), signature: signed,
      body: raw.toString('utf8'), apiSecret: config.apiv3_key,
    });
  }
  const json = (answer.headers.get('content-type') || '').startsWith('application/json');
  return { status: answer.status, verified, data: json ? JSON.parse(raw.toString('utf8')) : raw };
}

pay.createHttp({ get: (url, headers) => send('GET', url, headers), post: (url, params, headers) => send('POST', url, headers, params) });

async function step(name, call) {
  const { status, verified, data } = await call();
  seen[name] = { status, verified, data };
}

const order = (no) => ({ description: '乌龙茶', out_trade_no: no, notify_url: config.notify_url, amount: { total: 6800, currency: 'CNY' }, settle_info: { profit_sharing: true } });
const press = (path, body) => fetch(config.control_url + path, { method: 'POST', body: JSON.stringify(body || {}) });

(async () => {
  await step('app', () => pay.transactions_app(order('second_app_1')));
  const opened = await press('/app', { params: seen.app.data });
  seen.app_opens = { status: opened.status, data: await opened.json() };
  await press('/orders/second_app_1/approve');
  await step('query', () => pay.query({ out_trade_no: 'second_app_1' }));
  const transaction_id = seen.query.data.transaction_id;
  await step('receiver', () => pay.profitsharing_receivers_add({
    type: 'MERCHANT_ID', account: '1900000119', name: pay.publicEncrypt('烧饼师傅合作社', config.platform_cert), relation_type: 'PARTNER', wx_serial_no: config.platform_serial,
  }));
  await step('share', () => pay.create_profitsharing_orders({
    transaction_id, out_order_no: 'second_share_1', unfreeze_unsplit: false, wx_serial_no: config.platform_serial,
    receivers: [{ type: 'MERCHANT_ID', account: '1900000119', amount: 100, description: '分给师傅' }],
  }));
  await step('share_query', () => pay.query_profitsharing_orders(transaction_id, 'second_share_1'));
  await step('refund', () => pay.refunds({ out_trade_no: 'second_app_1', out_refund_no: 'second_refund_1', amount: { refund: 100, total: 6800, currency: 'CNY' } }));
  await press('/clock', { advance_ms: 36 * 3600e3 });
  await step('bill', () => pay.tradebill({ bill_date: seen.query.data.success_time.slice(0, 10), bill_type: 'ALL' }));
  await step('file', () => pay.downloadBill(seen.bill.data.download_url.replace(config.base_url, host)));
  seen.file = { status: seen.file.status, data: { sha1: require('crypto').createHash('sha1').update(seen.file.data).digest('hex'), text: seen.file.data.toString('utf8') } };
  process.stdout.write(JSON.stringify(seen));
})();
