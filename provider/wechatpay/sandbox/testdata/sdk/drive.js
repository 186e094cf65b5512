// Drives the sandbox as a merchant would, with the SDK's own signing and signature checking. Reads its configuration as JSON from standard input and writes one
// JSON object of what happened, step by step, for the Go test to judge.
'use strict';

const { Wechatpay, Rsa, Formatter, Aes } = require('wechatpay-axios-plugin');

const config = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const seen = {};

function client(over) {
  const c = { ...config, ...over };
  return new Wechatpay({
    baseURL: c.base_url, mchid: c.mchid, serial: c.serial, privateKey: Rsa.from(c.private_key, Rsa.KEY_TYPE_PRIVATE),
    certs: Object.fromEntries(Object.entries(c.certs).map(([id, pem]) => [id, Rsa.from(pem, Rsa.KEY_TYPE_PUBLIC)])),
  });
}

async function step(name, call) {
  try {
    const { status, data } = await call();
    seen[name] = { status, data };
  } catch (e) {
    seen[name] = { status: e.response ? e.response.status : 0, code: e.code, data: e.response ? e.response.data : String(e) };
  }
}

function order(no) {
  return {
    appid: config.appid, mchid: config.mchid, description: '乌龙茶 <500g> & 茶杯', out_trade_no: no, notify_url: config.notify_url,
    amount: { total: 6800, currency: 'CNY' },
  };
}

const query = (wx, no, headers) => wx.v3.pay.transactions.outTradeNo._out_trade_no_.get({ params: { mchid: config.mchid }, out_trade_no: no, headers });
const refund = (wx, no) => wx.v3.refund.domestic.refunds.post({
  out_trade_no: no, out_refund_no: `${no}_r1`, reason: '不要了', notify_url: config.notify_url, amount: { refund: 800, total: 6800, currency: 'CNY' },
});

// openCertificates decrypts the platform certificates with the SDK and says whether each is the one that the SDK trusts.
function openCertificates() {
  if (seen.certificates.status !== 200) return;
  seen.certificates.opened = seen.certificates.data.data.map(({ serial_no, encrypt_certificate: { nonce, associated_data, ciphertext } }) => ({
    serial_no, same: Aes.AesGcm.decrypt(ciphertext, config.apiv3_key, nonce, associated_data) === config.certs[serial_no],
  }));
}

// openNotification verifies and decrypts what the sandbox sent to notify_url.
async function openNotification() {
  const { headers, body } = await (await fetch(config.inbox_url)).json();
  const serial = headers['Wechatpay-Serial'][0];
  const text = Formatter.response(headers['Wechatpay-Timestamp'][0], headers['Wechatpay-Nonce'][0], body);
  const { event_type, resource: { nonce, associated_data, ciphertext } } = JSON.parse(body);
  seen.notification = {
    verified: Rsa.verify(text, headers['Wechatpay-Signature'][0], Rsa.from(config.certs[serial], Rsa.KEY_TYPE_PUBLIC)), event_type,
    data: JSON.parse(Aes.AesGcm.decrypt(ciphertext, config.apiv3_key, nonce, associated_data)),
  };
}

async function shown(password) {
  const r = await fetch(`${config.control_url}/codes`, { method: 'POST', body: JSON.stringify({ password }) });
  return (await r.json()).code;
}

// counter scans codes and reverses.
async function counter(wx) {
  const code = await shown(false);
  const scan = (no, auth_code) => wx.v3.pay.transactions.codepay.post({
    appid: config.appid, mchid: config.mchid, description: '乌龙茶', out_trade_no: no, amount: { total: 6800, currency: 'CNY' }, payer: { auth_code },
    scene_info: { device_ip: '127.0.0.1', store_info: { out_id: 'A1' } },
  });
  await step('codepay', () => scan('node_code_1', code));
  const waits = await shown(true);
  await step('codepay_password', () => scan('node_code_2', waits));
  await step('code_waits', () => query(wx, 'node_code_2'));
  await step('reverse', () => wx.v3.pay.transactions.outTradeNo._out_trade_no_.reverse.post({ appid: config.appid, mchid: config.mchid }, { out_trade_no: 'node_code_2' }));
  await step('reversed', () => query(wx, 'node_code_2'));
  await step('used_code', () => scan('node_code_3', code));
}

// partner orders for a sub-merchant.
async function partner(wx) {
  const parties = { sp_appid: config.appid, sp_mchid: config.mchid, sub_mchid: config.sub_mchid };
  const place = (who, no) => wx.v3.pay.partner.transactions.native.post({
    ...who, description: '烧饼', out_trade_no: no, notify_url: config.notify_url, amount: { total: 100, currency: 'CNY' },
  });
  await step('partner_native', () => place(parties, 'node_partner_1'));
  await fetch(`${config.control_url}/orders/node_partner_1/approve`, { method: 'POST' });
  await step('partner_paid', () => wx.v3.pay.partner.transactions.outTradeNo._out_trade_no_.get({
    params: { sp_mchid: config.mchid, sub_mchid: config.sub_mchid }, out_trade_no: 'node_partner_1',
  }));
  await step('partner_stranger', () => place({ ...parties, sub_mchid: '1900000999' }, 'node_partner_2'));
}

