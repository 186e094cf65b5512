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
  process.stdout.write(JSON.stringify(seen));
})();