// v2 speaks the older protocol; the SDK checks the signature of what comes back.
async function v2() {
  const old = (secret) => new Wechatpay({
    baseURL: config.base_url, mchid: config.mchid, serial: config.serial, privateKey: Rsa.from(config.private_key, Rsa.KEY_TYPE_PRIVATE), certs: { any: config.stranger_public_key },
    secret, merchant: {},
  }).v2;
  const who = { appid: config.appid, mch_id: config.mchid, nonce_str: Formatter.nonce(32) };
  const scan = async (wx, no, password) => wx.pay.micropay.post({
    ...who, body: '乌龙茶', out_trade_no: no, total_fee: 6800, fee_type: 'CNY', spbill_create_ip: '127.0.0.1', auth_code: await shown(password),
  });
  const wx = old(config.v2_key);
  await step('v2_micropay', () => scan(wx, 'node_v2_1', false));
  await step('v2_micropay_password', () => scan(wx, 'node_v2_2', true));
  await step('v2_query', () => wx.pay.orderquery.post({ ...who, out_trade_no: 'node_v2_1' }));
  await step('v2_reverse', () => wx.secapi.pay.reverse.post({ ...who, out_trade_no: 'node_v2_2' }));
  await step('v2_refund', () => wx.secapi.pay.refund.post({ ...who, out_trade_no: 'node_v2_1', out_refund_no: 'node_v2_1_r1', total_fee: 6800, refund_fee: 100 }));
  await step('v2_wrong_key', () => old('a key that WeChat does not have 00').pay.orderquery.post({ ...who, out_trade_no: 'node_v2_1' }));
}

// bill downloads the day's trades, a day and a half later, and hashes what the file unpacks to.
async function bill(wx) {
  const day = seen.codepay.data.success_time.slice(0, 10);
  await fetch(`${config.control_url}/clock`, { method: 'POST', body: JSON.stringify({ advance_ms: 36 * 3600e3 }) });
  await step('bill', () => wx.v3.bill.tradebill.get({ params: { bill_date: day, bill_type: 'ALL', tar_type: 'GZIP' } }));
  await step('no_bill', () => wx.v3.bill.tradebill.get({ params: { bill_date: new Date(Date.now() - 20 * 86400e3).toISOString().slice(0, 10) } }));
  const token = new URL(seen.bill.data.download_url).searchParams.get('token');
  await step('file', () => wx.v3.billdownload.file.get({ params: { token }, responseType: 'arraybuffer' }));
  const text = require('zlib').gunzipSync(seen.file.data);
  seen.file = { status: seen.file.status, sha1: require('crypto').createHash('sha1').update(text).digest('hex'), text: text.toString('utf8') };
}

(async () => {
  const wx = client();
  const publicKey = { 'Wechatpay-Serial': config.public_key_id };
  await step('certificates', () => wx.v3.certificates.get());
  openCertificates();
  await step('native', () => wx.v3.pay.transactions.native.post(order('node_order_1')));
  await step('jsapi', () => wx.v3.pay.transactions.jsapi.post({ ...order('node_order_2'), payer: { openid: config.openid } }));
  await step('h5', () => wx.v3.pay.transactions.h5.post({
    ...order('node_order_3'), scene_info: { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } },
  }));
  await step('unpaid', () => query(wx, 'node_order_1'));
  await fetch(`${config.control_url}/orders/node_order_1/approve`, { method: 'POST' });
  await step('paid', () => query(wx, 'node_order_1'));
  await step('paid_public_key', () => query(wx, 'node_order_1', publicKey));
  await step('by_id', () => wx.v3.pay.transactions.id._transaction_id_.get({
    params: { mchid: config.mchid }, transaction_id: seen.paid.data.transaction_id,
  }));
  await openNotification();
  await step('refund', () => refund(wx, 'node_order_1'));
  await step('refund_again', () => refund(wx, 'node_order_1'));
  await step('refund_query', () => wx.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: 'node_order_1_r1' }));
  await step('close', () => wx.v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ mchid: config.mchid }, { out_trade_no: 'node_order_2' }));
  await step('closed', () => query(wx, 'node_order_2'));
  await step('close_paid', () => wx.v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ mchid: config.mchid }, { out_trade_no: 'node_order_1' }));
  await step('unknown', () => query(wx, 'node_order_9'));
  await step('wrong_merchant_key', () => query(client({ private_key: config.stranger_key }), 'node_order_1'));
  await step('wrong_platform_key', () => query(client({ certs: Object.fromEntries(Object.keys(config.certs).map((id) => [id, config.stranger_public_key])) }), 'node_order_1'));
  await step('unknown_platform_serial', () => query(client({ certs: { [config.public_key_id]: config.certs[config.public_key_id] } }), 'node_order_1'));
  await counter(wx);
  await partner(wx);
  await v2();
  await bill(wx);
  process.stdout.write(JSON.stringify(seen));
})();
